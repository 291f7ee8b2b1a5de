/* Which columns of the source go to which input of the network. */
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "data/inside.h"

static void view_of_array(const dnn_source_array *array, size_t at, dnn_view *view)
{
    view->array = at;
    view->units = dnn_shape_units(&array->shape);
    view->info.shape = array->shape;
    memcpy(view->info.name, array->name, sizeof view->info.name);
}

/* Column `name`, or all columns "name=…" of a one-hot code. */
static size_t columns_named(const dnn_source_info *info, const char *name, size_t *out)
{
    const size_t length = strlen(name);
    size_t n = 0;
    for (size_t c = 0; c < info->n_columns; c++)
        if (strcmp(info->columns[c], name) == 0) {
            out[0] = c;
            return 1;
        }
    for (size_t c = 0; c < info->n_columns; c++)
        if (strncmp(info->columns[c], name, length) == 0 && info->columns[c][length] == '=') out[n++] = c;
    return n;
}

static dnn_status columns_of(const dnn_node *item, const char *input, const dnn_source_info *info, size_t units,
                             size_t *out, size_t *n)
{
    *n = 0;
    if (item->type == DNN_NODE_INT) {
        if (item->integer < 0 || (uint64_t)item->integer >= units)
            return dnn_node_fail(DNN_E_CONFIG, item, "data.inputs.%s.columns: %lld: the source has features 0 to %zu",
                                 input, (long long)item->integer, units - 1);
        out[0] = (size_t)item->integer;
        *n = 1;
        return DNN_OK;
    }
    if (item->type != DNN_NODE_STRING)
        return dnn_node_fail(DNN_E_CONFIG, item, "data.inputs.%s.columns: must be numbers or names of features", input);
    *n = columns_named(info, item->text, out);
    if (*n > 0) return DNN_OK;
    if (info->n_columns == 0)
        return dnn_node_fail(DNN_E_CONFIG, item,
                             "data.inputs.%s.columns: '%s': this source's features have numbers, not names", input,
                             item->text);
    const char *const near = dnn_nearest(item->text, (const char *const *)info->columns, info->n_columns);
    return dnn_node_fail(DNN_E_CONFIG, item, "data.inputs.%s.columns: no feature '%s'%s%s%s", input, item->text,
                         near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static dnn_status pick(dnn_dataset *ds, const dnn_node *columns, const dnn_source_info *info, dnn_view *view)
{
    const size_t units = dnn_shape_units(&info->x[0].shape);
    size_t *list = dnn_alloc(columns->count, units * sizeof *list);
    if (list == NULL) return DNN_E_MEMORY;
    dnn_status st = DNN_OK;
    size_t count = 0;
    for (size_t i = 0; i < columns->count && st == DNN_OK; i++) {
        size_t n = 0;
        st = columns_of(columns->items[i], view->info.name, info, units, list + count, &n);
        count += n;
    }
    if (st == DNN_OK) st = dnn_lists_add(ds, list, count * sizeof *list, &view->columns);
    dnn_free(list);
    view->picked = true;
    view->units = count;
    view->info.shape = dnn_shape_1(count);
    return st;
}

static dnn_status named_input(dnn_dataset *ds, const dnn_node *node, const dnn_source_info *info, dnn_view *view)
{
    view_of_array(&info->x[0], 0, view);
    if (strlen(node->key) >= sizeof view->info.name)
        return dnn_node_fail(DNN_E_CONFIG, node, "data.inputs: the name '%.20s…' is longer than %zu characters",
                             node->key, sizeof view->info.name - 1);
    snprintf(view->info.name, sizeof view->info.name, "%s", node->key);
    if (node->type == DNN_NODE_NULL) return DNN_OK;
    const dnn_node *const columns = dnn_node_find(node, "columns");
    if (node->type != DNN_NODE_MAP || columns == NULL || node->count != 1 || columns->type != DNN_NODE_LIST ||
        columns->count == 0)
        return dnn_node_fail(DNN_E_CONFIG, node,
                             "data.inputs.%s: must be {columns: [numbers or names of features]}, or null for all",
                             node->key);
    return pick(ds, columns, info, view);
}

static dnn_status named_inputs(dnn_dataset *ds, const dnn_node *inputs, const dnn_source_info *info)
{
    dnn_plan *const plan = &ds->plan;
    if (inputs->type != DNN_NODE_MAP || inputs->count == 0 || inputs->count > DNN_SOURCE_ARRAYS)
        return dnn_node_fail(DNN_E_CONFIG, inputs,
                             "data.inputs: must be a map of 1 to %d input names to {columns: [...]}",
                             DNN_SOURCE_ARRAYS);
    if (info->n_x != 1 || info->x[0].shape.rank != 1)
        return dnn_node_fail(DNN_E_CONFIG, inputs,
                             "data.inputs: needs a source with one row of features for each sample; %s has %s",
                             plan->kind, info->n_x != 1 ? "inputs of its own" : "samples of more axes");
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < inputs->count && st == DNN_OK; i++)
        st = named_input(ds, inputs->items[i], info, &plan->inputs[i]);
    plan->n_inputs = inputs->count;
    return st;
}

dnn_status dnn_views_make(dnn_dataset *ds, const dnn_data_config *config, const dnn_source_info *info)
{
    dnn_plan *const plan = &ds->plan;
    for (size_t i = 0; i < info->n_y; i++) view_of_array(&info->y[i], i, &plan->targets[i]);
    plan->n_targets = plan->n_target_views = info->n_y;
    plan->mirrors = config->targets != 0;
    plan->to_categorical = (dnn_to_categorical)config->to_categorical;
    if (plan->mirrors && config->scale.targets.kind != NULL && strcmp(config->scale.targets.kind->name, "none") != 0)
        return dnn_place_fail(DNN_E_CONFIG, config->scale.targets.place,
                              "data.scale.targets: with data.targets: inputs they are scaled as the inputs are");
    dnn_status st = DNN_OK;
    if (config->inputs != NULL && config->inputs->type != DNN_NODE_NULL) {
        st = named_inputs(ds, config->inputs, info);
    } else {
        for (size_t i = 0; i < info->n_x; i++) view_of_array(&info->x[i], i, &plan->inputs[i]);
        plan->n_inputs = info->n_x;
    }
    for (size_t i = 0; plan->mirrors && i < plan->n_inputs; i++)
        snprintf(plan->inputs[i].info.not_labels, sizeof plan->inputs[i].info.not_labels,
                 "data.targets: inputs are values");
    return st;
}
