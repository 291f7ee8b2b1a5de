/* early_stopping - ends the training when the monitored value has not become better for `patience` epochs.
 * Prechelt, "Early stopping - but when?", 1998; the rules are those of Keras 3 (keras/src/callbacks/early_stopping.py): better means v < best - min_delta (or
 * > best + min_delta); never in the first epoch; the baseline only gates the reset of the wait; the best weights are
 * restored even where it never fired. */
#include <math.h>

#include "dnn/train/callback.h"

typedef struct early_stopping {
    char *monitor;
    double min_delta;
    int64_t patience, start_from_epoch;
    int mode;
    double baseline;  /* NaN: none */
    bool restore_best_weights;
} early_stopping;

typedef struct memory {
    size_t index;
    bool maximizes, any_best, kept;
    double best;
    int64_t wait;
} memory;

static const dnn_param params[] = {
    DNN_STRING(early_stopping, monitor, "val_loss", "value watched, a column of history.csv"),
    DNN_REAL(early_stopping, min_delta, "0", ">= 0", "smallest change that counts as better"),
    DNN_INT(early_stopping, patience, "0", ">= 0", "epochs without improvement until the training ends"),
    DNN_CHOICE(early_stopping, mode, "auto", "auto|min|max", "whether smaller or larger is better; auto: by the value's name"),
    DNN_REAL(early_stopping, baseline, "null", NULL, "value that must be beaten for the wait to begin anew"),
    DNN_BOOL(early_stopping, restore_best_weights, "false", "end with the weights of the best epoch"),
    DNN_INT(early_stopping, start_from_epoch, "0", ">= 0", "epochs at the start that are not looked at"),
};

static dnn_status begin(const dnn_component *component, const char *const *names, size_t count, void *state)
{
    const early_stopping *p = component->params;
    memory *m = state;
    m->maximizes = dnn_callback_maximizes(p->monitor, p->mode);
    return dnn_callback_monitor(component, p->monitor, names, count, &m->index);
}

static bool better(const early_stopping *p, const memory *m, double value, double than)
{
    return m->maximizes ? value - p->min_delta > than : value + p->min_delta < than;
}

static void epoch_end(const void *params_, void *state, const dnn_report *report, dnn_wish *wish)
{
    const early_stopping *p = params_;
    memory *m = state;
    const double value = report->values[m->index];
    if ((int64_t)report->epoch - 1 < p->start_from_epoch) return;
    if (p->restore_best_weights && !m->kept) wish->keep = m->kept = true;
    m->wait++;
    /* a value that is not finite is never the best one */
    if (isfinite(value) && (!m->any_best || better(p, m, value, m->best))) {
        m->any_best = true;
        m->best = value;
        wish->keep = p->restore_best_weights;
        if (isnan(p->baseline) || better(p, m, value, p->baseline)) m->wait = 0;
        return;
    }
    if (m->wait >= p->patience && report->epoch > 1) wish->stop = true;
}

static void train_end(const void *params_, void *state, const dnn_report *report, dnn_wish *wish)
{
    (void)report;
    const memory *m = state;
    wish->restore = ((const early_stopping *)params_)->restore_best_weights && m->kept;
}

static dnn_node *save(const void *state)
{
    const memory *m = state;
    dnn_node *map = dnn_node_map();
    dnn_status st = map ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_node_set(map, "wait", dnn_node_int(m->wait));
    if (st == DNN_OK) st = dnn_node_set(map, "kept", dnn_node_bool(m->kept));
    if (st == DNN_OK && m->any_best) st = dnn_node_set(map, "best", dnn_node_real(m->best));
    if (st == DNN_OK) return map;
    dnn_node_destroy(map);
    return NULL;
}

static dnn_status load(const dnn_node *saved, void *state)
{
    memory *m = state;
    const dnn_node *best = dnn_node_find(saved, "best"), *wait = dnn_node_find(saved, "wait"), *kept = dnn_node_find(saved, "kept");
    if (!wait || !kept) return dnn_fail(DNN_E_MODEL, "the checkpoint's state of early_stopping has no wait or kept");
    m->wait = wait->integer;
    m->kept = kept->boolean;
    m->any_best = best != NULL;
    if (best) m->best = best->real;
    return DNN_OK;
}

const dnn_callback_kind dnn_callback_early_stopping = {
    .kind = { .name = "early_stopping", .help = "ends the training when a value stops getting better (Prechelt 1998)",
              .params_size = sizeof(early_stopping), DNN_PARAMS(params), .keras = "EarlyStopping" },
    .state_size = sizeof(memory), .begin = begin, .epoch_end = epoch_end, .train_end = train_end, .save = save, .load = load,
};
