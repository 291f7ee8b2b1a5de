#include "data/scaler.h"

typedef struct divide {
    double by;
} divide;

static const dnn_param params[] = {
    DNN_REAL(divide, by, "255", "> 0", "what every value is divided by"),
};

static dnn_status fit(const void *parameters, const dnn_feature *feature, double *shift, double *factor)
{
    (void)feature;
    *shift = 0.0;
    *factor = 1.0 / ((const divide *)parameters)->by;
    return DNN_OK;
}

const dnn_scaler_kind dnn_scaler_divide = {
    .kind = {.name = "divide", .help = "x / by, e.g. pixels by 255", .params_size = sizeof(divide), DNN_PARAMS(params)},
    .fit = fit,
};
