#include "train/loop/values.h"

#include <string.h>

#include "train/step/runner.h"

size_t values_count(const dnn_objective *objective, const dnn_graph *graph)
{
    return dnn_objective_values(objective) + has_penalties(graph);
}

const char *values_name(const dnn_objective *objective, const dnn_graph *graph, size_t i)
{
    if (!has_penalties(graph) || i == 0) return dnn_objective_name(objective, i);
    return i == 1 ? "data_loss" : dnn_objective_name(objective, i - 1);
}

void values_of(const dnn_objective *objective, const dnn_graph *graph, const double *record, double penalty, double *out)
{
    const bool penalized = has_penalties(graph);
    dnn_objective_results(objective, record, out + penalized);
    if (penalized) out[0] = out[1] + penalty + dnn_objective_penalty(objective, record);
}
