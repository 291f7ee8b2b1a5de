/* A model file put to use: its network on data, forward only. Shared by `evaluate` and `predict`. Private to `train`. */
#ifndef DNN_TRAIN_APPLY_H
#define DNN_TRAIN_APPLY_H

#include "dnn/train/train.h"
#include "train/setup/setup.h"

typedef struct application {
    dnn_comm *comm;
    dnn_team *team;
    shared_model model;
    dnn_config config;
    dnn_dataset *dataset;
    dnn_graph *graph;
    dnn_objective *objective;  /* NULL: outputs only */
    runner run;
    dnn_part part;
    void **states; size_t n_states;  /* of the callbacks, as the hooks leave them */
} application;

/* Opens the file, its data section with the overrides on top, and binds the weights. Collective. */
/* A hook of the callbacks that the run file named, by its place in dnn_callback_kind; values of a part, or none. Collective. */
dnn_status application_tell(application *a, size_t hook, const char *const *names, const double *values, size_t count);
dnn_status application_open(dnn_comm *comm, const dnn_apply_request *request, bool evaluates, application *out);
void application_close(application *a);

#endif
