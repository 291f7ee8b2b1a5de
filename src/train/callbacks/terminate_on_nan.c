/* terminate_on_nan - nothing to do: a loss that is not finite always ends the training, before its update. Here so that the callbacks of a
 * training in Keras can be named as they are. */
#include "dnn/train/callback.h"

const dnn_callback_kind dnn_callback_terminate_on_nan = {
    .kind = { .name = "terminate_on_nan", .help = "changes nothing: a loss that is not finite ends every training, with status 6 and before its update",
              .keras = "TerminateOnNaN" },
};
