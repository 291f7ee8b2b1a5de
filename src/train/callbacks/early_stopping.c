/* early_stopping - ends the training by the course of a monitored value v, one of four triggers (Brownlee, "Better Deep Learning",
 * 2018, names them; the formulas are ours, p = max(patience, 1), d = |min_delta|):
 *   no_improvement   v was not better than the best by more than d for p epochs
 *   absolute_change  |v - the epoch's before| < d (or = 0) for p epochs in a row
 *   decrease         v worse than the epoch's before by more than d for p epochs in a row
 *   average_change   v became better by less than d (with d = 0: not at all) an epoch on average over the last p epochs
 * Prechelt, "Early stopping - but when?", 1998; the rules of no_improvement are those of Keras 3
 * (keras/src/callbacks/early_stopping.py): better means v < best - min_delta (or > best + min_delta); never in the first epoch;
 * the baseline only gates the reset of the wait. The best weights are restored even where it never fired. */
#include <math.h>
#include <string.h>

#include "train/callbacks/monitored.h"

typedef struct early_stopping {
    char *monitor;
    double min_delta;
    int64_t patience, start_from_epoch;
    int mode;
    double baseline;  /* NaN: none */
    bool restore_best_weights;
    int trigger;
} early_stopping;

enum { NO_IMPROVEMENT, ABSOLUTE_CHANGE, DECREASE, AVERAGE_CHANGE };
enum { MAX_RECENT = 256 };

typedef struct memory {
    monitored value;
    bool kept;
    int64_t wait;
    double recent[MAX_RECENT];  /* values of the last epochs, the oldest first; not used by no_improvement */
    size_t n_recent;
} memory;

static const dnn_param params[] = {
    DNN_STRING(early_stopping, monitor, "val_loss", "value watched, a column of history.csv"),
    DNN_REAL(early_stopping, min_delta, "0", NULL, "smallest change that counts as better; as in Keras its sign does not matter"),
    DNN_INT(early_stopping, patience, "0", ">= 0", "epochs without improvement until the training ends"),
    DNN_CHOICE(early_stopping, mode, "auto", "auto|min|max", "whether smaller or larger is better; auto: by the value's name"),
    DNN_REAL(early_stopping, baseline, "null", NULL, "value that must be beaten for the wait to begin anew"),
    DNN_BOOL(early_stopping, restore_best_weights, "false", "end with the weights of the best epoch"),
    DNN_INT(early_stopping, start_from_epoch, "0", ">= 0", "epochs at the start that are not looked at"),
    DNN_CHOICE(early_stopping, trigger, "no_improvement", "no_improvement|absolute_change|decrease|average_change",
               "over `patience` epochs: never better than the best; each changed by less than min_delta; each worse than the one before; "
               "better by less than min_delta on average"),
};

static dnn_status begin(const dnn_component *component, const char *const *names, size_t count, void *state)
{
    const early_stopping *p = component->params;
    memory *m = state;
    if (p->trigger != NO_IMPROVEMENT && !isnan(p->baseline))
        return dnn_place_fail(DNN_E_CONFIG, component->place, "early_stopping.baseline: belongs to trigger no_improvement alone");
    if (p->trigger == AVERAGE_CHANGE && p->patience > MAX_RECENT)
        return dnn_place_fail(DNN_E_CONFIG, component->place, "early_stopping.patience = %lld: an average goes over at most %d epochs",
                              (long long)p->patience, MAX_RECENT);
    return monitored_begin(component, p->monitor, p->mode, names, count, &m->value);
}

/* Whether this epoch is one more that speaks for ending; the average looks at its epochs at once. */
static bool counts(const early_stopping *p, const memory *m, double value)
{
    const double change = value - m->recent[m->n_recent - 1];
    if (p->trigger == ABSOLUTE_CHANGE) return fabs(change) < fabs(p->min_delta) || change == 0.0;
    return !(m->value.maximizes ? change >= -fabs(p->min_delta) : change <= fabs(p->min_delta));
}

static bool stands_still(const early_stopping *p, const memory *m, double value)
{
    const size_t span = p->patience > 1 ? (size_t)p->patience : 1;
    if (m->n_recent < span) return false;
    const double gain = (m->value.maximizes ? value - m->recent[0] : m->recent[0] - value) / (double)span;
    return !(gain >= fabs(p->min_delta)) || gain == 0.0;
}

static void remember(const early_stopping *p, memory *m, double value)
{
    const size_t span = p->trigger == AVERAGE_CHANGE && p->patience > 1 ? (size_t)p->patience : 1;
    if (m->n_recent == span) memmove(m->recent, m->recent + 1, --m->n_recent * sizeof *m->recent);
    m->recent[m->n_recent++] = value;
}

/* The other triggers compare with epochs before, not with the best. */
static bool fires_by_change(const early_stopping *p, memory *m, double value)
{
    bool fires = false;
    if (p->trigger == AVERAGE_CHANGE) {
        fires = stands_still(p, m, value);
    } else if (m->n_recent > 0) {
        m->wait = counts(p, m, value) ? m->wait + 1 : 0;
        fires = m->wait > 0 && m->wait >= p->patience;
    }
    remember(p, m, value);
    return fires;
}

static void epoch_end(const void *params_, void *state, const dnn_report *report, dnn_wish *wish)
{
    const early_stopping *p = params_;
    memory *m = state;
    const double value = report->values[m->value.index];
    if ((int64_t)report->epoch - 1 < p->start_from_epoch) return;
    if (p->restore_best_weights && !m->kept) wish->keep = m->kept = true;
    const bool best = monitored_take(&m->value, value, p->min_delta);
    if (best) wish->keep = p->restore_best_weights;
    if (p->trigger != NO_IMPROVEMENT) {
        wish->stop = fires_by_change(p, m, value);
        return;
    }
    m->wait++;
    if (best && (isnan(p->baseline) || monitored_better(&m->value, value, p->baseline, p->min_delta))) m->wait = 0;
    if (!best && m->wait >= p->patience && report->epoch > 1) wish->stop = true;
}

static void train_end(const void *params_, void *state, const dnn_report *report, dnn_wish *wish)
{
    (void)report;
    const memory *m = state;
    wish->restore = ((const early_stopping *)params_)->restore_best_weights && m->kept;
}

static dnn_node *list_of(const double *values, size_t n)
{
    dnn_node *list = dnn_node_list();
    for (size_t i = 0; list && i < n; i++) {
        if (dnn_node_append(list, dnn_node_real(values[i])) == DNN_OK) continue;
        dnn_node_destroy(list);
        return NULL;
    }
    return list;
}

static dnn_node *save(const void *state)
{
    const memory *m = state;
    dnn_node *map = dnn_node_map();
    dnn_status st = map ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_node_set(map, "wait", dnn_node_int(m->wait));
    if (st == DNN_OK) st = dnn_node_set(map, "kept", dnn_node_bool(m->kept));
    if (st == DNN_OK) st = monitored_save(&m->value, map);
    if (st == DNN_OK && m->n_recent) st = dnn_node_set(map, "recent", list_of(m->recent, m->n_recent));
    if (st == DNN_OK) return map;
    dnn_node_destroy(map);
    return NULL;
}

static dnn_status load(const dnn_node *saved, void *state)
{
    memory *m = state;
    const dnn_node *wait = dnn_node_find(saved, "wait"), *kept = dnn_node_find(saved, "kept");
    if (!wait || !kept) return dnn_fail(DNN_E_MODEL, "the checkpoint's state of early_stopping has no wait or kept");
    m->wait = wait->integer;
    m->kept = kept->boolean;
    monitored_load(saved, &m->value);
    const dnn_node *recent = dnn_node_find(saved, "recent");
    if (recent && recent->count > MAX_RECENT) return dnn_fail(DNN_E_MODEL, "the checkpoint's state of early_stopping has too many recent values");
    m->n_recent = recent ? recent->count : 0;
    for (size_t i = 0; i < m->n_recent; i++) m->recent[i] = recent->items[i]->real;
    return DNN_OK;
}

const dnn_callback_kind dnn_callback_early_stopping = {
    .kind = { .name = "early_stopping", .help = "ends the training when a value stops getting better (Prechelt 1998)",
              .params_size = sizeof(early_stopping), DNN_PARAMS(params), .keras = "EarlyStopping" },
    .by_phase = true, .state_size = sizeof(memory), .begin = begin, .epoch_end = epoch_end, .train_end = train_end, .save = save, .load = load,
};
