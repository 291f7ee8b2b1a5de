/* /dnn_mpi: what Keras has no place for.
 *
 *     attributes  format_version, dnn_mpi_version, hdf5_version
 *     model       the network as a run file says it; model_config is its translation, which loses what Keras does not
 * have training    loss, metrics and optimizer likewise, where there are any section     what the caller keeps there
 *     checksums   map of the paths of all arrays to XXH3-64 of their values
 *     arrays/     the caller's named arrays
 *     optimizer_scalars */
#include "exchange/parts.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/io/tree.h"

enum { MAX_JSON = 256 << 20 };

static dnn_status write_json(model_writer *w, const char *path, const dnn_node *node)
{
    char *text = NULL;
    dnn_status st = node ? dnn_json_write(node, &text) : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_hdf5_write_text(w->hdf5, path, text);
    dnn_free(text);
    return st;
}

static dnn_status write_model(model_writer *w)
{
    dnn_node *model = dnn_graph_write(w->content->graph);
    const dnn_status st = write_json(w, "/dnn_mpi/model", model);
    dnn_node_destroy(model);
    return st;
}

static dnn_status write_training(model_writer *w)
{
    const dnn_model_content *c = w->content;
    if (!c->training) return DNN_OK;
    dnn_node *training = dnn_node_copy(c->training);
    dnn_status st = training ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK && c->optimizer) st = dnn_node_set(training, "optimizer", dnn_component_write(c->optimizer));
    if (st == DNN_OK) st = write_json(w, "/dnn_mpi/training", training);
    dnn_node_destroy(training);
    return st;
}

static dnn_status array_path(const char *name, char *out)
{
    const bool fit = *name && !strchr(name, '/');
    if (fit && (size_t)snprintf(out, MAX_NAME, "/dnn_mpi/arrays/%s", name) < MAX_NAME) return DNN_OK;
    return dnn_fail(DNN_E_INTERNAL, "'%s' is no name for an array of a model file", name);
}

static dnn_status write_arrays(model_writer *w)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < w->content->n_arrays && st == DNN_OK; i++) {
        const dnn_model_array *a = &w->content->arrays[i];
        char path[MAX_NAME];
        st = array_path(a->name, path);
        if (st == DNN_OK) st = values_write(w, path, DNN_HDF5_FLOAT, 1, &a->count, a->values);
    }
    return st;
}

dnn_status section_write(model_writer *w)
{
    dnn_status st = dnn_hdf5_group_make(w->hdf5, "/dnn_mpi");
    if (st == DNN_OK) st = dnn_hdf5_attribute_write_integer(w->hdf5, "/dnn_mpi", "format_version", DNN_FORMAT_VERSION);
    if (st == DNN_OK) st = dnn_hdf5_attribute_write_text(w->hdf5, "/dnn_mpi", "dnn_mpi_version", DNN_VERSION);
    if (st == DNN_OK) st = dnn_hdf5_attribute_write_text(w->hdf5, "/dnn_mpi", "hdf5_version", dnn_hdf5_version());
    if (st == DNN_OK) st = write_model(w);
    if (st == DNN_OK) st = write_training(w);
    if (st == DNN_OK && w->content->section) st = write_json(w, "/dnn_mpi/section", w->content->section);
    if (st == DNN_OK) st = write_arrays(w);
    if (st == DNN_OK) st = write_json(w, "/dnn_mpi/checksums", w->sums);
    return st;
}

/* NULL and DNN_OK where there is none and none is needed. */
static dnn_status read_json(dnn_model_file *file, const char *path, bool needed, dnn_node **out)
{
    dnn_hdf5_object object;
    char *text = NULL;
    size_t length;
    *out = NULL;
    dnn_status st = dnn_hdf5_find(file->hdf5, path, &object);
    if (st == DNN_OK && object == DNN_HDF5_NOTHING) return needed ? model_fail(file, path, "is missing") : DNN_OK;
    if (st == DNN_OK) st = dnn_hdf5_read_text(file->hdf5, path, MAX_JSON, &text, &length);
    if (st == DNN_OK && dnn_json_parse(text, length, file->path, out) != DNN_OK)
        st = dnn_fail_in(DNN_E_MODEL, "%s: %s", file->path, path);
    if (st == DNN_OK && (*out)->type != DNN_NODE_MAP) st = model_fail(file, path, "is no map");
    dnn_free(text);
    return st;
}

dnn_status section_read(dnn_model_file *file)
{
    int64_t version = 0;
    bool found;
    dnn_status st = dnn_hdf5_attribute_integer(file->hdf5, "/dnn_mpi", "format_version", &version, &found);
    if (st == DNN_OK && !found) st = model_fail(file, "/dnn_mpi", "has no format_version");
    if (st == DNN_OK && (version < 1 || version > DNN_FORMAT_VERSION))
        st = model_fail(file, "/dnn_mpi", "was written in format %lld; this program reads up to %d", (long long)version,
                        DNN_FORMAT_VERSION);
    if (st == DNN_OK) st = read_json(file, "/dnn_mpi/checksums", true, &file->sums);
    if (st == DNN_OK) st = read_json(file, "/dnn_mpi/model", true, &file->architecture);
    if (st == DNN_OK) st = read_json(file, "/dnn_mpi/training", false, &file->training);
    if (st == DNN_OK) st = read_json(file, "/dnn_mpi/section", false, &file->section);
    return st;
}

dnn_status dnn_model_array_read(dnn_model_file *file, const char *name, float *values, size_t count, bool *found)
{
    char path[MAX_NAME];
    dnn_hdf5_object object = DNN_HDF5_NOTHING;
    *found = false;
    if (!file->ours) return DNN_OK;
    dnn_status st = array_path(name, path);
    if (st == DNN_OK) st = dnn_hdf5_find(file->hdf5, path, &object);
    if (st != DNN_OK || object != DNN_HDF5_DATASET) return st;
    st = values_check(file, path, &(dnn_shape){.rank = 1, .dim = {count}}, "the array wanted");
    if (st == DNN_OK) st = values_read(file, path, DNN_HDF5_FLOAT, count, values);
    *found = st == DNN_OK;
    return st;
}
