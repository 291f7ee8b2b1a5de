/* Shared objects: found, the same on all ranks, loaded once, written down in model files. */
#include "train/setup/plugins.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/exchange/model_file.h"
#include "dnn/io/file.h"

enum { PLUGIN_LIMIT = 256 << 20, MAX_PLUGINS = 32 };

typedef struct loaded { char *path; char digest[33]; } loaded;

static loaded plugins[MAX_PLUGINS];
static size_t n_plugins;

static dnn_status digest_of(const char *path, char digest[33])
{
    char *bytes = NULL;
    size_t length = 0;
    const dnn_status st = dnn_file_read(path, PLUGIN_LIMIT, DNN_E_CONFIG, &bytes, &length);
    if (st != DNN_OK) return dnn_fail_in(st, "plug-in");
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, length));
    for (size_t i = 0; i < 16; i++) snprintf(digest + 2 * i, 3, "%02x", canonical.digest[i]);
    dnn_free(bytes);
    return DNN_OK;
}

static bool has(const char *digest)
{
    for (size_t i = 0; i < n_plugins; i++)
        if (strcmp(plugins[i].digest, digest) == 0) return true;
    return false;
}

/* A path, never a name that the linker looks for elsewhere. */
static void *open_object(const char *path)
{
    char *here = strchr(path, '/') ? dnn_strdup(path) : dnn_format("./%s", path);
    void *object = here ? dlopen(here, RTLD_NOW | RTLD_LOCAL) : NULL;
    dnn_free(here);
    return object;
}

/* The object is never closed: its descriptors are members of the families. */
static dnn_status load(const char *path, const char *digest)
{
    if (n_plugins == MAX_PLUGINS) return dnn_fail(DNN_E_CONFIG, "plug-in %s: more than %d", path, MAX_PLUGINS);
    void *object = open_object(path);
    if (!object) {
        const char *why = dlerror();
        return dnn_fail(DNN_E_CONFIG, "plug-in %s: cannot be loaded: %s; it must be a shared object compiled for this machine and this version "
                        "(cc -fPIC -shared …)", path, why ? why : "unknown error");
    }
    const dnn_plugin *table = dlsym(object, "dnn_plugin_float"), *doubles = dlsym(object, "dnn_plugin_double");
    if (!table) return dnn_fail(DNN_E_CONFIG, "plug-in %s: has no table of what it brings; end its source with DNN_PLUGIN(…) (dnn/train/plugin.h)", path);
    const dnn_status st = dnn_plugin_register(table, doubles, path);
    if (st != DNN_OK) return dnn_fail_in(st, "plug-in");
    loaded *l = &plugins[n_plugins];
    l->path = dnn_strdup(path);
    if (!l->path) return DNN_E_MEMORY;
    snprintf(l->digest, sizeof l->digest, "%s", digest);
    n_plugins++;
    return DNN_OK;
}

static dnn_status load_everywhere(dnn_comm *comm, const char *path)
{
    char digest[33] = "";
    dnn_status st = dnn_agree(comm, digest_of(path, digest));
    if (st != DNN_OK) return st;
    if (!dnn_comm_same(comm, digest, sizeof digest))
        return dnn_fail(DNN_E_RANKS, "plug-in %s: is not the same file on all ranks; copy one to every machine", path);
    if (has(digest)) return DNN_OK;
    return dnn_agree(comm, load(path, digest));
}

dnn_status dnn_plugins_load(dnn_comm *comm, const char *const *paths, size_t count)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < count && st == DNN_OK; i++) st = load_everywhere(comm, paths[i]);
    return st;
}

dnn_status dnn_plugins_load_tree(dnn_comm *comm, const dnn_node *root)
{
    const dnn_node *list = dnn_node_find(root, "plugins");
    const bool alone = list && list->type == DNN_NODE_STRING;
    dnn_status st = DNN_OK;
    if (!list || list->type == DNN_NODE_NULL) return DNN_OK;
    if (!alone && list->type != DNN_NODE_LIST)
        return dnn_node_fail(DNN_E_CONFIG, list, "plugins: must be a list of shared objects, as in [./my_layer.so]");
    for (size_t i = 0; i < (alone ? 1 : list->count) && st == DNN_OK; i++) {
        const dnn_node *item = alone ? list : list->items[i];
        char place[512];
        if (item->type != DNN_NODE_STRING) return dnn_node_fail(DNN_E_CONFIG, item, "plugins: must be a list of paths of shared objects");
        st = load_everywhere(comm, item->text);
        if (st != DNN_OK) st = dnn_fail_in(st, "%s", dnn_place_text(item->place, place, sizeof place));
    }
    return st;
}

static const loaded *known(const char *path)
{
    for (size_t i = 0; i < n_plugins; i++)
        if (strcmp(plugins[i].path, path) == 0) return &plugins[i];
    return NULL;
}

static dnn_status check_one(const char *model_file, const dnn_node *item)
{
    const char *digest = item->type == DNN_NODE_STRING ? item->text : "";
    if (has(digest)) return DNN_OK;
    if (known(item->key)) {
        dnn_warn("%s: plug-in %s has changed since the model was trained with it", model_file, item->key);
        return DNN_OK;
    }
    return dnn_fail(DNN_E_MODEL, "%s: was trained with plug-in %s: say --plugin %s if you trust that file; a model file does not make code run",
                    model_file, item->key, item->key);
}

dnn_status dnn_plugins_check_model(dnn_comm *comm, const char *model_file)
{
    dnn_node *map = NULL;
    dnn_status st = DNN_OK;
    if (dnn_comm_rank(comm) == 0) {
        if (dnn_model_peek(model_file, &map) != DNN_OK) dnn_fail_clear();
        const dnn_node *list = dnn_node_find(map, "plugins");
        for (size_t i = 0; list && list->type == DNN_NODE_MAP && i < list->count && st == DNN_OK; i++)
            st = check_one(model_file, list->items[i]);
    }
    dnn_node_destroy(map);
    return dnn_agree_root(comm, st);
}

dnn_node *dnn_plugins_write(void)
{
    dnn_node *map = dnn_node_map();
    for (size_t i = 0; i < n_plugins && map; i++)
        if (dnn_node_set(map, plugins[i].path, dnn_node_string(plugins[i].digest)) != DNN_OK) {
            dnn_node_destroy(map);
            map = NULL;
        }
    return map;
}

void dnn_plugins_forget(void)
{
    for (size_t i = 0; i < n_plugins; i++) dnn_free(plugins[i].path);
    n_plugins = 0;
    plugin_families_forget();
}
