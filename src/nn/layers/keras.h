/* What several layers need to translate their Keras config. Private to the layers. */
#ifndef DNN_NN_LAYERS_KERAS_H
#define DNN_NN_LAYERS_KERAS_H

#include "dnn/base/param.h"

/* Removes keys that change no value computed here (seeds, layouts). */
void keras_drop(dnn_node *params, const char *const *keys, size_t count);
/* A key that Keras renamed: `from` becomes `to` unless `to` is there. */
dnn_status keras_rename(dnn_node *params, const char *from, const char *to);
/* Keras's layers have the key `activity_regularizer` where there is one alone. */
dnn_status keras_encode_activity(const void *params, dnn_node *config);
/* A list of one as the number that it is, a whole one as such: other readers of such files expect no list. */
dnn_status keras_encode_lone(const dnn_numbers *numbers, const char *key, dnn_node *config);
/* A shape with its batch axis, [null, 28, 28], as one without: in a new list; NULL when out of memory. */
dnn_node *keras_without_batch(const dnn_node *shape);

#endif
