/* A model file that holds what Keras knows and nothing else. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/exchange/export.h"
#include "dnn/io/file.h"
#include "dnn/io/tree.h"
#include "exchange/keras.h"
#include "exchange/parts.h"

static dnn_status check_layers(const dnn_graph *g)
{
    for (size_t i = 0; i < g->n_layers; i++)
        if (!g->layers[i].internal && !g->layers[i].kind->kind.keras)
            return dnn_fail(DNN_E_MODEL, "layer '%s': Keras has no %s", g->layers[i].name, g->layers[i].kind->kind.name);
    return DNN_OK;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), of_end = strlen(end);
    return length >= of_end && strcmp(text + length - of_end, end) == 0;
}

static bool is_ours(const dnn_node *component)
{
    const dnn_node *module = dnn_node_find(component, "module");
    return module && module->type == DNN_NODE_STRING && strcmp(module->text, "dnn_mpi") == 0;
}

/* What only training needs may go; anything else of ours would change what the network computes. */
static dnn_status leave_out(dnn_node *config, const char *layer)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < config->count && st == DNN_OK; i++) {
        const dnn_node *child = config->items[i];
        if (!is_ours(child)) continue;
        const char *key = child->key, *name = dnn_node_find(child, "class_name")->text;
        if (!ends_with(key, "_regularizer") && !ends_with(key, "_constraint") && !ends_with(key, "_initializer"))
            return dnn_fail(DNN_E_MODEL, "layer '%s': %s: Keras has no %s", layer, key, name);
        dnn_info("layer '%s': %s %s is left out: Keras does not have it, and only training needs it", layer, key, name);
        char *kept = dnn_strdup(key);
        if (!kept) return DNN_E_MEMORY;
        if (ends_with(kept, "_initializer")) dnn_node_remove(config, kept), i--;
        else st = dnn_node_set(config, kept, dnn_node_null());
        dnn_free(kept);
    }
    return st;
}

static dnn_status write_config(model_writer *w)
{
    dnn_node *model = NULL;
    char *text = NULL;
    dnn_status st = keras_model_write(w->content->graph, &model);
    const dnn_node *layers = st == DNN_OK ? dnn_node_at(model, "config.layers") : NULL;
    for (size_t i = 0; layers && i < layers->count && st == DNN_OK; i++) {
        dnn_node *config = dnn_node_find(layers->items[i], "config");
        st = leave_out(config, dnn_node_find(config, "name")->text);
    }
    if (st == DNN_OK) st = dnn_json_write(model, &text);
    if (st == DNN_OK) st = dnn_hdf5_attribute_write_text(w->hdf5, "/", "model_config", text);
    dnn_free(text);
    dnn_node_destroy(model);
    return st;
}

static dnn_status write_file(model_writer *w, const char *path)
{
    dnn_status st = dnn_hdf5_create(path, 0, &w->hdf5);
    if (st != DNN_OK) return st;
    st = dnn_hdf5_attribute_write_text(w->hdf5, "/", "keras_version", KERAS_VERSION);
    if (st == DNN_OK) st = dnn_hdf5_attribute_write_text(w->hdf5, "/", "backend", "tensorflow");
    if (st == DNN_OK) st = write_config(w);
    if (st == DNN_OK) st = weights_write(w);
    const dnn_status closed = dnn_hdf5_close(w->hdf5);
    return st == DNN_OK ? closed : st;
}

/* As any reader of Keras files would. */
static dnn_status look_again(const char *path, const dnn_graph *g, const float *weights)
{
    dnn_model_file *file = NULL;
    float *read = dnn_alloc(g->segments.total, sizeof *read);
    dnn_status st = read ? dnn_model_open(path, &file) : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_model_weights(file, g, read);
    for (size_t s = 0; s < g->segments.count && st == DNN_OK; s++) {
        const dnn_segment *one = &g->segments.at[s];
        if (memcmp(read + one->offset, weights + one->offset, one->length * sizeof *read) != 0)
            st = dnn_fail(DNN_E_IO, "%s: weight '%s' does not read back as it was written", path, one->name);
    }
    dnn_model_close(file);
    dnn_free(read);
    return st;
}

dnn_status dnn_keras_export(const char *path, const dnn_graph *graph, const float *weights, bool half)
{
    const dnn_model_content content = { .graph = graph, .weights = weights };
    model_writer w = { .content = &content, .sequential = keras_is_sequential(graph), .half = half };
    dnn_status st = check_layers(graph);
    if (st != DNN_OK) return st;
    char *temporary = dnn_format("%s.tmp-%ld", path, (long)getpid());
    if (!temporary) return DNN_E_MEMORY;
    unlink(temporary);
    st = write_file(&w, temporary);
    if (st == DNN_OK) st = look_again(temporary, graph, weights);
    if (st == DNN_OK && rename(temporary, path) != 0)
        st = dnn_fail(DNN_E_IO, "%s: cannot be put in place: %s", path, strerror(errno));
    if (st != DNN_OK) unlink(temporary);
    dnn_free(temporary);
    return st == DNN_OK ? dnn_folder_sync(path) : st;
}
