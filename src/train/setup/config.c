/* The sections of a run file. What a key means is said in its row; `list` and docs/run-file.md print these rows. */
#include "dnn/train/config.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/io/file.h"
#include "dnn/io/tree.h"
#include "dnn/nn/layer.h"
#include "dnn/optim/optimizer.h"
#include "dnn/train/plugin.h"
#include "train/loop/phases.h"
#include "train/setup/presets.h"
#include "train/step/noise.h"

enum { RUN_FILE_LIMIT = 1 << 20 };

static const dnn_param training_params[] = {
    DNN_NODE(dnn_training_config, loss, NULL,
             "loss, or a map from output names to losses; reduction: sum or mean_with_sample_weight among its parameters in place of sum_over_batch_size"),
    DNN_NODE(dnn_training_config, loss_weights, "null", "map from output names to the weight of their loss; 1 where left out"),
    DNN_NODE(dnn_training_config, metrics, "null", "metric, list of metrics, or a map from output names to them"),
    DNN_NODE(dnn_training_config, weighted_metrics, "null", "metrics that take class and sample weights into account"),
    DNN_COMPONENT(dnn_training_config, optimizer, &dnn_optimizers, "rmsprop", "optimizer"),
    DNN_INT(dnn_training_config, batch_size, "32", ">= 1", "samples of a step, of the whole job and not of a rank"),
    DNN_INT(dnn_training_config, epochs, "1", ">= 0", "passes over the training part"),
    DNN_BOOL(dnn_training_config, shuffle, "true", "new order in each epoch, a function of seed and epoch"),
    DNN_NODE(dnn_training_config, shards, "auto", "auto: as many as workers; a number V: the same bits at any number of ranks up to V"),
    DNN_NODE(dnn_training_config, class_weights, "null", "balanced, or a map from class to weight; 1 where left out"),
    { .key = "weight_noise", .type = DNN_PARAM_SECTION, .offset = offsetof(dnn_training_config, weight_noise), .preset = "null",
      .rows = weight_noise_params, .n_rows = WEIGHT_NOISE_PARAMS,
      .help = "normal noise on all trainable weights while a step looks at them; its update moves the weights without it" },
    { .key = "gradient_noise", .type = DNN_PARAM_SECTION, .offset = offsetof(dnn_training_config, gradient_noise), .preset = "null",
      .rows = gradient_noise_params, .n_rows = GRADIENT_NOISE_PARAMS,
      .help = "normal noise on the mean gradient of each update, before it is clipped (Neelakantan et al. 2015)" },
    DNN_REAL(dnn_training_config, label_noise, "0", "[0, 1]", "probability that a label is one of the others, drawn anew in each step of the training"),
    DNN_BOOL(dnn_training_config, diagnose, "false", "spread of activations and gradients and dead units per layer, each epoch, into diagnosis.csv"),
    DNN_BOOL(dnn_training_config, trace, "false", "when each worker was in which phase of a step, into trace.json (chrome://tracing, Perfetto)"),
    DNN_INT(dnn_training_config, log_every, "0", ">= 0", "steps between lines of steps.csv; 0: no such file"),
    DNN_COMPONENTS(dnn_training_config, callbacks, &dnn_callbacks, "[]", "what looks on at the end of each epoch"),
    { .key = "phases", .type = DNN_PARAM_NODE, .offset = offsetof(dnn_training_config, phases), .preset = "null", .rows = phase_params,
      .n_rows = PHASE_PARAMS,
      .help = "list of phases in place of `epochs`, each a compile of its own: optimizer, schedule and patience start anew, epochs count on" },
};

static const dnn_param every_params[] = {
    DNN_REAL(dnn_every_config, epochs, "null", ">= 1", "epochs between checkpoints; 1 where neither steps nor seconds are given"),
    DNN_REAL(dnn_every_config, steps, "null", ">= 1", "steps between checkpoints"),
    DNN_REAL(dnn_every_config, seconds, "null", "> 0", "seconds between checkpoints"),
};

static const dnn_param checkpoint_params[] = {
    DNN_SECTION(dnn_checkpoint_config, every, every_params, "null", "when to save"),
    DNN_INT(dnn_checkpoint_config, keep, "3", ">= 1", "newest checkpoints that stay"),
    DNN_INT(dnn_checkpoint_config, max_failures, "3", ">= 1", "saves that may fail in a row (disk full, no permission) before the run ends with status 5"),
    DNN_BOOL(dnn_checkpoint_config, background, "true", "write files beside the training, from a copy of weights and moments; false: no copy, the training waits"),
};

static const dnn_param comm_params[] = {
    DNN_REAL(dnn_comm_config, timeout, "600", "> 0", "seconds without progress until the job is ended as stalled"),
    DNN_CHOICE(dnn_comm_config, overlap, "never", "auto|always|never",
               "gradients set out to other teams in pieces while backward still runs, moved by a thread of their own; auto: between hosts where each has a core left for that"),
    DNN_CHOICE(dnn_comm_config, compression, "none", "none|bfloat16",
               "how gradients travel between teams: as floats, or rounded to bfloat16, half the bytes"),
    DNN_INT(dnn_comm_config, sentinel, "100", ">= 0",
            "steps between comparisons of weights and optimizer state across teams; 0: between epochs and before saves only"),
    DNN_CHOICE(dnn_comm_config, team, "node", "node|numa|rank", "which ranks share one copy of weights and data"),
};

/* Described in data/config.h; a row of its own because the rows live in the data room. */
const dnn_param dnn_config_params[] = {
    DNN_INT(dnn_config, seed, "0", ">= 0", "of everything that is random"),
    DNN_STRING(dnn_config, output, NULL, "folder the run leaves its files in"),
    DNN_STRINGS(dnn_config, plugins, "[]", "shared objects that bring components of one's own, as in [./my_layer.so] (docs/adding-a-component.md)"),
    DNN_COMPONENT(dnn_config, preset, &dnn_presets, "null", "usual choices for hidden layers, optimizer, schedule and callbacks where this file does not say "
                  "otherwise; run.yaml and summary show what they became"),
    { .key = "data", .type = DNN_PARAM_SECTION, .offset = offsetof(dnn_config, data), .help = "what is learned from",
      .rows = dnn_data_params, .n_rows = DNN_DATA_PARAMS },
    { .key = "model", .type = DNN_PARAM_NODE, .offset = offsetof(dnn_config, model), .help = "the network", .family = &dnn_layers },
    DNN_SECTION(dnn_config, training, training_params, NULL, "how it is trained"),
    DNN_SECTION(dnn_config, checkpoint, checkpoint_params, "null", "what a restart goes on from"),
    DNN_SECTION(dnn_config, comm, comm_params, "null", "ranks"),
};
const size_t dnn_config_params_count = sizeof dnn_config_params / sizeof *dnn_config_params;

/* What is wrong with the value of an override, with the key it was given for. */
static dnn_status name_key(dnn_status st, const char *path)
{
    static const char place[] = "command line: ";
    char text[1024];
    snprintf(text, sizeof text, "%s", dnn_fail_text());
    return dnn_fail(st, "%s%s: %s", place, path, strncmp(text, place, sizeof place - 1) == 0 ? text + sizeof place - 1 : text);
}

static bool names_plugins(const char *override)
{
    const char *key = override + (override[0] == '~');
    return strncmp(key, "plugins", 7) == 0 && (key[7] == '=' || key[7] == '.' || key[7] == '\0');
}

/* Those of `plugins`, or all others: what components there are must be known before the others are set. */
static dnn_status override(dnn_node *root, const char *const *overrides, size_t count, bool plugins)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < count && st == DNN_OK; i++) {
        const char *equals = strchr(overrides[i], '=');
        if (names_plugins(overrides[i]) != plugins) continue;
        if (overrides[i][0] == '~') {
            st = dnn_params_override(dnn_config_params, dnn_config_params_count, root, overrides[i] + 1, NULL);
            continue;
        }
        if (!equals || equals == overrides[i])
            return dnn_fail(DNN_E_CONFIG, "command line: %s: overrides are KEY=VALUE, as in training.epochs=5", overrides[i]);
        char *path = dnn_format("%.*s", (int)(equals - overrides[i]), overrides[i]);
        dnn_node *value = NULL;
        st = path ? dnn_yaml_value(equals + 1, &value) : DNN_E_MEMORY;
        if (st != DNN_OK && path) st = name_key(st, path);
        if (st == DNN_OK) st = dnn_params_override(dnn_config_params, dnn_config_params_count, root, path, value);
        dnn_free(path);
    }
    return st;
}

dnn_status dnn_config_override(dnn_node *root, const char *const *overrides, size_t count)
{
    const dnn_status st = override(root, overrides, count, true);
    return st == DNN_OK ? override(root, overrides, count, false) : st;
}

dnn_status dnn_config_load(dnn_comm *comm, const char *path, const char *const *overrides, size_t count, dnn_node **root)
{
    void *text = NULL;
    size_t length = 0;
    dnn_status st = DNN_OK;
    *root = NULL;
    if (path) {
        if (dnn_comm_rank(comm) == 0) {
            char *read = NULL;
            st = dnn_file_read(path, RUN_FILE_LIMIT, DNN_E_CONFIG, &read, &length);
            text = read;
        }
        st = dnn_agree_root(comm, st);
        if (st == DNN_OK) st = dnn_comm_broadcast_block(comm, &text, &length, 0);
        if (st != DNN_OK) {
            dnn_free(text);
            return st;
        }
        st = dnn_yaml_parse(text, length, path, root);
        dnn_free(text);
    } else {
        *root = dnn_node_map();
        if (!*root) st = DNN_E_MEMORY;
    }
    if (st == DNN_OK) st = override(*root, overrides, count, true);
    st = dnn_agree(comm, st); /* memory, or a command line of its own, may fail one rank alone */
    if (st == DNN_OK) st = dnn_plugins_load_tree(comm, *root);
    if (st == DNN_OK) {
        st = override(*root, overrides, count, false);
        if (st == DNN_OK) st = presets_expand(*root);
        st = dnn_agree(comm, st);
    }
    if (st != DNN_OK) {
        dnn_node_destroy(*root);
        *root = NULL;
    }
    return st;
}

dnn_status dnn_config_read(const dnn_node *root, dnn_config *out)
{
    *out = (dnn_config){ 0 };
    dnn_status st = dnn_params_read(dnn_config_params, dnn_config_params_count, "", root, out);
    if (st != DNN_OK) return st;
    st = dnn_optimizer_check(&out->training.optimizer);
    const dnn_node *epochs = dnn_node_at(root, "training.epochs");
    if (st == DNN_OK && epochs && out->training.phases && out->training.phases->type != DNN_NODE_NULL)
        st = dnn_node_fail(DNN_E_CONFIG, epochs, "training.epochs: training.phases says how many; leave one of them out");
    if (st == DNN_OK) st = phases_count_epochs(&out->training);
    if (st != DNN_OK) {
        dnn_config_clear(out);
        return st;
    }
    dnn_every_config *every = &out->checkpoint.every;
    if (every->epochs != every->epochs && every->steps != every->steps && every->seconds != every->seconds) every->epochs = 1;
    return DNN_OK;
}

void dnn_config_clear(dnn_config *config)
{
    dnn_params_clear(dnn_config_params, dnn_config_params_count, config);
}

dnn_node *dnn_config_write(const dnn_config *config)
{
    dnn_node *root = dnn_params_write(dnn_config_params, dnn_config_params_count, config);
    const dnn_node *list = dnn_node_at(root, "training.phases");
    if (root) dnn_node_remove(root, "preset");
    if (list && list->type != DNN_NODE_NULL) dnn_node_remove(dnn_node_find(root, "training"), "epochs");
    return root;
}
