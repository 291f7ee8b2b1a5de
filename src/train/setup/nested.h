/* Model files as layers of a model (`{model: {file: M.h5}}` among `model.layers`). Private to `train`. */
#ifndef DNN_TRAIN_NESTED_H
#define DNN_TRAIN_NESTED_H

#include "train/setup/setup.h"

/* Puts the layers of the files in the places of the items that name them, as "name.layer", and `model.nested` into `*nested` (owned by the caller; NULL:
 * there are none): a map from those names to the files, which takes the place of the items where the run file is written out. Collective. */
dnn_status nested_expand(dnn_comm *comm, dnn_node *model, dnn_node **nested);
/* First weights of the layers "name.…" from their files. Collective. */
dnn_status nested_weights(dnn_team *team, const dnn_node *nested, const dnn_graph *graph, float *weights);

#endif
