/** Scalers: affine maps (x - shift) * factor per feature, fitted on the training part. One file in scalers/ with one
 * descriptor, one line in scalers/kinds.def. Local. */
#ifndef DNN_DATA_SCALER_H
#define DNN_DATA_SCALER_H

#include "dnn/data/config.h"

/** One feature over the training part, in double. */
typedef struct dnn_feature {
    double mean, sd /**< over n */, min, max;
} dnn_feature;

typedef struct dnn_scaler_kind {
    dnn_kind kind;
    bool fitted; /**< looks at the data; false: `fit` gets NULL */
    /** A feature that is the same in all rows (min == max) must come out finite, and its other values elsewhere
     * harmless. */
    dnn_status (*fit)(const void *params, const dnn_feature *feature, double *shift,
                      double *factor); /**< NULL: leaves values alone */
} dnn_scaler_kind;

#endif
