/* The value that a callback watches, and the best it has been: what early_stopping, reduce_lr_on_plateau and model_checkpoint have in common. Private to
 * `train/callbacks`. Local. */
#ifndef DNN_TRAIN_MONITORED_H
#define DNN_TRAIN_MONITORED_H

#include "dnn/train/callback.h"

typedef struct monitored {
    size_t index;               /* in a report's values */
    bool maximizes, any_best;
    double best;
} monitored;

/* `mode` as for dnn_callback_maximizes. DNN_E_CONFIG where `monitor` is none of the names. */
dnn_status monitored_begin(const dnn_component *component, const char *monitor, int mode, const char *const *names, size_t count, monitored *m);
/* Whether `value` is better than `than` by more than |min_delta|; as floats, as in Keras: 0.3 - 0.1 against 0.2 is a tie. */
bool monitored_better(const monitored *m, double value, double than, double min_delta);
/* Whether `value` is the best so far, which it then is; the first one is, one that is not finite never. */
bool monitored_take(monitored *m, double value, double min_delta);
/* `best` of a callback's saved state. */
dnn_status monitored_save(const monitored *m, dnn_node *map);
void monitored_load(const dnn_node *saved, monitored *m);

#endif
