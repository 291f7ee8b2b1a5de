/* list: what can be written in a run file. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/reference.h"
#include "cli/screen.h"
#include "dnn/nn/graph.h"
#include "dnn/train/config.h"

static const cli_option options[] = {
    { "markdown", NULL, "all of it as a page: docs/run-file.md", .hidden = true },
};

static dnn_status print_table(table *t, int indent, bool heading)
{
    t->wrap = screen_result_columns();
    return table_print(t, stdout, indent, heading);
}

/* Sections of the run file; `model` has rows of its own in `nn`. */
static void section_rows(table *t, const dnn_param *row)
{
    if (row->type == DNN_PARAM_SECTION) cli_rows(t, row->rows, row->n_rows, row->key, false);
    else if (row->family == &dnn_layers) {
        cli_rows(t, dnn_start_params, DNN_START_PARAMS, row->key, false);
        cli_rows(t, dnn_model_params, DNN_MODEL_PARAMS, row->key, false);
    }
    else cli_rows(t, row, 1, "", false);
}

static dnn_status print_rows(table *t, const char *title)
{
    printf("%s\n\n", title);
    return print_table(t, 2, true);
}

static dnn_status list_run_file(void)
{
    table t;
    table_open(&t, 5);
    cli_rows_head(&t);
    for (size_t i = 0; i < dnn_config_params_count; i++) section_rows(&t, &dnn_config_params[i]);
    return print_rows(&t, "The run file. Keys are shown as paths, as they are also written on the command line.");
}

static dnn_status list_section(const dnn_param *row)
{
    table t;
    char title[256];
    table_open(&t, 5);
    cli_rows_head(&t);
    section_rows(&t, row);
    snprintf(title, sizeof title, "%s: %s", row->key, row->help);
    return print_rows(&t, title);
}

static void names_of(const dnn_family *family, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < family->count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? " " : "", family->kinds[i]->name);
}

static dnn_status list_all(void)
{
    table t;
    char plural[64], names[2048];
    printf("Sections of a run file ('dnn-mpi list SECTION', 'dnn-mpi list run' for all keys):\n\n");
    table_open(&t, 2);
    for (size_t i = 0; i < dnn_config_params_count; i++) {
        table_add(&t, dnn_config_params[i].key);
        table_add(&t, dnn_config_params[i].help);
    }
    dnn_status st = print_table(&t, 2, false);
    printf("\nComponents ('dnn-mpi list KIND', 'dnn-mpi list KIND NAME' for parameters):\n\n");
    table_open(&t, 2);
    for (size_t i = 0; i < cli_families_count; i++) {
        names_of(cli_families[i], names, sizeof names);
        table_add(&t, cli_family_plural(cli_families[i], plural));
        table_add(&t, names);
    }
    const dnn_status printed = print_table(&t, 2, false);
    return st == DNN_OK ? printed : st;
}

static dnn_status list_family(const dnn_family *family)
{
    table t;
    char plural[64];
    table_open(&t, 2);
    for (size_t i = 0; i < family->count; i++) {
        table_add(&t, family->kinds[i]->name);
        table_add(&t, family->kinds[i]->help);
    }
    dnn_status st = print_table(&t, 0, false);
    if (family->n_common && st == DNN_OK) {
        printf("\nAll %s also take:\n\n", cli_family_plural(family, plural));
        table_open(&t, 5);
        cli_rows_head(&t);
        cli_rows(&t, family->common, family->n_common, "", false);
        st = print_table(&t, 2, true);
    }
    if (family->number_kind) printf("\nA number alone stands for %s.\n", family->number_kind);
    return st;
}

static dnn_status list_kind(const dnn_family *family, const dnn_kind *kind)
{
    table t;
    printf("%s (%s%s%s): %s\n", kind->name, family->name, kind->keras ? ", in Keras " : "", kind->keras ? kind->keras : "", kind->help);
    if (kind->n_params + family->n_common == 0) {
        printf("\nIt has no parameters.\n");
        return DNN_OK;
    }
    printf("\n");
    table_open(&t, 5);
    cli_rows_head(&t);
    cli_rows(&t, kind->params, kind->n_params, "", false);
    cli_rows(&t, family->common, family->n_common, "", false);
    return print_table(&t, 2, true);
}

/* A component's name alone will do; where several kinds have one of that name, all are printed. */
static dnn_status list_name(const char *name)
{
    dnn_status st = DNN_OK;
    size_t found = 0;
    for (size_t i = 0; i < cli_families_count; i++) {
        const dnn_kind *kind = dnn_family_find(cli_families[i], name);
        if (!kind) continue;
        if (found++) printf("\n");
        if (st == DNN_OK) st = list_kind(cli_families[i], kind);
    }
    if (found) return st;

    const char *candidates[256];
    char plurals[16][64];
    size_t count = 0;
    for (size_t i = 0; i < cli_families_count && i < 16; i++) candidates[count++] = cli_family_plural(cli_families[i], plurals[i]);
    for (size_t i = 0; i < dnn_config_params_count; i++) candidates[count++] = dnn_config_params[i].key;
    for (size_t i = 0; i < cli_families_count; i++)
        for (size_t k = 0; k < cli_families[i]->count && count < 256; k++) candidates[count++] = cli_families[i]->kinds[k]->name;
    const char *nearest = dnn_nearest(name, candidates, count);
    if (nearest) return dnn_fail(DNN_E_CONFIG, "list: there is no kind or component '%s'; did you mean '%s'?", name, nearest);
    return dnn_fail(DNN_E_CONFIG, "list: there is no kind or component '%s'; 'dnn-mpi list' prints all of them", name);
}

static dnn_status list_in_family(const dnn_family *family, const char *name)
{
    const dnn_kind *kind = dnn_family_find(family, name);
    if (kind) return list_kind(family, kind);
    dnn_component none;
    dnn_component_make(family, name, &none); /* for its message with the nearest name */
    return dnn_fail_in(DNN_E_CONFIG, "list");
}

static dnn_status run(const cli_call *call)
{
    if (cli_value(call, "markdown")) return cli_reference_markdown();
    if (call->n_words == 0) return list_all();
    const char *first = call->words[0], *second = call->n_words > 1 ? call->words[1] : NULL;
    const dnn_family *family = cli_family_find(first);
    if (family) return second ? list_in_family(family, second) : list_family(family);
    if (second) return dnn_fail(DNN_E_CONFIG, "list: '%s' is no kind of component; 'dnn-mpi list' prints them", first);
    if (strcmp(first, "run") == 0) return list_run_file();
    const dnn_param *row = dnn_params_find(dnn_config_params, dnn_config_params_count, first);
    return row ? list_section(row) : list_name(first);
}

const cli_command cli_list = {
    .name = "list", .words = "[KIND [NAME]]", .help = "what can be written in a run file: keys, components, parameters, defaults, ranges",
    .details = "KIND is a kind of component (layers, losses, …), a section of the run file (data, training, …), or 'run' for all its keys.\n"
               "A component's name alone will do as well: 'dnn-mpi list dropout'.\n",
    .options = options, .n_options = sizeof options / sizeof *options,
    .least = 0, .most = 2, .run = run,
};
