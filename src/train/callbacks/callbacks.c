/* The family of callbacks and what they have in common. */
#include "dnn/train/callback.h"

#include <stdio.h>
#include <string.h>

#include "dnn/nn/metric.h"

#define X(name) extern const dnn_callback_kind dnn_callback_##name;
#include "train/callbacks/kinds.def"
#undef X

static const dnn_kind *const kinds[] = {
#define X(name) &dnn_callback_##name.kind,
#include "train/callbacks/kinds.def"
#undef X
};

dnn_family dnn_callbacks = { .name = "callback", .kinds = kinds, .count = sizeof kinds / sizeof *kinds };

dnn_status dnn_callback_monitor(const dnn_component *component, const char *monitor, const char *const *names, size_t count, size_t *index)
{
    char known[512] = "", at[256];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], monitor) == 0) {
            *index = i;
            return DNN_OK;
        }
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", names[i]);
    }
    return dnn_fail(DNN_E_CONFIG, "%s: %s.monitor = '%s': this run has %s", dnn_place_text(component->place, at, sizeof at),
                    component->kind->name, monitor, known);
}

/* The metric whose name ends `monitor`, behind val_ and the output's name: the longest, as mean_squared_error ends root_mean_squared_error too. */
static const dnn_kind *metric_of(const char *monitor)
{
    const size_t length = strlen(monitor);
    const dnn_kind *found = NULL;
    for (size_t i = 0; i < dnn_metrics.count; i++) {
        const dnn_kind *kind = dnn_metrics.kinds[i];
        const size_t tail = strlen(kind->name);
        if (tail > length || strcmp(monitor + length - tail, kind->name) != 0) continue;
        if (tail < length && monitor[length - tail - 1] != '_') continue;
        if (!found || tail > strlen(found->name)) found = kind;
    }
    return found;
}

bool dnn_callback_maximizes(const char *monitor, int mode)
{
    const dnn_kind *metric = metric_of(monitor);
    if (mode != 0) return mode == 2;
    return metric && dnn_metric_larger_is_better(metric);
}
