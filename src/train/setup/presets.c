/* `preset`: what the field does where nobody says otherwise (Géron, "Hands-On Machine Learning", 2nd edition, chapter 11, tables 11-3 and 11-4), put into
 * the tree of a run file before anything reads it. Whatever the run file says itself stays; afterwards nothing tells that there was a preset. */
#include "train/setup/presets.h"

#include <string.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/train/callback.h"

static const dnn_param default_params[] = {
    DNN_REAL(preset, max_rate, "0.02", "> 0", "highest learning rate of the cycle"),
    DNN_INT(preset, deep, "5", ">= 0", "hidden dense and convolution layers from which on a network is deep: it gets batch normalization between them; 0: never"),
    DNN_INT(preset, patience, "10", ">= 0", "epochs without a better val_loss until the training is stopped"),
};

static const dnn_param self_normalizing_params[] = {
    DNN_REAL(preset, alpha_dropout, "null", "[0, 1)", "rate of alpha dropout behind each hidden layer; none where it is not asked for"),
    DNN_REAL(preset, max_rate, "0.01", "> 0", "highest learning rate of the cycle"),
    DNN_INT(preset, patience, "10", ">= 0", "epochs without a better val_loss until the training is stopped"),
};

static const preset_kind default_kind = {
    .kind = { .name = "default", .help = "he_normal, elu, batch normalization if deep, early stopping, momentum, one_cycle (Géron, table 11-3)",
              .params_size = sizeof(preset), DNN_PARAMS(default_params) },
    .activation = "elu", .initializer = "he_normal",
};
static const preset_kind self_normalizing_kind = {
    .kind = { .name = "self_normalizing", .help = "lecun_normal, selu, no normalization, early stopping, momentum, one_cycle (Géron, table 11-4)",
              .params_size = sizeof(preset), DNN_PARAMS(self_normalizing_params) },
    .activation = "selu", .initializer = "lecun_normal",
};

static const dnn_kind *const kinds[] = { &default_kind.kind, &self_normalizing_kind.kind };
dnn_family dnn_presets = { .name = "preset", .kinds = kinds, .count = sizeof kinds / sizeof *kinds };

static bool moves_rate(const dnn_node *callback)
{
    const char *name = callback->type == DNN_NODE_STRING ? callback->text : callback->type == DNN_NODE_MAP && callback->count == 1 ? callback->items[0]->key : "";
    const dnn_kind *kind = dnn_family_find(&dnn_callbacks, name);
    return kind && ((const dnn_callback_kind *)kind)->moves_learning_rate;
}

static bool names_callback(const dnn_node *callback, const char *name)
{
    return (callback->type == DNN_NODE_STRING && strcmp(callback->text, name) == 0) ||
           (callback->type == DNN_NODE_MAP && callback->count == 1 && strcmp(callback->items[0]->key, name) == 0);
}

/* sgd with momentum and one cycle, unless another optimizer is written; of an sgd that is written what it leaves out. */
static dnn_status set_optimizer(const preset_work *w, dnn_node *training, bool rate_is_taken)
{
    dnn_node *written = dnn_node_find(training, "optimizer");
    const bool bare = written && written->type == DNN_NODE_STRING && strcmp(written->text, "sgd") == 0;
    dnn_node *sgd = written && !bare ? dnn_node_find(written, "sgd") : NULL;
    if (written && !bare && (!sgd || sgd->type != DNN_NODE_MAP)) return DNN_OK;
    dnn_node *params = sgd ? dnn_node_copy(sgd) : dnn_node_map(), *map = dnn_node_map(), *cycle = dnn_node_map(), *rate = dnn_node_map();
    dnn_status st = params && map && cycle && rate ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK && !dnn_node_find(params, "momentum")) st = dnn_node_set(params, "momentum", dnn_node_real(0.9));
    if (st == DNN_OK && !rate_is_taken && !dnn_node_find(params, "learning_rate")) {
        st = dnn_node_set(cycle, "max_rate", dnn_node_real(w->p->max_rate));
        if (st == DNN_OK) {
            st = dnn_node_set(rate, "one_cycle", cycle);
            cycle = NULL;
        }
        if (st == DNN_OK) {
            st = dnn_node_set(params, "learning_rate", rate);
            rate = NULL;
        }
    }
    if (st == DNN_OK) {
        st = dnn_node_set(map, "sgd", params);
        params = NULL;
    }
    if (st == DNN_OK) {
        st = dnn_node_set(training, "optimizer", map);
        map = NULL;
    }
    dnn_node_destroy(cycle);
    dnn_node_destroy(rate);
    dnn_node_destroy(params);
    dnn_node_destroy(map);
    return st;
}

static bool has_validation(const dnn_node *root)
{
    const dnn_node *split = dnn_node_at(root, "data.split"), *source = dnn_node_at(root, "data.source");
    const dnn_node *inside = source && source->type == DNN_NODE_MAP && source->count == 1 ? source->items[0] : NULL;
    return dnn_node_find(split, "validation") || dnn_node_find(split, "file") || dnn_node_find(inside, "validation_x");
}

static dnn_status add_early_stopping(const preset_work *w, dnn_node *list)
{
    dnn_node *item = dnn_node_map(), *params = dnn_node_map();
    dnn_status st = item && params ? dnn_node_set(params, "patience", dnn_node_int(w->p->patience)) : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_node_set(params, "restore_best_weights", dnn_node_bool(true));
    if (st == DNN_OK) st = dnn_node_set(item, "early_stopping", params);
    else dnn_node_destroy(params);
    if (st == DNN_OK) return dnn_node_append(list, item);
    dnn_node_destroy(item);
    return st;
}

/* `callbacks` as a list, whatever it was written as, with early stopping unless it is there. */
static dnn_status set_callbacks(const preset_work *w, const dnn_node *root, dnn_node *training, bool *rate_is_taken)
{
    const dnn_node *written = dnn_node_find(training, "callbacks");
    dnn_node *list = written && written->type == DNN_NODE_LIST ? dnn_node_copy(written) : dnn_node_list();
    dnn_status st = list ? DNN_OK : DNN_E_MEMORY;
    bool stops = false;
    if (st == DNN_OK && written && written->type != DNN_NODE_LIST && written->type != DNN_NODE_NULL) st = dnn_node_append(list, dnn_node_copy(written));
    for (size_t i = 0; st == DNN_OK && i < list->count; i++) {
        stops |= names_callback(list->items[i], "early_stopping");
        *rate_is_taken |= moves_rate(list->items[i]);
    }
    if (st == DNN_OK && !stops && !has_validation(root))
        dnn_advise("preset: early stopping needs a validation part: data.split.validation; the training goes on to its last epoch without");
    else if (st == DNN_OK && !stops) st = add_early_stopping(w, list);
    if (st == DNN_OK) return dnn_node_set(training, "callbacks", list);
    dnn_node_destroy(list);
    return st;
}

static dnn_status set_training(const preset_work *w, const dnn_node *root, dnn_node *training)
{
    bool rate_is_taken = false;
    dnn_status st = set_callbacks(w, root, training, &rate_is_taken);
    return st == DNN_OK ? set_optimizer(w, training, rate_is_taken) : st;
}

dnn_status presets_expand(dnn_node *root)
{
    const dnn_node *node = dnn_node_find(root, "preset");
    dnn_component chosen = { 0 };
    if (!node || node->type == DNN_NODE_NULL) return DNN_OK;
    dnn_status st = dnn_component_read(&dnn_presets, node, &chosen);
    if (st != DNN_OK) return st;
    preset_work w = { .kind = (const preset_kind *)chosen.kind, .p = chosen.params };
    dnn_node *model = dnn_node_find(root, "model"), *training = dnn_node_find(root, "training");
    if (model && model->type == DNN_NODE_MAP) st = preset_set_layers(&w, model);
    if (st == DNN_OK && training && training->type == DNN_NODE_MAP) st = set_training(&w, root, training);
    if (st == DNN_OK) dnn_node_remove(root, "preset");
    dnn_component_clear(&chosen);
    return st;
}
