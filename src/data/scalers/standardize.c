/* z = (x - mean) / sd, with the sd over n (not n - 1), as scikit-learn's StandardScaler. */
#include "data/scaler.h"

static dnn_status fit(const void *params, const dnn_feature *feature, double *shift, double *factor)
{
    (void)params;
    /* The rounded mean of equal values need not equal them: its sd is then tiny instead of 0 and would blow up the
     * rest. */
    const bool constant = feature->min == feature->max || feature->sd == 0.0;
    *shift = feature->min == feature->max ? feature->min : feature->mean;
    *factor = constant ? 1.0 : 1.0 / feature->sd;
    return DNN_OK;
}

const dnn_scaler_kind dnn_scaler_standardize = {
    .kind = {.name = "standardize", .help = "(x - mean) / sd, sd over n; a constant feature becomes 0"},
    .fitted = true,
    .fit = fit,
};
