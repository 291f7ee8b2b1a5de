#include "train/advice.h"

#include <string.h>

#include "dnn/base/log.h"

static bool is_kind(const dnn_layer *l, const char *name) { return l->component.kind && strcmp(l->component.kind->name, name) == 0; }

/* The field of a layer's parameters that a row describes; NULL where the layer has no such row. */
static const void *field(const dnn_layer *l, const char *key)
{
    if (!l->component.kind || !l->params) return NULL;
    const dnn_param *row = dnn_params_find(l->component.kind->params, l->component.kind->n_params, key);
    return row ? (const char *)l->params + row->offset : NULL;
}

static bool has_component(const dnn_layer *l, const char *key, const char *name)
{
    const dnn_component *c = field(l, key);
    return c && c->kind && strcmp(c->kind->name, name) == 0;
}

static bool has_bias(const dnn_layer *l)
{
    const bool *use_bias = field(l, "use_bias");
    return use_bias && *use_bias;
}

static bool is_written(const dnn_layer *l) { return !l->internal; }

static bool uses_selu(const dnn_graph *g)
{
    for (size_t i = 0; i < g->n_layers; i++)
        if (has_component(&g->layers[i], "activation", "selu")) return true;
    return false;
}

static const dnn_component *features_scaler(const dnn_config *c) { return &c->data.scale.features; }

static bool standardizes(const dnn_component *scaler) { return scaler->kind && strcmp(scaler->kind->name, "standardize") == 0; }

/* Klambauer et al., "Self-normalizing neural networks", 2017: the fixed point needs lecun_normal, standardized inputs and a plain
 * stack without other normalization or plain dropout. */
static void selu_rules(const dnn_config *config, const dnn_graph *g)
{
    if (!uses_selu(g)) return;
    for (size_t i = 0; i < g->n_layers; i++) {
        const dnn_layer *l = &g->layers[i];
        if (has_component(l, "activation", "selu") && !has_component(l, "kernel_initializer", "lecun_normal"))
            dnn_advise("layer '%s': selu keeps its normalization with kernel_initializer: lecun_normal only", l->name);
        if (is_kind(l, "dropout")) dnn_advise("layer '%s': plain dropout breaks selu's normalization; alpha_dropout keeps it", l->name);
        if (is_kind(l, "batch_normalization")) dnn_advise("layer '%s': selu normalizes by itself; batch_normalization beside it is of no use", l->name);
        if (l->n_inputs > 1) dnn_advise("layer '%s': selu's normalization holds for plain stacks, not for joined branches", l->name);
    }
    if (!standardizes(features_scaler(config))) dnn_advise("selu wants standardized inputs: data.scale.features: standardize");
}

static void bias_before_batch_norm(const dnn_graph *g)
{
    for (size_t i = 0; i + 1 < g->n_layers; i++) {
        const dnn_layer *l = &g->layers[i], *next = &g->layers[i + 1];
        if (is_written(l) && has_bias(l) && is_kind(next, "batch_normalization") && has_component(l, "activation", "linear"))
            dnn_advise("layer '%s': its bias has no effect in front of batch_normalization '%s': use_bias: false saves it", l->name, next->name);
    }
}

static bool names_loss(const dnn_node *loss, const char *name)
{
    if (!loss) return false;
    if (loss->type == DNN_NODE_STRING) return strcmp(loss->text, name) == 0;
    for (size_t i = 0; i < loss->count; i++)
        if ((loss->items[i]->key && strcmp(loss->items[i]->key, name) == 0) || names_loss(loss->items[i], name)) return true;
    return false;
}

static void loss_fits_output(const dnn_config *config, const dnn_graph *g)
{
    for (size_t o = 0; o < g->n_outputs; o++) {
        const dnn_layer *l = &g->layers[g->output_layer[o]];
        if (has_component(l, "activation", "softmax") && names_loss(config->training.loss, "binary_crossentropy"))
            dnn_advise("output '%s': softmax with binary_crossentropy counts every class as a question of its own; use categorical_crossentropy "
                       "or sparse_categorical_crossentropy, or sigmoid", g->outputs[o].name);
    }
}

static void unscaled_targets(const dnn_config *config, const dnn_dataset *ds)
{
    const bool regression = names_loss(config->training.loss, "mean_squared_error") || names_loss(config->training.loss, "mse") ||
                            names_loss(config->training.loss, "mean_absolute_error") || names_loss(config->training.loss, "mae") ||
                            names_loss(config->training.loss, "huber");
    const dnn_component *scaler = &config->data.scale.targets;
    if (regression && dnn_dataset_targets(ds) > 0 && !dnn_dataset_target(ds, 0)->labels &&
        (!scaler->kind || strcmp(scaler->kind->name, "none") == 0))
        dnn_advise("a regression on unscaled targets needs learning rates of its own: data.scale.targets: standardize");
}

static void stops_on_test_data(const dnn_config *config, const dnn_dataset *ds)
{
    if (dnn_dataset_rows(ds, DNN_VALIDATION) > 0) return;
    for (size_t i = 0; i < config->training.callbacks.count; i++)
        if (strcmp(config->training.callbacks.at[i].kind->name, "early_stopping") == 0)
            dnn_advise("early_stopping without a validation part: give data.split.validation");
}

void advise(const dnn_config *config, const dnn_dataset *ds, const dnn_graph *graph)
{
    selu_rules(config, graph);
    bias_before_batch_norm(graph);
    loss_fits_output(config, graph);
    unscaled_targets(config, ds);
    stops_on_test_data(config, ds);
}
