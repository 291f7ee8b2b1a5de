/* The layers of a network as a table, and what it takes. Private to `cli`. */
#ifndef DNN_CLI_LAYER_TABLE_H
#define DNN_CLI_LAYER_TABLE_H

#include "dnn/train/memory.h"

/* Name, type, output shape, parameters, connections; then totals. */
dnn_status layer_table_print(const dnn_graph *graph);
/* What a training takes of a machine's memory; `ds` NULL: without its data. */
void layer_table_memory(const dnn_graph *graph, const dnn_dataset *ds, const dnn_memory_load *load);

#endif
