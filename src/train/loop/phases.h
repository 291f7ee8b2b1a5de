/* The phases of a training: stretches of epochs with their own optimizer and their own frozen layers. Without `training.phases` there is one. Private
 * to `train`. Local. */
#ifndef DNN_TRAIN_PHASES_H
#define DNN_TRAIN_PHASES_H

#include "dnn/nn/graph.h"
#include "dnn/train/config.h"

enum { PHASE_PARAMS = 5 };
extern const dnn_param phase_params[PHASE_PARAMS];

typedef struct phase {
    uint64_t epochs;
    dnn_component optimizer;
    bool *frozen;  /* [layers] */
} phase;

typedef struct phases { phase *at; size_t count; } phases;

/* The phases of `training` for a graph. `origin` is the start's (setup.h) or NULL: its layers are those that `reused` means. DNN_E_CONFIG
 * where a name is no layer's, or a phase has nothing to train. */
dnn_status phases_create(const dnn_training_config *training, const dnn_node *origin, const dnn_graph *graph, phases *out);
void phases_clear(phases *p);
/* Vectors beside the weights that the most demanding phase keeps. */
size_t phases_vectors(const phases *p);
/* Reads `training.phases` (NULL: nothing happens) and adds up `training.epochs`. */
dnn_status phases_count_epochs(dnn_training_config *training);
/* Freezes and frees the layers as the phase says. */
void phases_freeze(const phase *p, dnn_graph *graph);

#endif
