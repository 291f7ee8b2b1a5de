/* Shared objects: found, the same on all ranks, loaded once, written down in model files. */
#include "train/plugins.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/exchange/model_file.h"
#include "dnn/io/file.h"

enum { PLUGIN_LIMIT = 256 << 20, MAX_PLUGINS = 32 };

typedef struct loaded { char *path; char digest[33]; } loaded;

static loaded plugins[MAX_PLUGINS];
static size_t n_plugins;

static dnn_status digest_of(const char *path, dnn_status missing, char digest[33])
{
    char *bytes = NULL;
    size_t length = 0;
    const dnn_status st = dnn_file_read(path, PLUGIN_LIMIT, missing, &bytes, &length);
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

/* `wanted`: the digest that it must have; NULL: any. */
static dnn_status load_everywhere(dnn_comm *comm, const char *path, const char *wanted)
{
    char digest[33] = "";
    dnn_status st = dnn_agree(comm, digest_of(path, wanted ? DNN_E_MODEL : DNN_E_CONFIG, digest));
    if (st != DNN_OK) return st;
    if (!dnn_comm_same(comm, digest, sizeof digest))
        return dnn_fail(DNN_E_RANKS, "plug-in %s: is not the same file on all ranks; copy one to every machine", path);
    if (has(digest)) return DNN_OK;
    if (wanted && strcmp(wanted, digest) != 0)
        return dnn_fail(DNN_E_MODEL, "plug-in %s: has changed since the model was trained with it; to use it as it is now say --plugin %s", path, path);
    return dnn_agree(comm, load(path, digest));
}

dnn_status dnn_plugins_load(dnn_comm *comm, const char *const *paths, size_t count)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < count && st == DNN_OK; i++) st = load_everywhere(comm, paths[i], NULL);
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
        st = load_everywhere(comm, item->text, NULL);
        if (st != DNN_OK) st = dnn_fail_in(st, "%s", dnn_place_text(item->place, place, sizeof place));
    }
    return st;
}

static bool known(const char *path)
{
    for (size_t i = 0; i < n_plugins; i++)
        if (strcmp(plugins[i].path, path) == 0) return true;
    return false;
}

/* Rank 0 reads which; all load them. */
dnn_status dnn_plugins_load_model(dnn_comm *comm, const char *model_file)
{
    dnn_node *map = NULL;
    size_t count = 0, length = 0;
    if (dnn_comm_rank(comm) == 0) {
        if (dnn_model_peek(model_file, &map) != DNN_OK) dnn_fail_clear();
        const dnn_node *list = dnn_node_find(map, "plugins");
        count = list && list->type == DNN_NODE_MAP ? list->count : 0;
    }
    dnn_comm_broadcast(comm, &count, sizeof count, 0);
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < count && st == DNN_OK; i++) {
        const dnn_node *item = dnn_comm_rank(comm) == 0 ? dnn_node_find(map, "plugins")->items[i] : NULL;
        void *text = item ? dnn_format("%s%c%s", item->key, '\n', item->type == DNN_NODE_STRING ? item->text : "") : NULL;
        length = text ? strlen(text) : 0;
        st = dnn_agree_root(comm, text || dnn_comm_rank(comm) ? DNN_OK : DNN_E_MEMORY);
        if (st == DNN_OK) st = dnn_comm_broadcast_block(comm, &text, &length, 0);
        char *digest = st == DNN_OK ? memchr(text, '\n', length) : NULL;
        char *path = digest ? dnn_format("%.*s", (int)(digest - (char *)text), (char *)text) : NULL;
        char *wanted = digest ? dnn_format("%.*s", (int)(length - (size_t)(digest + 1 - (char *)text)), digest + 1) : NULL;
        if (st == DNN_OK) st = dnn_agree(comm, path && wanted ? DNN_OK : DNN_E_MEMORY);
        if (st == DNN_OK && !known(path)) st = load_everywhere(comm, path, wanted);
        if (st != DNN_OK) st = dnn_fail_in(st, "%s: was trained with a plug-in", model_file);
        dnn_free(path);
        dnn_free(wanted);
        dnn_free(text);
    }
    dnn_node_destroy(map);
    return st;
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
