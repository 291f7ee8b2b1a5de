/* The family of callbacks and what they have in common. */
#include "dnn/train/callback.h"

#include <stdio.h>
#include <string.h>

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

bool dnn_callback_maximizes(const char *monitor, int mode)
{
    static const char *const larger_is_better[] = { "accuracy", "acc", "auc", "precision", "recall", "f1_score", "r2_score", "cosine_similarity" };
    if (mode != 0) return mode == 2;
    const size_t length = strlen(monitor);
    for (size_t i = 0; i < sizeof larger_is_better / sizeof *larger_is_better; i++) {
        const size_t tail = strlen(larger_is_better[i]);
        if (length >= tail && strcmp(monitor + length - tail, larger_is_better[i]) == 0) return true;
    }
    return false;
}
