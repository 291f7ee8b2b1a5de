/* Advice: rules that the field knows, each a function that looks at a configuration and says a line where it breaks the rule. They warn
 * and never refuse. */
#ifndef DNN_TRAIN_ADVICE_H
#define DNN_TRAIN_ADVICE_H

#include "dnn/train/config.h"
#include "dnn/data/dataset.h"
#include "dnn/nn/graph.h"

/* `workers` of this machine, and the cores that they may run on. */
void advise(const dnn_config *config, const dnn_dataset *ds, const dnn_graph *graph, int workers, int cores);

/* advice_parts.c: the rows of validation and test part against each other. */
void advise_parts(const dnn_dataset *ds, bool stops_early);

/* advice_rates.c: learning rates that grow with the batch. */
void advise_rates(const dnn_config *config, const dnn_dataset *ds);

#endif
