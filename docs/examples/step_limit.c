/* step_limit - a callback: ends the training after so many steps, and tells of everything it sees in a file of the output folder. */
#include <stdio.h>

#include "dnn/train/plugin.h"

typedef struct step_limit { size_t steps; } step_limit;
typedef struct counts { uint64_t steps_seen; } counts;

static const dnn_param params[] = {
    DNN_SIZE(step_limit, steps, NULL, ">= 1", "steps after which the training ends"),
};

/* Every rank calls the hooks and decides alike; one writes. */
static void tell(const char *what, const dnn_report *report, dnn_wish *wish)
{
    char path[4096];
    if (!report->writes) return;
    snprintf(path, sizeof path, "%s/events.txt", report->output);
    FILE *file = fopen(path, "a");
    if (file) fprintf(file, "%s\n", what);
    if (!file || fclose(file) != 0) wish->status = dnn_fail(DNN_E_IO, "%s: cannot be written", path);
}

#define TELL(hook) \
    static void hook(const void *p, void *state, const dnn_report *report, dnn_wish *wish) \
    { \
        (void)p, (void)state; \
        tell(#hook, report, wish); \
    }
TELL(train_begin)
TELL(epoch_begin)
TELL(step_begin)
TELL(test_begin)
TELL(test_end)
TELL(predict_begin)
TELL(predict_end)
TELL(epoch_end)
TELL(train_end)

static void step_end(const void *p, void *state, const dnn_report *report, dnn_wish *wish)
{
    counts *c = state;
    tell("step_end", report, wish);
    if (++c->steps_seen >= ((const step_limit *)p)->steps) wish->stop = true;
}

/* What the checkpoint keeps: a training that goes on counts on. */
static dnn_node *save(const void *state)
{
    dnn_node *map = dnn_node_map();
    if (map && dnn_node_set(map, "steps_seen", dnn_node_int((int64_t)((const counts *)state)->steps_seen)) == DNN_OK) return map;
    dnn_node_destroy(map);
    return NULL;
}

static dnn_status load(const dnn_node *saved, void *state)
{
    const dnn_node *seen = dnn_node_find(saved, "steps_seen");
    if (!seen || seen->type != DNN_NODE_INT) return dnn_fail(DNN_E_MODEL, "step_limit: steps_seen is missing");
    ((counts *)state)->steps_seen = (uint64_t)seen->integer;
    return DNN_OK;
}

static const dnn_callback_kind callback = {
    .kind = { .name = "step_limit", .help = "ends the training after so many steps", .params_size = sizeof(step_limit), DNN_PARAMS(params) },
    .state_size = sizeof(counts), .train_begin = train_begin, .epoch_begin = epoch_begin, .step_begin = step_begin, .step_end = step_end,
    .test_begin = test_begin, .test_end = test_end, .predict_begin = predict_begin, .predict_end = predict_end, .epoch_end = epoch_end,
    .train_end = train_end, .save = save, .load = load,
};

DNN_PLUGIN(.callbacks = DNN_KINDS(dnn_callback_kind, &callback))
