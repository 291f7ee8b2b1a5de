/* What the files of the objective share. Private to nn.
 *
 * Record: [0] samples; [1 + o] weighted sum of the loss values of output o; then, where layers add to the loss, what
 * they add; then the states of the metrics. */
#ifndef DNN_NN_OBJECTIVE_PRIVATE_H
#define DNN_NN_OBJECTIVE_PRIVATE_H

#include "dnn/nn/objective.h"

typedef struct goal {
    dnn_component loss;      /* kind NULL: none for this output */
    double weight;           /* of this loss in the sum */
    dnn_reduction reduction;
    dnn_target target;
    size_t units, per_sample;/* last axis; loss values of one sample */
    size_t sums;             /* where its sums over the global batch begin; of another reduction than the usual first those of REDUCTION_SUMS */
} goal;

/* What another reduction than the usual asks of the global batch: its samples and their weights, and which of them have any. */
enum { REDUCTION_SAMPLES, REDUCTION_WEIGHTS, REDUCTION_WEIGHTED, REDUCTION_SUMS };

typedef struct measure {
    dnn_component metric;
    size_t output;
    bool weighted;
    size_t state;            /* where its state begins in the record */
} measure;

struct dnn_objective {
    const dnn_graph *graph;
    goal goals[DNN_MAX_IO];
    bool fused[DNN_MAX_IO];
    measure *measures;
    size_t n_measures;
    size_t penalty;          /* its place in the record; 0: no layer adds to the loss */
    size_t record;           /* doubles */
    size_t sums;             /* doubles that losses want summed over the global batch */
    dnn_strings names;       /* of the reported values, owned */
};

/* objective_values.c: names the values, in the order in which dnn_objective_results writes them. */
dnn_status objective_name(dnn_objective *objective);
/* Owned; NULL: out of memory. As in Keras, the second of a kind has _1 behind it. */
char *objective_metric_name(const dnn_objective *objective, const measure *m);

#endif
