/* Fitted scaling into a model file and back: {features: {x: {kind, shift: […], factor: […]}}, targets: {…}, fill: […], source: {…}};
 * lists of one number where all features share it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/inside.h"
#include "dnn/base/memory.h"

static dnn_node *numbers(const double *values, size_t n)
{
    bool same = n > 1;
    for (size_t j = 1; j < n && same; j++) same = values[j] == values[0];
    dnn_node *const list = dnn_node_list();
    if (list == NULL) return NULL;
    for (size_t j = 0; j < (same ? 1 : n); j++)
        if (dnn_node_append(list, dnn_node_real(values[j])) != DNN_OK) {
            dnn_node_destroy(list);
            return NULL;
        }
    return list;
}

static dnn_node *views(const dnn_dataset *ds, const dnn_view *view, size_t n)
{
    dnn_node *const map = dnn_node_map();
    dnn_status st = map == NULL ? DNN_E_MEMORY : DNN_OK;
    for (size_t i = 0; i < n && st == DNN_OK; i++) {
        if (!view[i].scaled) continue;
        dnn_node *const entry = dnn_node_map();
        if (entry == NULL) {
            st = DNN_E_MEMORY;
            break;
        }
        st = dnn_node_set(entry, "kind", dnn_node_string(view[i].kind));
        if (st == DNN_OK) st = dnn_node_set(entry, "units", dnn_node_int((int64_t)view[i].units));
        if (st == DNN_OK) st = dnn_node_set(entry, "shift", numbers(dnn_lists_at(ds, view[i].shift), view[i].units));
        if (st == DNN_OK) st = dnn_node_set(entry, "factor", numbers(dnn_lists_at(ds, view[i].factor), view[i].units));
        if (st == DNN_OK)
            st = dnn_node_set(map, view[i].info.name, entry);
        else
            dnn_node_destroy(entry);
    }
    if (st == DNN_OK) return map;
    dnn_node_destroy(map);
    return NULL;
}

dnn_node *dnn_dataset_fitted(const dnn_dataset *ds)
{
    const dnn_plan *const plan = &ds->plan;
    dnn_node *const root = dnn_node_map();
    if (root == NULL) return NULL;
    dnn_status st = dnn_node_set(root, "features", views(ds, plan->inputs, plan->n_inputs));
    if (st == DNN_OK) st = dnn_node_set(root, "targets", views(ds, plan->targets, plan->n_target_views));
    if (st == DNN_OK && plan->n_fill > 0) {
        dnn_node *const list = dnn_node_list();
        const double *const fill = dnn_lists_at(ds, plan->fill);
        st = list == NULL ? DNN_E_MEMORY : DNN_OK;
        for (size_t j = 0; j < plan->n_fill && st == DNN_OK; j++) st = dnn_node_append(list, dnn_node_real(fill[j]));
        if (st == DNN_OK)
            st = dnn_node_set(root, "fill", list);
        else
            dnn_node_destroy(list);
    }
    if (st == DNN_OK && ds->found != NULL) st = dnn_node_set(root, "source", dnn_node_copy(ds->found));
    if (st == DNN_OK) return root;
    dnn_node_destroy(root);
    return NULL;
}

static dnn_status take_numbers(dnn_dataset *ds, const dnn_node *list, const char *name, const char *what, size_t units,
                               size_t *offset)
{
    if (list == NULL || list->type != DNN_NODE_LIST || (list->count != 1 && list->count != units))
        return dnn_fail(DNN_E_MODEL, "scaling of '%s': `%s` must have 1 or %zu numbers", name, what, units);
    double *values = dnn_alloc(units, sizeof *values);
    if (values == NULL) return DNN_E_MEMORY;
    dnn_status st = DNN_OK;
    for (size_t j = 0; j < units && st == DNN_OK; j++) {
        const dnn_node *const item = list->items[list->count == 1 ? 0 : j];
        values[j] = item->real;
        const bool number = item->type == DNN_NODE_REAL || item->type == DNN_NODE_INT;
        if (!number || !isfinite(item->real) || (item->real == 0.0 && strcmp(what, "factor") == 0))
            st = dnn_fail(DNN_E_MODEL, "scaling of '%s': `%s` %zu is no number to scale by", name, what, j);
    }
    if (st == DNN_OK) st = dnn_lists_add(ds, values, units * sizeof *values, offset);
    dnn_free(values);
    return st;
}

static dnn_status take_view(dnn_dataset *ds, const dnn_node *entry, dnn_view *view)
{
    const dnn_node *const units = dnn_node_find(entry, "units"), *const kind = dnn_node_find(entry, "kind");
    if (units == NULL || units->type != DNN_NODE_INT || units->integer < 1 || units->integer > INT32_MAX ||
        kind == NULL || kind->type != DNN_NODE_STRING)
        return dnn_fail(DNN_E_MODEL, "scaling of '%s': must have kind and units", entry->key);
    if (view->units == 0) { /* targets that the source does not bring */
        view->units = (size_t)units->integer;
        view->info.shape = dnn_shape_1(view->units);
        snprintf(view->info.name, sizeof view->info.name, "%s", entry->key);
    }
    if (view->units != (size_t)units->integer)
        return dnn_fail(DNN_E_DATA, "the model was trained on %lld values of '%s', the source brings %zu",
                        (long long)units->integer, entry->key, view->units);
    dnn_status st = take_numbers(ds, dnn_node_find(entry, "shift"), entry->key, "shift", view->units, &view->shift);
    if (st == DNN_OK)
        st = take_numbers(ds, dnn_node_find(entry, "factor"), entry->key, "factor", view->units, &view->factor);
    snprintf(view->kind, sizeof view->kind, "%s", kind->text);
    view->scaled = st == DNN_OK;
    return st;
}

/* By name, or where there is one on both sides, whatever its name. */
static const dnn_node *entry_of(const dnn_node *map, const dnn_view *view, size_t n)
{
    const dnn_node *const named = dnn_node_find(map, view->info.name);
    return named == NULL && map->count == 1 && n == 1 ? map->items[0] : named;
}

static dnn_status take_views(dnn_dataset *ds, const dnn_node *map, dnn_view *view, size_t n)
{
    dnn_status st = DNN_OK;
    size_t found = 0;
    for (size_t i = 0; i < n && st == DNN_OK; i++) {
        const dnn_node *const entry = entry_of(map, &view[i], n);
        if (entry == NULL) continue;
        found++;
        st = take_view(ds, entry, &view[i]);
    }
    if (st == DNN_OK && found < map->count)
        st = dnn_fail(DNN_E_DATA, "the model's scaling names %zu arrays such as '%s', of which the source brings %zu",
                      map->count, map->items[0]->key, found);
    return st;
}

dnn_status dnn_fitted_take(dnn_dataset *ds, const dnn_node *fitted)
{
    dnn_plan *const plan = &ds->plan;
    const dnn_node *const features = dnn_node_find(fitted, "features"), *const targets =
                                                                            dnn_node_find(fitted, "targets");
    if (features == NULL || targets == NULL || features->type != DNN_NODE_MAP || targets->type != DNN_NODE_MAP ||
        targets->count > DNN_SOURCE_ARRAYS)
        return dnn_fail(DNN_E_MODEL, "the model's scaling must have features and targets");
    dnn_status st = take_views(ds, features, plan->inputs, plan->n_inputs);
    if (st != DNN_OK || plan->n_targets > 0)
        return st == DNN_OK ? take_views(ds, targets, plan->targets, plan->n_targets) : st;
    plan->n_target_views = targets->count;
    for (size_t i = 0; i < targets->count && st == DNN_OK; i++)
        st = take_view(ds, targets->items[i], &plan->targets[i]);
    return st;
}
