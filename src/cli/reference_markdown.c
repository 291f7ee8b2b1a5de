/* docs/run-file.md: a few words on the grammar, then everything the registries hold. */
#include <stdio.h>
#include <string.h>

#include "cli/reference.h"
#include "dnn/nn/graph.h"
#include "dnn/train/config.h"

static const char grammar[] =
    "# The run file\n"
    "\n"
    "Printed by `dnn-mpi list --markdown` from the rows that read the run file; `dnn-mpi list` shows the same on a terminal.\n"
    "\n"
    "A run file is YAML. It says everything about a training: data, network, how it is trained, and where the result goes.\n"
    "\n"
    "**A component is its name, or a map of its name to its parameters**: `relu`, `{leaky_relu: {negative_slope: 0.1}}`. A lone value in the\n"
    "place of the parameters is the first of them: `{divide: 255}`. This holds for sources, scalers, layers, activations, initializers, losses,\n"
    "metrics, optimizers, schedules and callbacks. Names and defaults are those of Keras 3.\n"
    "\n"
    "Unknown, repeated, missing and out-of-range keys are errors that name file, line, column, the key, and the nearest valid name or the\n"
    "range. Refused besides, since they are read differently by different programs: anchors, aliases, tags, several documents in a file,\n"
    "`yes`, `no`, `on` and `off` where `true` or `false` is meant, and numbers with leading zeros.\n"
    "\n"
    "Paths are taken from the working directory.\n"
    "\n"
    "## On the command line\n"
    "\n"
    "Every key can be set by its path, and later ones win:\n"
    "\n"
    "```sh\n"
    "dnn-mpi train run.yaml training.epochs=5 training.optimizer.sgd.learning_rate=0.1 model.layers.2.dropout.rate=0.3\n"
    "dnn-mpi train run.yaml 'data.source={csv: {path: a.csv, target: y}}' '~data.split'\n"
    "```\n"
    "\n"
    "- Positions in lists count from 0, as written, before `repeat` unrolls them; one behind the last appends.\n"
    "- A bare name becomes a map where a key goes below it. Naming another component than the one written is an error; replace it whole:\n"
    "  `'training.optimizer={adam: {learning_rate: 0.01}}'`.\n"
    "- Values are YAML too. `~KEY` removes a key, so that its default holds.\n";

static dnn_status section(const dnn_param *row)
{
    table t;
    table_open(&t, 5);
    cli_rows_head(&t);
    if (row->type == DNN_PARAM_SECTION) cli_rows(&t, row->rows, row->n_rows, row->key, true);
    else if (row->family == &dnn_layers) {
        cli_rows(&t, dnn_start_params, DNN_START_PARAMS, row->key, true);
        cli_rows(&t, dnn_model_params, DNN_MODEL_PARAMS, row->key, true);
    }
    printf("\n### %s\n\n%s\n\n", row->key, row->help);
    return table_markdown(&t, stdout);
}

static dnn_status sections(void)
{
    table t;
    printf("\n## Keys\n\nA default of *none* means that nothing is there unless it is written; *required* ones must be written.\n\n");
    table_open(&t, 5);
    cli_rows_head(&t);
    for (size_t i = 0; i < dnn_config_params_count; i++) {
        const dnn_param *row = &dnn_config_params[i];
        if (row->type != DNN_PARAM_SECTION && row->family != &dnn_layers) cli_rows(&t, row, 1, "", true);
    }
    dnn_status st = table_markdown(&t, stdout);
    for (size_t i = 0; i < dnn_config_params_count && st == DNN_OK; i++) {
        const dnn_param *row = &dnn_config_params[i];
        if (row->type == DNN_PARAM_SECTION || row->family == &dnn_layers) st = section(row);
    }
    return st;
}

static dnn_status rows(const dnn_param *params, size_t count)
{
    table t;
    table_open(&t, 5);
    cli_rows_head(&t);
    cli_rows(&t, params, count, "", true);
    return table_markdown(&t, stdout);
}

static dnn_status kind(const dnn_kind *k)
{
    printf("\n### %s\n\n%s%s%s%s\n", k->name, k->help ? k->help : "", k->keras ? " (Keras: `" : "", k->keras ? k->keras : "", k->keras ? "`)" : "");
    if (k->n_params == 0) return DNN_OK;
    printf("\n");
    return rows(k->params, k->n_params);
}

/* Families of one-liners are one table; those with parameters have a heading for each kind that has some. */
static dnn_status family(const dnn_family *f)
{
    table t;
    char plural[64];
    cli_family_plural(f, plural);
    printf("\n## %c%s\n\n", plural[0] - 'a' + 'A', plural + 1);
    if (f->number_kind) printf("A number alone stands for `%s`.\n\n", f->number_kind);
    table_open(&t, 3);
    table_add(&t, f->name);
    table_add(&t, "Keras");
    table_add(&t, "meaning");
    for (size_t i = 0; i < f->count; i++) {
        table_format(&t, "`%s`", f->kinds[i]->name);
        table_add(&t, f->kinds[i]->keras);
        table_add(&t, f->kinds[i]->help);
    }
    dnn_status st = table_markdown(&t, stdout);
    if (f->n_common && st == DNN_OK) {
        printf("\nAll %s also take:\n\n", plural);
        st = rows(f->common, f->n_common);
    }
    for (size_t i = 0; i < f->count && st == DNN_OK; i++)
        if (f->kinds[i]->n_params) st = kind(f->kinds[i]);
    return st;
}

dnn_status cli_reference_markdown(void)
{
    printf("%s", grammar);
    dnn_status st = sections();
    for (size_t i = 0; i < cli_families_count && st == DNN_OK; i++) st = family(cli_families[i]);
    return st;
}
