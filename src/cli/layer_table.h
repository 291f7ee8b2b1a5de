/* The layers of a network as a table, and what it takes. Private to `cli`. */
#ifndef DNN_CLI_LAYER_TABLE_H
#define DNN_CLI_LAYER_TABLE_H

#include "dnn/nn/graph.h"

/* Name, type, output shape, parameters, connections; then totals. */
dnn_status layer_table_print(const dnn_graph *graph);
/* Bytes of a rank while training: `batch` rows of a step over `ranks`, `slots` moments per weight. */
void layer_table_memory(const dnn_graph *graph, size_t batch, size_t ranks, size_t slots);

#endif
