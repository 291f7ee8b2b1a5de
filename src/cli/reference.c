#include "cli/reference.h"

#include <stdio.h>
#include <string.h>

#include "dnn/data/config.h"
#include "dnn/nn/activation.h"
#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/layer.h"
#include "dnn/nn/metric.h"
#include "dnn/nn/regularizer.h"
#include "dnn/optim/schedule.h"
#include "dnn/train/callback.h"
#include "dnn/train/config.h"

const dnn_family *const cli_families[] = {
    &dnn_sources, &dnn_scalers, &dnn_layers, &dnn_activations, &dnn_initializers, &dnn_regularizers, &dnn_constraints,
    &dnn_losses, &dnn_metrics, &dnn_optimizers, &dnn_schedules, &dnn_callbacks, &dnn_presets,
};
const size_t cli_families_count = sizeof cli_families / sizeof *cli_families;

const char *cli_family_plural(const dnn_family *family, char out[64])
{
    const size_t length = strlen(family->name);
    snprintf(out, 64, "%s%s", family->name, length && family->name[length - 1] == 's' ? "es" : "s");
    return out;
}

const dnn_family *cli_family_find(const char *name)
{
    char plural[64];
    for (size_t i = 0; i < cli_families_count; i++)
        if (strcmp(name, cli_families[i]->name) == 0 || strcmp(name, cli_family_plural(cli_families[i], plural)) == 0) return cli_families[i];
    return NULL;
}

static void choices(const char *range, char out[256])
{
    size_t used = 0;
    out[0] = '\0';
    for (; *range && used + 3 < 256; range++) {
        if (*range == '|') out[used++] = ',', out[used++] = ' ';
        else out[used++] = *range;
        out[used] = '\0';
    }
}

const char *cli_type_text(const dnn_param *row, char out[256])
{
    char plural[64];
    switch (row->type) {
    case DNN_PARAM_BOOL: strcpy(out, "true, false"); break;
    case DNN_PARAM_INT:
    case DNN_PARAM_SIZE: strcpy(out, "whole number"); break;
    case DNN_PARAM_REAL: strcpy(out, "number"); break;
    case DNN_PARAM_STRING: strcpy(out, "text"); break;
    case DNN_PARAM_CHOICE: choices(row->range, out); break;
    case DNN_PARAM_STRINGS: strcpy(out, "list of texts"); break;
    case DNN_PARAM_NUMBERS: strcpy(out, "list of numbers"); break;
    case DNN_PARAM_COMPONENT: snprintf(out, 256, "%s", row->family->name); break;
    case DNN_PARAM_COMPONENTS: snprintf(out, 256, "list of %s", cli_family_plural(row->family, plural)); break;
    case DNN_PARAM_SECTION: strcpy(out, "section"); break;
    case DNN_PARAM_NODE: strcpy(out, "see meaning"); break;
    }
    return out;
}

void cli_rows_head(table *t)
{
    table_add(t, "key");
    table_add(t, "value");
    table_add(t, "default");
    table_add(t, "range");
    table_add(t, "meaning");
}

static const char *preset_text(const dnn_param *row)
{
    if (!row->preset) return "required";
    return strcmp(row->preset, "null") == 0 ? "none" : row->preset;
}

void cli_rows(table *t, const dnn_param *rows, size_t count, const char *path, bool code)
{
    const char *tick = code ? "`" : "";
    for (size_t i = 0; i < count; i++) {
        const dnn_param *row = &rows[i];
        char key[256], type[256];
        snprintf(key, sizeof key, "%s%s%s", path, *path ? "." : "", row->key);
        if (row->type == DNN_PARAM_SECTION) {
            cli_rows(t, row->rows, row->n_rows, key, code);
            continue;
        }
        table_format(t, "%s%s%s", tick, key, tick);
        table_add(t, cli_type_text(row, type));
        table_add(t, preset_text(row));
        table_add(t, row->type == DNN_PARAM_CHOICE ? "" : row->range);
        table_add(t, row->help);
        if (row->type == DNN_PARAM_NODE && row->n_rows > 0) {
            snprintf(key, sizeof key, "%s%s%s.0", path, *path ? "." : "", row->key);
            cli_rows(t, row->rows, row->n_rows, key, code);
        }
    }
}
