/* reduce_lr_on_plateau - multiplies the learning rate by `factor` when the monitored value has not become better for `patience` epochs.
 * The rules are those of Keras 3 (keras/src/callbacks/reduce_lr_on_plateau.py): better means v < best - min_delta (or > best + min_delta);
 * an epoch of the cooldown counts it down and sets the wait to 0 before anything else, and the wait only grows once it is over. */
#include "train/callbacks/monitored.h"

typedef struct reduce_lr_on_plateau {
    char *monitor;
    double factor;
    int64_t patience;
    int mode;
    double min_delta;
    int64_t cooldown;
    double min_lr;
} reduce_lr_on_plateau;

typedef struct memory {
    monitored value;
    int64_t wait, cooldown;
} memory;

static const dnn_param params[] = {
    DNN_STRING(reduce_lr_on_plateau, monitor, "val_loss", "value watched, a column of history.csv"),
    DNN_REAL(reduce_lr_on_plateau, factor, "0.1", "[0, 1)", "what the learning rate is multiplied by"),
    DNN_INT(reduce_lr_on_plateau, patience, "10", ">= 0", "epochs without improvement until it is"),
    DNN_CHOICE(reduce_lr_on_plateau, mode, "auto", "auto|min|max", "whether smaller or larger is better; auto: by the value's name"),
    DNN_REAL(reduce_lr_on_plateau, min_delta, "1e-4", NULL, "smallest change that counts as better; as in Keras its sign does not matter"),
    DNN_INT(reduce_lr_on_plateau, cooldown, "0", ">= 0", "epochs after a reduction in which no waiting is counted"),
    DNN_REAL(reduce_lr_on_plateau, min_lr, "0", ">= 0", "learning rate it does not go below"),
};

static dnn_status begin(const dnn_component *component, const char *const *names, size_t count, void *state)
{
    const reduce_lr_on_plateau *p = component->params;
    memory *m = state;
    return monitored_begin(component, p->monitor, p->mode, names, count, &m->value);
}

static void reduce(const reduce_lr_on_plateau *p, memory *m, double rate, dnn_wish *wish)
{
    /* as floats, as in Keras: a rate that was set to min_lr is not above it by a rounding of the product */
    if ((float)rate <= (float)p->min_lr) return;
    wish->scale = true;
    wish->learning_rate_factor = rate * p->factor > p->min_lr ? p->factor : p->min_lr / rate;
    m->cooldown = p->cooldown;
    m->wait = 0;
}

static void epoch_end(const void *params_, void *state, const dnn_report *report, dnn_wish *wish)
{
    const reduce_lr_on_plateau *p = params_;
    memory *m = state;
    if (m->cooldown > 0) {
        m->cooldown--;
        m->wait = 0;
    }
    if (monitored_take(&m->value, report->values[m->value.index], p->min_delta)) {
        m->wait = 0;
    } else if (m->cooldown == 0) {
        m->wait++;
        if (m->wait >= p->patience) reduce(p, m, report->learning_rate, wish);
    }
}

static dnn_node *save(const void *state)
{
    const memory *m = state;
    dnn_node *map = dnn_node_map();
    dnn_status st = map ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_node_set(map, "wait", dnn_node_int(m->wait));
    if (st == DNN_OK) st = dnn_node_set(map, "cooldown", dnn_node_int(m->cooldown));
    if (st == DNN_OK) st = monitored_save(&m->value, map);
    if (st == DNN_OK) return map;
    dnn_node_destroy(map);
    return NULL;
}

static dnn_status load(const dnn_node *saved, void *state)
{
    memory *m = state;
    const dnn_node *wait = dnn_node_find(saved, "wait"), *cooldown = dnn_node_find(saved, "cooldown");
    if (!wait || !cooldown) return dnn_fail(DNN_E_MODEL, "the checkpoint's state of reduce_lr_on_plateau has no wait or cooldown");
    m->wait = wait->integer;
    m->cooldown = cooldown->integer;
    monitored_load(saved, &m->value);
    return DNN_OK;
}

const dnn_callback_kind dnn_callback_reduce_lr_on_plateau = {
    .kind = { .name = "reduce_lr_on_plateau", .help = "lowers the learning rate when a value stops getting better; not together with a schedule",
              .params_size = sizeof(reduce_lr_on_plateau), DNN_PARAMS(params), .keras = "ReduceLROnPlateau" },
    .by_phase = true, .state_size = sizeof(memory), .begin = begin, .epoch_end = epoch_end, .save = save, .load = load, .moves_learning_rate = true,
};
