#include "train/setup/advice.h"

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

static bool has_any(const dnn_layer *l, const char *key)
{
    const dnn_component *c = field(l, key);
    return c && c->kind;
}

static bool uses_selu(const dnn_graph *g)
{
    for (size_t i = 0; i < g->n_layers; i++)
        if (has_component(&g->layers[i], "activation", "selu")) return true;
    return false;
}

static const dnn_component *features_scaler(const dnn_config *c) { return &c->data.scale.features; }

static bool standardizes(const dnn_component *scaler) { return scaler->kind && strcmp(scaler->kind->name, "standardize") == 0; }

/* A layer that standardizes what the data bring. */
static bool normalizes_first(const dnn_graph *g)
{
    for (size_t k = 0; k < g->n_ops; k++)
        if (is_kind(&g->layers[g->ops[k].layer], "normalization") || is_kind(&g->layers[g->ops[k].layer], "batch_normalization"))
            return k == 0 || (k == 1 && is_kind(&g->layers[g->ops[0].layer], "flatten"));
    return false;
}

/* Klambauer et al., "Self-normalizing neural networks", 2017: the fixed point needs lecun_normal, standardized inputs and a plain
 * stack without other normalization, plain dropout, penalties or bounds on the weights. */
static void selu_rules(const dnn_config *config, const dnn_graph *g)
{
    if (!uses_selu(g)) return;
    for (size_t i = 0; i < g->n_layers; i++) {
        const dnn_layer *l = &g->layers[i];
        if (has_component(l, "activation", "selu") && field(l, "kernel_initializer") && !has_component(l, "kernel_initializer", "lecun_normal"))
            dnn_advise("layer '%s': selu keeps its normalization with kernel_initializer: lecun_normal only", l->name);
        if (has_any(l, "kernel_regularizer")) dnn_advise("layer '%s': kernel_regularizer pulls the weights from selu's normalization; alpha_dropout regularizes and keeps it", l->name);
        if (has_any(l, "kernel_constraint")) dnn_advise("layer '%s': kernel_constraint moves the weights from selu's normalization", l->name);
        if (is_kind(l, "dropout")) dnn_advise("layer '%s': plain dropout breaks selu's normalization; alpha_dropout keeps it", l->name);
        if (is_kind(l, "batch_normalization") && i > 0) dnn_advise("layer '%s': selu normalizes by itself; batch_normalization beside it is of no use", l->name);
        if (l->n_inputs > 1) dnn_advise("layer '%s': selu's normalization holds for plain stacks, not for joined branches", l->name);
    }
    if (!standardizes(features_scaler(config)) && !normalizes_first(g)) dnn_advise("selu wants standardized inputs: data.scale.features: standardize");
}

/* Batch norm takes the mean away, and with it the bias that every value of a unit has; what it reads decides, not what stands above it. */
static void bias_before_batch_norm(const dnn_graph *g)
{
    for (size_t k = 0; k < g->n_ops; k++) {
        const dnn_layer *norm = &g->layers[g->ops[k].layer];
        if (!is_kind(norm, "batch_normalization") || g->ops[k].in[0] < g->n_inputs) continue;
        const dnn_layer *l = &g->layers[g->ops[g->ops[k].in[0] - g->n_inputs].layer];
        if (has_bias(l) && has_component(l, "activation", "linear"))
            dnn_advise("layer '%s': its bias has no effect in front of batch_normalization '%s': use_bias: false saves it", l->name, norm->name);
    }
}

/* That of an output, where `training.loss` is a map from outputs to losses. */
static const dnn_node *loss_of(const dnn_config *config, const dnn_graph *g, size_t output)
{
    const dnn_node *loss = config->training.loss, *own = dnn_node_find(loss, g->outputs[output].name);
    return own ? own : g->n_outputs == 1 || (loss && loss->type == DNN_NODE_STRING) ? loss : NULL;
}

static bool is_loss(const dnn_node *loss, const char *name)
{
    if (!loss) return false;
    if (loss->type == DNN_NODE_STRING) return strcmp(loss->text, name) == 0;
    return loss->type == DNN_NODE_MAP && loss->count == 1 && strcmp(loss->items[0]->key, name) == 0;
}

static void loss_fits_output(const dnn_config *config, const dnn_graph *g)
{
    for (size_t o = 0; o < g->n_outputs; o++) {
        const dnn_layer *l = &g->layers[g->output_layer[o]];
        const bool softmax = has_component(l, "activation", "softmax") || is_kind(l, "softmax");
        if (softmax && is_loss(loss_of(config, g, o), "binary_crossentropy"))
            dnn_advise("output '%s': softmax with binary_crossentropy counts every class as a question of its own; use categorical_crossentropy "
                       "or sparse_categorical_crossentropy, or sigmoid", g->outputs[o].name);
    }
}

static bool regresses(const dnn_config *config, const dnn_graph *g)
{
    static const char *const losses[] = { "mean_squared_error", "mse", "mean_absolute_error", "mae", "huber", "log_cosh" };
    for (size_t o = 0; o < g->n_outputs; o++)
        for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
            if (is_loss(loss_of(config, g, o), losses[i])) return true;
    return false;
}

/* An autoencoder's targets are its inputs, scaled as they are. */
static void unscaled_targets(const dnn_config *config, const dnn_dataset *ds, const dnn_graph *g)
{
    const dnn_component *scaler = &config->data.scale.targets;
    if (config->data.targets != 0 || dnn_dataset_targets(ds) == 0 || dnn_dataset_target(ds, 0)->labels) return;
    if (regresses(config, g) && (!scaler->kind || strcmp(scaler->kind->name, "none") == 0))
        dnn_advise("a regression on unscaled targets needs learning rates of its own: data.scale.targets: standardize");
}

static bool stops_early(const dnn_config *config)
{
    for (size_t i = 0; i < config->training.callbacks.count; i++)
        if (strcmp(config->training.callbacks.at[i].kind->name, "early_stopping") == 0) return true;
    return false;
}

static void threads_and_cores(int workers, int cores)
{
    if (workers > cores)
        dnn_advise("%d threads on this machine's %d core%s: they take turns, and each step waits for all of them; start fewer ranks or threads", workers,
                   cores, cores == 1 ? "" : "s");
}

void advise(const dnn_config *config, const dnn_dataset *ds, const dnn_graph *graph, int workers, int cores)
{
    selu_rules(config, graph);
    bias_before_batch_norm(graph);
    loss_fits_output(config, graph);
    unscaled_targets(config, ds, graph);
    advise_rates(config, ds);
    advise_parts(ds, stops_early(config));
    threads_and_cores(workers, cores);
}
