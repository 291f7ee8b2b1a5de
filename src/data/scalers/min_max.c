/* low + (x - min) * (high - low) / (max - min), as scikit-learn's MinMaxScaler. */
#include "data/scaler.h"

typedef struct min_max {
    dnn_numbers range;
} min_max;

static const dnn_param params[] = {
    DNN_NUMBERS(min_max, range, "[0, 1]", NULL, "where the smallest and the largest training value go"),
};

static dnn_status fit(const void *parameters, const dnn_feature *feature, double *shift, double *factor)
{
    const dnn_numbers *range = &((const min_max *)parameters)->range;
    if (range->count != 2 || !(range->at[0] < range->at[1]))
        return dnn_fail(DNN_E_CONFIG, "data.scale: min_max.range: must be two numbers, the smaller first");
    const double low = range->at[0], width = range->at[1] - range->at[0], spread = feature->max - feature->min;
    *factor = spread > 0.0 ? width / spread : 1.0;
    *shift = feature->min - low / *factor;
    return DNN_OK;
}

const dnn_scaler_kind dnn_scaler_min_max = {
    .kind =
        {.name = "min_max",
         .help =
             "linear, from smallest and largest training value to `range`; a constant feature goes to the lower end",
         .params_size = sizeof(min_max),
         DNN_PARAMS(params)},
    .fitted = true,
    .fit = fit,
};
