/* Letting go of what a field owns. */
#include "types.h"

#include <string.h>

#include "dnn/base/memory.h"

static void clear_bool(const dnn_param *row, void *field) { (void)row, *(bool *)field = false; }
static void clear_int(const dnn_param *row, void *field) { (void)row, *(int64_t *)field = 0; }
static void clear_size(const dnn_param *row, void *field) { (void)row, *(size_t *)field = 0; }
static void clear_real(const dnn_param *row, void *field) { (void)row, *(double *)field = 0; }
static void clear_choice(const dnn_param *row, void *field) { (void)row, *(int *)field = 0; }

static void clear_string(const dnn_param *row, void *field)
{
    (void)row;
    dnn_free(*(char **)field);
    *(char **)field = NULL;
}

static void clear_strings(const dnn_param *row, void *field)
{
    (void)row;
    dnn_strings *strings = field;
    for (size_t i = 0; i < strings->count; i++) dnn_free(strings->at[i]);
    dnn_free(strings->at);
    *strings = (dnn_strings){ 0 };
}

static void clear_numbers(const dnn_param *row, void *field)
{
    (void)row;
    dnn_free(((dnn_numbers *)field)->at);
    *(dnn_numbers *)field = (dnn_numbers){ 0 };
}

static void clear_component(const dnn_param *row, void *field)
{
    (void)row;
    dnn_component_clear(field);
}

static void clear_components(const dnn_param *row, void *field)
{
    (void)row;
    dnn_components *components = field;
    for (size_t i = 0; i < components->count; i++) dnn_component_clear(&components->at[i]);
    dnn_free(components->at);
    *components = (dnn_components){ 0 };
}

static void clear_section(const dnn_param *row, void *field)
{
    dnn_params_clear(row->rows, row->n_rows, field);
}

static void clear_node(const dnn_param *row, void *field)
{
    (void)row;
    dnn_node_destroy(*(dnn_node **)field);
    *(dnn_node **)field = NULL;
}

void (*const dnn_param_clearers[])(const dnn_param *row, void *field) = {
    [DNN_PARAM_BOOL] = clear_bool,           [DNN_PARAM_INT] = clear_int,
    [DNN_PARAM_SIZE] = clear_size,           [DNN_PARAM_REAL] = clear_real,
    [DNN_PARAM_STRING] = clear_string,       [DNN_PARAM_CHOICE] = clear_choice,
    [DNN_PARAM_STRINGS] = clear_strings,     [DNN_PARAM_NUMBERS] = clear_numbers,
    [DNN_PARAM_COMPONENT] = clear_component, [DNN_PARAM_COMPONENTS] = clear_components,
    [DNN_PARAM_SECTION] = clear_section,     [DNN_PARAM_NODE] = clear_node,
};
