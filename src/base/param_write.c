/* Fields back to nodes. */
#include "params.h"
#include "types.h"

#include <math.h>

static dnn_node *write_bool(const dnn_param *row, const void *field)
{
    (void)row;
    return dnn_node_bool(*(const bool *)field);
}

static dnn_node *write_int(const dnn_param *row, const void *field)
{
    (void)row;
    return dnn_node_int(*(const int64_t *)field);
}

static dnn_node *write_size(const dnn_param *row, const void *field)
{
    (void)row;
    return dnn_node_int((int64_t)*(const size_t *)field);
}

static dnn_node *write_real(const dnn_param *row, const void *field)
{
    (void)row;
    const double value = *(const double *)field;
    return isnan(value) ? dnn_node_null() : dnn_node_real(value);
}

static dnn_node *write_string(const dnn_param *row, const void *field)
{
    (void)row;
    const char *text = *(char *const *)field;
    return text ? dnn_node_string(text) : dnn_node_null();
}

static dnn_node *write_choice(const dnn_param *row, const void *field)
{
    char choice[DNN_CHOICE_TEXT];
    return dnn_node_string(dnn_choice_at(row->range, (size_t)*(const int *)field, choice, sizeof choice));
}

/* An empty list reads back to an empty list where the default is "[]" and to none where it is "null": both are count 0. */
static dnn_node *write_list(const void *at, size_t count, dnn_node *(*item)(const void *at, size_t i))
{
    dnn_node *list = dnn_node_list();
    for (size_t i = 0; list && i < count; i++) {
        if (dnn_node_append(list, item(at, i)) == DNN_OK) continue;
        dnn_node_destroy(list);
        list = NULL;
    }
    return list;
}

static dnn_node *string_item(const void *at, size_t i) { return dnn_node_string(((char *const *)at)[i]); }
static dnn_node *number_item(const void *at, size_t i) { return dnn_node_real(((const double *)at)[i]); }
static dnn_node *component_item(const void *at, size_t i) { return dnn_component_write((const dnn_component *)at + i); }

static dnn_node *write_strings(const dnn_param *row, const void *field)
{
    (void)row;
    const dnn_strings *strings = field;
    return write_list(strings->at, strings->count, string_item);
}

static dnn_node *write_numbers(const dnn_param *row, const void *field)
{
    (void)row;
    const dnn_numbers *numbers = field;
    return write_list(numbers->at, numbers->count, number_item);
}

static dnn_node *write_component(const dnn_param *row, const void *field)
{
    (void)row;
    return dnn_component_write(field);
}

static dnn_node *write_components(const dnn_param *row, const void *field)
{
    (void)row;
    const dnn_components *components = field;
    return write_list(components->at, components->count, component_item);
}

static dnn_node *write_section(const dnn_param *row, const void *field)
{
    return dnn_params_write(row->rows, row->n_rows, field);
}

static dnn_node *write_node(const dnn_param *row, const void *field)
{
    (void)row;
    const dnn_node *node = *(dnn_node *const *)field;
    return node ? dnn_node_copy(node) : dnn_node_null();
}

dnn_node *(*const dnn_param_writers[])(const dnn_param *row, const void *field) = {
    [DNN_PARAM_BOOL] = write_bool,           [DNN_PARAM_INT] = write_int,
    [DNN_PARAM_SIZE] = write_size,           [DNN_PARAM_REAL] = write_real,
    [DNN_PARAM_STRING] = write_string,       [DNN_PARAM_CHOICE] = write_choice,
    [DNN_PARAM_STRINGS] = write_strings,     [DNN_PARAM_NUMBERS] = write_numbers,
    [DNN_PARAM_COMPONENT] = write_component, [DNN_PARAM_COMPONENTS] = write_components,
    [DNN_PARAM_SECTION] = write_section,     [DNN_PARAM_NODE] = write_node,
};
