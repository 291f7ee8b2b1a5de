/* Members that join a family after the program was built: plug-ins, and programs with layers of their own. */
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/param.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

static dnn_status judge_row(const dnn_family *family, const dnn_kind *kind, const dnn_param *row)
{
    if (!row->key || !row->key[0]) return dnn_fail(DNN_E_CONFIG, "%s '%s': a parameter row has no key", family->name, kind->name);
    if (row->offset >= kind->params_size)
        return dnn_fail(DNN_E_CONFIG, "%s '%s': parameter '%s' lies behind the end of its struct of %zu bytes (params_size)", family->name,
                        kind->name, row->key, kind->params_size);
    if (dnn_params_find(family->common, family->n_common, row->key))
        return dnn_fail(DNN_E_CONFIG, "%s '%s': every %s has a parameter '%s' already", family->name, kind->name, family->name, row->key);
    return DNN_OK;
}

static dnn_status judge(const dnn_family *family, const dnn_kind *kind)
{
    if (!kind->name || !kind->name[0] || kind->name[strspn(kind->name, letters)])
        return dnn_fail(DNN_E_CONFIG, "%s '%s': a name has small letters, digits and '_' alone", family->name, kind->name ? kind->name : "");
    if (dnn_family_find(family, kind->name))
        return dnn_fail(DNN_E_CONFIG, "%s '%s': there is one of this name already; choose another", family->name, kind->name);
    if (!kind->help) return dnn_fail(DNN_E_CONFIG, "%s '%s': has no help, one line on what it does", family->name, kind->name);
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < kind->n_params && st == DNN_OK; i++) st = judge_row(family, kind, &kind->params[i]);
    return st;
}

dnn_status dnn_family_add(dnn_family *family, const dnn_kind *kind)
{
    const dnn_status st = judge(family, kind);
    if (st != DNN_OK) return st;
    const dnn_kind **more = dnn_alloc(family->count + 1, sizeof *more);
    if (!more) return DNN_E_MEMORY;
    memcpy(more, family->kinds, family->count * sizeof *more);
    more[family->count] = kind;
    if (!family->grown) {
        family->own = family->kinds;
        family->own_count = family->count;
    }
    dnn_free(family->grown);
    family->kinds = family->grown = more;
    family->count++;
    return DNN_OK;
}

void dnn_family_forget(dnn_family *family)
{
    if (!family->grown) return;
    family->kinds = family->own;
    family->count = family->own_count;
    dnn_free(family->grown);
    family->grown = NULL;
}
