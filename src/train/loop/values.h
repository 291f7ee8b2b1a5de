/* What is reported of a record: the objective's values, and where weights are penalized the loss with the penalties in front and the data term
 * behind it as `data_loss`. */
#ifndef DNN_TRAIN_VALUES_H
#define DNN_TRAIN_VALUES_H

#include "dnn/nn/objective.h"

size_t values_count(const dnn_objective *objective, const dnn_graph *graph);
const char *values_name(const dnn_objective *objective, const dnn_graph *graph, size_t i);
/* `penalty`: mean over the samples of the record of the penalties at their time. */
void values_of(const dnn_objective *objective, const dnn_graph *graph, const double *record, double penalty, double *out);

#endif
