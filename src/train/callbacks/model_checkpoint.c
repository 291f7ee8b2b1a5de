/* model_checkpoint - writes the model after an epoch, by default only when the monitored value is the best so far (the first on
 * ties). The value watched may be another than the one that stops the training. */
#include <math.h>

#include "train/callbacks/monitored.h"

typedef struct model_checkpoint {
    char *file, *monitor;
    bool save_best_only, save_weights_only;
    int mode;
    double initial_value_threshold;
} model_checkpoint;

static const dnn_param params[] = {
    DNN_STRING(model_checkpoint, file, "best.h5", "name of the file in the output folder"),
    DNN_STRING(model_checkpoint, monitor, "val_loss", "value watched, a column of history.csv"),
    DNN_BOOL(model_checkpoint, save_best_only, "true", "write only when the value is better than ever before"),
    DNN_BOOL(model_checkpoint, save_weights_only, "false", "leave out the optimizer: enough to predict and to start from, not to go on"),
    DNN_CHOICE(model_checkpoint, mode, "auto", "auto|min|max", "whether smaller or larger is better; auto: by the value's name"),
    DNN_REAL(model_checkpoint, initial_value_threshold, "null", NULL, "value that must be beaten for the first file"),
};

static dnn_status begin(const dnn_component *component, const char *const *names, size_t count, void *state)
{
    const model_checkpoint *p = component->params;
    monitored *m = state;
    m->any_best = !isnan(p->initial_value_threshold);
    m->best = p->initial_value_threshold;
    return monitored_begin(component, p->monitor, p->mode, names, count, m);
}

static void epoch_end(const void *params_, void *state, const dnn_report *report, dnn_wish *wish)
{
    const model_checkpoint *p = params_;
    monitored *m = state;
    if (monitored_take(m, report->values[m->index], 0.0) || !p->save_best_only) wish->save_as = p->file;
    wish->weights_only = p->save_weights_only;
}

static dnn_node *save(const void *state)
{
    dnn_node *map = dnn_node_map();
    if (!map || monitored_save(state, map) == DNN_OK) return map;
    dnn_node_destroy(map);
    return NULL;
}

static dnn_status load(const dnn_node *saved, void *state)
{
    monitored_load(saved, state);
    return DNN_OK;
}

static const char *keeps_file(const void *params_) { return ((const model_checkpoint *)params_)->file; }

const dnn_callback_kind dnn_callback_model_checkpoint = {
    .kind = { .name = "model_checkpoint", .help = "writes the model after an epoch, the best so far by default",
              .params_size = sizeof(model_checkpoint), DNN_PARAMS(params), .keras = "ModelCheckpoint" },
    .state_size = sizeof(monitored), .begin = begin, .epoch_end = epoch_end, .save = save, .load = load,
    .keeps_file = keeps_file,
};
