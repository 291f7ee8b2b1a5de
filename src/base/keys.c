/* Keys and names that are not known, and what was probably meant. */
#include "params.h"

#include <stdio.h>
#include <string.h>

enum { MAX_CANDIDATES = 128 };

const char *dnn_path_join(const char *path, const char *key, char out[DNN_PATH_TEXT])
{
    if (snprintf(out, DNN_PATH_TEXT, "%s%s%s", path, *path ? "." : "", key) < 0) out[0] = '\0'; /* cut where it is too long */
    return out;
}

/* All candidates where they are few enough to read, or nothing. */
static void enumerate(const char *const *candidates, size_t count, char *out, size_t size)
{
    enum { FEW = 40 };
    out[0] = '\0';
    if (count == 0 || count > FEW) return;
    int used = snprintf(out, size, "; known: ");
    for (size_t i = 0; i < count && used > 0 && (size_t)used < size; i++)
        used += snprintf(out + used, size - (size_t)used, "%s%s", i ? ", " : "", candidates[i]);
    if (used < 0 || (size_t)used >= size) out[0] = '\0';
}

const char *dnn_suggest(const char *word, const char *const *candidates, size_t count, char *out, size_t size)
{
    const char *nearest = dnn_nearest(word, candidates, count);
    if (nearest) snprintf(out, size, "; did you mean '%s'?", nearest);
    else enumerate(candidates, count, out, size);
    return out;
}

static bool takes(const dnn_family *family, const char *key)
{
    for (size_t i = 0; i < family->count; i++)
        if (dnn_params_find(family->kinds[i]->params, family->kinds[i]->n_params, key)) return true;
    return false;
}

/* The key belongs further down, in a section or in a component: `epochs` into training.epochs, `learning_rate` into
 * training.optimizer.NAME.learning_rate. */
static bool find_below(const char *word, const dnn_param *rows, size_t count, const char *path, char out[DNN_PATH_TEXT])
{
    char own[DNN_PATH_TEXT], named[DNN_PATH_TEXT];
    for (size_t i = 0; i < count; i++) {
        const dnn_param *row = &rows[i];
        dnn_path_join(path, row->key, own);
        if (row->type == DNN_PARAM_SECTION && dnn_params_find(row->rows, row->n_rows, word)) {
            dnn_path_join(own, word, out);
            return true;
        }
        if (row->type == DNN_PARAM_SECTION && find_below(word, row->rows, row->n_rows, own, out)) return true;
        if (row->type == DNN_PARAM_COMPONENT && takes(row->family, word)) {
            dnn_path_join(dnn_path_join(own, "NAME", named), word, out);
            return true;
        }
    }
    return false;
}

const char *dnn_suggest_key(const char *path, const char *word, const dnn_row_set *sets, size_t n_sets, char *out, size_t size)
{
    const char *candidates[MAX_CANDIDATES];
    size_t count = 0;
    for (size_t s = 0; s < n_sets; s++)
        for (size_t i = 0; i < sets[s].count && count < MAX_CANDIDATES; i++) candidates[count++] = sets[s].rows[i].key;
    if (count == 0) {
        snprintf(out, size, "; there are no parameters here");
        return out;
    }
    char whole[DNN_PATH_TEXT];
    for (size_t s = 0; s < n_sets && *word; s++) {
        if (!find_below(word, sets[s].rows, sets[s].count, path, whole)) continue;
        snprintf(out, size, "; did you mean '%s'?", whole);
        return out;
    }
    return dnn_suggest(word, candidates, count, out, size);
}

dnn_status dnn_keys_check(const dnn_row_set *sets, size_t n_sets, const char *path, const dnn_node *map)
{
    for (size_t i = 0; map && map->type == DNN_NODE_MAP && i < map->count; i++) {
        const dnn_node *child = map->items[i];
        bool known = false;
        for (size_t s = 0; s < n_sets; s++) known = known || dnn_params_find(sets[s].rows, sets[s].count, child->key);
        if (known) continue;
        char full[DNN_PATH_TEXT], hint[512];
        return dnn_place_fail(DNN_E_CONFIG, child->key_place.file ? child->key_place : child->place, "%s: unknown key%s",
                              dnn_path_join(path, child->key, full),
                              dnn_suggest_key(path, child->key, sets, n_sets, hint, sizeof hint));
    }
    return DNN_OK;
}

dnn_status dnn_kind_unknown(const dnn_family *family, dnn_place place, const char *path, const char *name)
{
    const char *candidates[MAX_CANDIDATES];
    size_t count = 0;
    for (; count < family->count && count < MAX_CANDIDATES; count++) candidates[count] = family->kinds[count]->name;
    char hint[700];
    dnn_suggest(name, candidates, count, hint, sizeof hint);
    if (!*hint) snprintf(hint, sizeof hint, "; 'dnn-mpi list %s' shows all", family->name);
    const bool number = family->number_kind && !strchr(hint, '?'); /* a near name leaves nothing to add */
    return dnn_place_fail(DNN_E_CONFIG, place, "%s%sunknown %s '%s'%s%s", path ? path : "", path && *path ? ": " : "", family->name,
                          name, hint, number ? ", or a number" : "");
}
