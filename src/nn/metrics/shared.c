#include "nn/metrics/metrics.h"

bool metric_wants_values(const void *params, dnn_target target, size_t units)
{
    (void)params;
    return target == DNN_TARGET_VALUES || units == 1;
}

bool metric_wants_classes(const void *params, dnn_target target, size_t units)
{
    (void)params;
    return target == DNN_TARGET_CLASS || units == 1;
}
