/* Fields to fields of another struct. */
#include "types.h"

#include <string.h>

#include "dnn/base/memory.h"

static dnn_status copy_bool(const dnn_param *row, const void *from, void *to)
{
    (void)row;
    *(bool *)to = *(const bool *)from;
    return DNN_OK;
}

static dnn_status copy_int(const dnn_param *row, const void *from, void *to)
{
    (void)row;
    *(int64_t *)to = *(const int64_t *)from;
    return DNN_OK;
}

static dnn_status copy_size(const dnn_param *row, const void *from, void *to)
{
    (void)row;
    *(size_t *)to = *(const size_t *)from;
    return DNN_OK;
}

static dnn_status copy_real(const dnn_param *row, const void *from, void *to)
{
    (void)row;
    *(double *)to = *(const double *)from;
    return DNN_OK;
}

static dnn_status copy_choice(const dnn_param *row, const void *from, void *to)
{
    (void)row;
    *(int *)to = *(const int *)from;
    return DNN_OK;
}

static dnn_status copy_string(const dnn_param *row, const void *from, void *to)
{
    (void)row;
    const char *text = *(char *const *)from;
    if (!text) return DNN_OK;
    *(char **)to = dnn_strdup(text);
    return *(char **)to ? DNN_OK : DNN_E_MEMORY;
}

static dnn_status copy_strings(const dnn_param *row, const void *from, void *to)
{
    (void)row;
    const dnn_strings *source = from;
    dnn_strings *out = to;
    if (source->count == 0) return DNN_OK;
    out->at = dnn_alloc(source->count, sizeof *out->at);
    for (; out->at && out->count < source->count; out->count++)
        if (!(out->at[out->count] = dnn_strdup(source->at[out->count]))) return DNN_E_MEMORY;
    return out->at ? DNN_OK : DNN_E_MEMORY;
}

static dnn_status copy_numbers(const dnn_param *row, const void *from, void *to)
{
    (void)row;
    const dnn_numbers *source = from;
    dnn_numbers *out = to;
    if (source->count == 0) return DNN_OK;
    out->at = dnn_alloc(source->count, sizeof *out->at);
    if (!out->at) return DNN_E_MEMORY;
    memcpy(out->at, source->at, source->count * sizeof *out->at);
    out->count = source->count;
    return DNN_OK;
}

static dnn_status copy_component(const dnn_param *row, const void *from, void *to)
{
    (void)row;
    return dnn_component_copy(from, to);
}

static dnn_status copy_components(const dnn_param *row, const void *from, void *to)
{
    (void)row;
    const dnn_components *source = from;
    dnn_components *out = to;
    if (source->count == 0) return DNN_OK;
    out->at = dnn_alloc(source->count, sizeof *out->at);
    if (!out->at) return DNN_E_MEMORY;
    for (; out->count < source->count; out->count++) {
        const dnn_status st = dnn_component_copy(&source->at[out->count], &out->at[out->count]);
        if (st != DNN_OK) return st;
    }
    return DNN_OK;
}

static dnn_status copy_section(const dnn_param *row, const void *from, void *to)
{
    return dnn_params_copy(row->rows, row->n_rows, from, to);
}

static dnn_status copy_node(const dnn_param *row, const void *from, void *to)
{
    (void)row;
    const dnn_node *node = *(dnn_node *const *)from;
    if (!node) return DNN_OK;
    *(dnn_node **)to = dnn_node_copy(node);
    return *(dnn_node **)to ? DNN_OK : DNN_E_MEMORY;
}

dnn_status (*const dnn_param_copiers[])(const dnn_param *row, const void *from, void *to) = {
    [DNN_PARAM_BOOL] = copy_bool,           [DNN_PARAM_INT] = copy_int,
    [DNN_PARAM_SIZE] = copy_size,           [DNN_PARAM_REAL] = copy_real,
    [DNN_PARAM_STRING] = copy_string,       [DNN_PARAM_CHOICE] = copy_choice,
    [DNN_PARAM_STRINGS] = copy_strings,     [DNN_PARAM_NUMBERS] = copy_numbers,
    [DNN_PARAM_COMPONENT] = copy_component, [DNN_PARAM_COMPONENTS] = copy_components,
    [DNN_PARAM_SECTION] = copy_section,     [DNN_PARAM_NODE] = copy_node,
};
