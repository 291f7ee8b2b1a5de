/* summary: the layers of a run file or a model file. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/hint.h"
#include "cli/layer_table.h"
#include "cli/screen.h"
#include "cli/waiting.h"
#include "dnn/base/log.h"
#include "dnn/exchange/model_file.h"
#include "dnn/train/config.h"
#include "dnn/train/plugin.h"
#include "dnn/train/train.h"

static const cli_option options[] = {
    { "batch", "N", "rows of a step, for the memory; default: what the file says, else 32", .kind = CLI_NUMBER },
    { "ranks", "N", "ranks that share them; default: those of the launcher, else 1", .kind = CLI_NUMBER },
};

/* What the memory depends on beside the network. */
typedef struct load { dnn_memory_load of; dnn_status printed; } load;

static void asked_for(const cli_call *call, load *out)
{
    out->of.batch = (size_t)cli_number(call, "batch", (int)out->of.batch);
    out->of.ranks = (size_t)cli_number(call, "ranks", dnn_launcher_size());
}

static size_t slots_of(const dnn_component *optimizer)
{
    return optimizer->kind ? dnn_optimizer_vectors(optimizer) : 0;
}

static dnn_status print(const dnn_graph *graph, const dnn_dataset *ds, const load *l)
{
    waiting_end();
    const dnn_status st = layer_table_print(graph);
    if (st == DNN_OK) layer_table_memory(graph, ds, &l->of);
    return st;
}

static dnn_status of_model(const cli_call *call, load *l)
{
    dnn_model_file *file = NULL;
    dnn_graph *graph = NULL;
    dnn_component optimizer = { 0 };
    const dnn_port *inputs = NULL;
    size_t n_inputs = 0;
    dnn_status st = dnn_plugins_check_model(NULL, call->words[0]);
    if (st == DNN_OK) st = dnn_model_open(call->words[0], &file);
    if (st != DNN_OK) return st;
    const dnn_node *architecture = dnn_model_architecture(file, &inputs, &n_inputs);
    const dnn_node *written = dnn_node_find(dnn_model_training(file), "optimizer");
    const dnn_node *batch = dnn_node_at(dnn_model_section(file), "run.training.batch_size");
    if (written && dnn_component_read(&dnn_optimizers, written, &optimizer) == DNN_OK) l->of.vectors = slots_of(&optimizer);
    if (batch && batch->type == DNN_NODE_INT && batch->integer > 0 && batch->integer < 1 << 30) l->of.batch = (size_t)batch->integer;
    asked_for(call, l);
    st = dnn_graph_create(architecture, inputs, n_inputs, &graph);
    if (st == DNN_OK) st = print(graph, NULL, l);
    dnn_graph_destroy(graph);
    dnn_component_clear(&optimizer);
    dnn_model_close(file);
    return st;
}

static void see_run(void *context, const dnn_graph *graph, const dnn_dataset *ds)
{
    load *l = context;
    waiting_end();
    printf("%s\n\n", dnn_dataset_describe(ds));
    l->printed = print(graph, ds, l);
}

/* Batch and optimizer as the run file says. Where `model.file` brings them, or something is wrong with the file, what follows says so. */
static void read_load(const cli_call *call, load *l)
{
    dnn_node *root = NULL;
    dnn_config config = { 0 };
    if (dnn_config_load(NULL, call->words[0], call->overrides, call->n_overrides, &root) == DNN_OK && dnn_config_read(root, &config) == DNN_OK) {
        l->of.batch = (size_t)(config.training.batch_size < 1 << 30 ? config.training.batch_size : 1 << 30);
        l->of.vectors = slots_of(&config.training.optimizer);
        l->of.copies = config.checkpoint.background;
        if (config.training.shards && config.training.shards->type == DNN_NODE_INT && config.training.shards->integer > 0)
            l->of.shards = (size_t)config.training.shards->integer;
    }
    dnn_config_clear(&config);
    dnn_node_destroy(root);
    dnn_fail_clear();
}

static dnn_status of_run(const cli_call *call, load *l)
{
    read_load(call, l);
    asked_for(call, l);
    const dnn_check_request request = { .run_file = call->words[0], .overrides = call->overrides, .n_overrides = call->n_overrides,
                                        .summary = see_run, .context = l };
    screen_open(true, true); /* advice is what `check` is for */
    const dnn_status st = dnn_check(&request);
    return st == DNN_OK ? l->printed : st;
}

static dnn_status run(const cli_call *call)
{
    load l = { .of = { .batch = 32, .ranks = 1, .copies = true } };
    return hint_is_hdf5(call->words[0]) ? of_model(call, &l) : of_run(call, &l);
}

const cli_command cli_summary = {
    .name = "summary", .words = "RUN.yaml|MODEL.h5", .help = "the layers with output shapes, parameters and connections; the memory a rank needs",
    .options = options, .n_options = sizeof options / sizeof *options,
    .least = 1, .most = 1, .takes_overrides = true, .run = run,
};
