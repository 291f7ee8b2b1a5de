/* From a plug-in's table to the families. */
#include <stdio.h>
#include <string.h>

#include "dnn/nn/reference.h"
#include "train/setup/plugins.h"

/* Which list of the table belongs to which family. `both`: the functions work on float in either build, so the one half serves both;
 * `real`: each build needs its own. The others are no part of the double build. */
static const struct {
    size_t offset;
    dnn_family *family, *also;
    bool both, real;
} lists[] = {
    { offsetof(dnn_plugin, layers), .family = &dnn_layers, .real = true },
    { offsetof(dnn_plugin, activations), .family = &dnn_activations, .real = true },
    { offsetof(dnn_plugin, initializers), .family = &dnn_initializers, .both = true },
    { offsetof(dnn_plugin, regularizers), .family = &dnn_regularizers, .both = true },
    { offsetof(dnn_plugin, constraints), .family = &dnn_constraints, .both = true },
    { offsetof(dnn_plugin, losses), .family = &dnn_losses, .also = &dnn_metrics, .real = true },
    { offsetof(dnn_plugin, metrics), .family = &dnn_metrics },
    { offsetof(dnn_plugin, optimizers), .family = &dnn_optimizers },
    { offsetof(dnn_plugin, schedules), .family = &dnn_schedules },
    { offsetof(dnn_plugin, callbacks), .family = &dnn_callbacks },
};
enum { LISTS = sizeof lists / sizeof *lists };

static const char *no_double; /* who brought layers, activations or losses without their half in double */

static dnn_status judge(const dnn_plugin *plugin, const char *from)
{
    static const uint32_t layout[DNN_PLUGIN_SIZES] = DNN_PLUGIN_LAYOUT;
    if (plugin->abi != DNN_PLUGIN_ABI)
        return dnn_fail(DNN_E_CONFIG, "%s: made for plug-ins of version %u, this program takes version %d; compile it again with the headers of "
                        "dnn-mpi %s", from, plugin->abi, DNN_PLUGIN_ABI, DNN_VERSION);
    if (memcmp(plugin->sizes, layout, sizeof layout) == 0) return DNN_OK;
    return dnn_fail(DNN_E_CONFIG, "%s: compiled with headers whose structures differ from this program's; compile it again with those of dnn-mpi %s",
                    from, DNN_VERSION);
}

/* Every descriptor begins with its dnn_kind, so a list of them reads as one of heads. */
static const dnn_kind *member(const dnn_plugin *plugin, size_t list, size_t i)
{
    const void *const *at;
    memcpy(&at, (const char *)plugin + lists[list].offset, sizeof at);
    return at ? at[i] : NULL;
}

static dnn_status add(const dnn_plugin *plugin, size_t list)
{
    dnn_status st = DNN_OK;
    const dnn_kind *kind;
    for (size_t i = 0; st == DNN_OK && (kind = member(plugin, list, i)); i++) {
        st = dnn_family_add(lists[list].family, kind);
        if (st == DNN_OK && lists[list].also) st = dnn_family_add(lists[list].also, kind);
        if (st == DNN_OK && lists[list].both) st = dnn_reference_add(lists[list].family->name, kind);
    }
    return st;
}

/* Both halves must bring the same names: a network is built from them in both builds. */
static dnn_status add_double(const dnn_plugin *plugin, const dnn_plugin *doubles, size_t list)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; st == DNN_OK && (member(plugin, list, i) || member(doubles, list, i)); i++) {
        const dnn_kind *mine = member(plugin, list, i), *other = member(doubles, list, i);
        if (!mine || !other || strcmp(mine->name, other->name) != 0)
            return dnn_fail(DNN_E_CONFIG, "%s '%s': its half in double brings '%s' there; both halves must come from the same source",
                            lists[list].family->name, mine ? mine->name : "", other ? other->name : "");
        st = dnn_reference_add(lists[list].family->name, other);
    }
    return st;
}

dnn_status dnn_plugin_register(const dnn_plugin *plugin, const dnn_plugin *doubles, const char *from)
{
    dnn_status st = judge(plugin, from);
    if (st == DNN_OK && doubles) st = judge(doubles, from);
    if (st != DNN_OK) return st;
    for (size_t i = 0; i < LISTS && st == DNN_OK; i++) {
        st = add(plugin, i);
        if (st != DNN_OK || !lists[i].real) continue;
        if (doubles) st = add_double(plugin, doubles, i);
        else if (member(plugin, i, 0)) no_double = dnn_place_intern(from);
    }
    return st == DNN_OK ? DNN_OK : dnn_fail_in(st, "%s", from);
}

const char *dnn_plugins_without_double(void) { return no_double; }

void plugin_families_forget(void)
{
    for (size_t i = 0; i < LISTS; i++) {
        dnn_family_forget(lists[i].family);
        if (lists[i].also) dnn_family_forget(lists[i].also);
    }
    dnn_reference_forget();
    no_double = NULL;
}
