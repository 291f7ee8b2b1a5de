/* One value of each type, from a node into its field. */
#include "params.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "types.h"

/* "dropout.rate = 1.5: must lie in [0, 1)" */
static dnn_status unfit(const dnn_node *node, const char *path, const char *what)
{
    char value[256];
    return dnn_node_fail(DNN_E_CONFIG, node, "%s = %s: %s", path, dnn_node_describe(node, value, sizeof value), what);
}

static dnn_status in_range(const dnn_param *row, const char *preset_range, const char *path, const dnn_node *node, double value)
{
    const char *text = row->range ? row->range : preset_range;
    dnn_range range;
    char what[128];
    if (!text) return DNN_OK;
    if (!dnn_range_parse(text, &range)) return dnn_fail(DNN_E_INTERNAL, "the range '%s' of the parameter row '%s' cannot be read", text, row->key);
    return dnn_range_holds(&range, value) ? DNN_OK : unfit(node, path, dnn_range_describe(text, what, sizeof what));
}

static dnn_status number(const dnn_param *row, const char *path, const dnn_node *node, double *out)
{
    if ((node->type != DNN_NODE_INT && node->type != DNN_NODE_REAL) || isnan(node->real)) return unfit(node, path, "must be a number");
    if (isinf(node->real)) return unfit(node, path, "must be a finite number");
    const dnn_status st = in_range(row, NULL, path, node, node->real);
    if (st == DNN_OK) *out = node->real;
    return st;
}

/* 1e3 and 5.0 are whole numbers too, up to where doubles are exact. */
static dnn_status whole(const dnn_param *row, const char *preset_range, const char *path, const dnn_node *node, int64_t *out)
{
    const bool exact = node->type == DNN_NODE_REAL && fabs(node->real) <= 0x1p53 && node->real == trunc(node->real);
    if (node->type != DNN_NODE_INT && !exact) return unfit(node, path, "must be a whole number");
    const dnn_status st = in_range(row, preset_range, path, node, node->real);
    if (st == DNN_OK) *out = exact ? (int64_t)node->real : node->integer;
    return st;
}

static dnn_status read_bool(const dnn_param *row, const char *path, const dnn_node *node, void *field)
{
    (void)row;
    if (node->type != DNN_NODE_BOOL) return unfit(node, path, "must be true or false");
    *(bool *)field = node->boolean;
    return DNN_OK;
}

static dnn_status read_int(const dnn_param *row, const char *path, const dnn_node *node, void *field)
{
    return whole(row, NULL, path, node, field);
}

static dnn_status read_size(const dnn_param *row, const char *path, const dnn_node *node, void *field)
{
    int64_t value = 0;
    const dnn_status st = whole(row, ">= 0", path, node, &value);
    if (st == DNN_OK && value < 0) return unfit(node, path, "must be >= 0");
    if (st == DNN_OK) *(size_t *)field = (size_t)value;
    return st;
}

static dnn_status read_real(const dnn_param *row, const char *path, const dnn_node *node, void *field)
{
    return number(row, path, node, field);
}

/* Numbers are taken as written: columns of a table may be named or numbered. */
static dnn_status string(const char *path, const dnn_node *node, char **out)
{
    if (node->type != DNN_NODE_STRING && node->type != DNN_NODE_INT && node->type != DNN_NODE_REAL)
        return unfit(node, path, node->type == DNN_NODE_BOOL ? "must be a text; put it in quotes if it is one" : "must be a text");
    *out = dnn_strdup(node->text);
    return *out ? DNN_OK : DNN_E_MEMORY;
}

static dnn_status read_string(const dnn_param *row, const char *path, const dnn_node *node, void *field)
{
    (void)row;
    return string(path, node, field);
}

static dnn_status read_choice(const dnn_param *row, const char *path, const dnn_node *node, void *field)
{
    enum { MOST = 32 };
    const char *word = node->type == DNN_NODE_LIST || node->type == DNN_NODE_MAP ? NULL
                     : node->type == DNN_NODE_BOOL ? node->boolean ? "true" : "false" : node->text;
    const int found = word ? dnn_choice_find(row->range, word) : -1;
    if (found >= 0) {
        *(int *)field = found;
        return DNN_OK;
    }
    char texts[MOST][DNN_CHOICE_TEXT], what[512], hint[128] = "";
    const char *choices[MOST];
    size_t count = dnn_choices_count(row->range), used = 0;
    if (count > MOST) count = MOST;
    used += (size_t)snprintf(what, sizeof what, "must be one of ");
    for (size_t i = 0; i < count && used < sizeof what; i++) {
        choices[i] = dnn_choice_at(row->range, i, texts[i], sizeof texts[i]);
        used += (size_t)snprintf(what + used, sizeof what - used, "%s%s", i ? ", " : "", choices[i]);
    }
    const char *near = word ? dnn_nearest(word, choices, count) : NULL;
    if (near) snprintf(hint, sizeof hint, "; did you mean '%s'?", near);
    if (used < sizeof what) snprintf(what + used, sizeof what - used, "%s", hint);
    return unfit(node, path, what);
}

/* A value in the place of a list stands for a list of one. */
typedef struct items { const dnn_node *const *at; size_t count; } items;

static items items_of(const dnn_node *const *node)
{
    if ((*node)->type != DNN_NODE_LIST) return (items){ node, 1 };
    return (items){ (const dnn_node *const *)(*node)->items, (*node)->count };
}

static const char *item_path(const dnn_node *list, const char *path, size_t i, char out[DNN_PATH_TEXT])
{
    char number_text[24];
    snprintf(number_text, sizeof number_text, "%zu", i);
    return list->type == DNN_NODE_LIST ? dnn_path_join(path, number_text, out) : path;
}

static dnn_status read_strings(const dnn_param *row, const char *path, const dnn_node *node, void *field)
{
    (void)row;
    dnn_strings *out = field;
    char below[DNN_PATH_TEXT];
    const items all = items_of(&node);
    if (all.count && !(out->at = dnn_alloc(all.count, sizeof *out->at))) return DNN_E_MEMORY;
    for (out->count = 0; out->count < all.count; out->count++) {
        const dnn_status st = string(item_path(node, path, out->count, below), all.at[out->count], &out->at[out->count]);
        if (st != DNN_OK) return st;
    }
    return DNN_OK;
}

static dnn_status read_numbers(const dnn_param *row, const char *path, const dnn_node *node, void *field)
{
    dnn_numbers *out = field;
    char below[DNN_PATH_TEXT];
    const items all = items_of(&node);
    if (all.count && !(out->at = dnn_alloc(all.count, sizeof *out->at))) return DNN_E_MEMORY;
    for (out->count = 0; out->count < all.count; out->count++) {
        const dnn_status st = number(row, item_path(node, path, out->count, below), all.at[out->count], &out->at[out->count]);
        if (st != DNN_OK) return st;
    }
    return DNN_OK;
}

static dnn_status read_component(const dnn_param *row, const char *path, const dnn_node *node, void *field)
{
    return dnn_component_read_at(row->family, node, path, field);
}

static dnn_status read_components(const dnn_param *row, const char *path, const dnn_node *node, void *field)
{
    dnn_components *out = field;
    char below[DNN_PATH_TEXT];
    const items all = items_of(&node);
    if (all.count && !(out->at = dnn_alloc(all.count, sizeof *out->at))) return DNN_E_MEMORY;
    for (out->count = 0; out->count < all.count; out->count++) {
        const char *where = item_path(node, path, out->count, below);
        const dnn_status st = dnn_component_read_at(row->family, all.at[out->count], where, &out->at[out->count]);
        if (st != DNN_OK) return st;
    }
    return DNN_OK;
}

static dnn_status read_section(const dnn_param *row, const char *path, const dnn_node *node, void *field)
{
    return dnn_params_read(row->rows, row->n_rows, path, node, field);
}

static dnn_status read_node(const dnn_param *row, const char *path, const dnn_node *node, void *field)
{
    (void)row, (void)path;
    *(dnn_node **)field = dnn_node_copy(node);
    return *(dnn_node **)field ? DNN_OK : DNN_E_MEMORY;
}

dnn_status (*const dnn_param_readers[])(const dnn_param *row, const char *path, const dnn_node *node, void *field) = {
    [DNN_PARAM_BOOL] = read_bool,           [DNN_PARAM_INT] = read_int,
    [DNN_PARAM_SIZE] = read_size,           [DNN_PARAM_REAL] = read_real,
    [DNN_PARAM_STRING] = read_string,       [DNN_PARAM_CHOICE] = read_choice,
    [DNN_PARAM_STRINGS] = read_strings,     [DNN_PARAM_NUMBERS] = read_numbers,
    [DNN_PARAM_COMPONENT] = read_component, [DNN_PARAM_COMPONENTS] = read_components,
    [DNN_PARAM_SECTION] = read_section,     [DNN_PARAM_NODE] = read_node,
};
