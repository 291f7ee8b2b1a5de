/* z = (x - mean) / sd, with the sd over n (not n - 1), as scikit-learn's StandardScaler. */
#include "data/scaler.h"

static dnn_status fit(const void *params, const dnn_feature *feature, double *shift, double *factor)
{
    (void)params;
    /* Not asked of the sd: over very many rows the mean of equal values may be rounded, and the sd tiny instead of 0.
     */
    *shift = feature->mean;
    *factor = feature->min == feature->max ? 1.0 : 1.0 / feature->sd;
    return DNN_OK;
}

const dnn_scaler_kind dnn_scaler_standardize = {
    .kind = {.name = "standardize", .help = "(x - mean) / sd, sd over n; a constant feature becomes 0"},
    .fitted = true,
    .fit = fit,
};
