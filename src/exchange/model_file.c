/* Opening and judging model files. Ours: by header and digest before HDF5 sees them. Everything, ours included, then
 * object by object: the network is built from the description, and each array must be there in the shape that the
 * network gives it. */
#include "exchange/parts.h"

#include <stdlib.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/io/tree.h"
#include "exchange/header.h"
#include "exchange/keras.h"

/* A JSON attribute of the root; NULL and DNN_OK where there is none. */
static dnn_status read_config(dnn_model_file *f, const char *name, dnn_node **out)
{
    char *text;
    *out = NULL;
    dnn_status st = dnn_hdf5_attribute_text(f->hdf5, "/", name, &text);
    if (st != DNN_OK || !text) return st;
    st = dnn_json_parse(text, strlen(text), f->path, out);
    if (st != DNN_OK && st != DNN_E_MEMORY) st = dnn_fail_in(DNN_E_MODEL, "%s", name);
    dnn_free(text);
    return st;
}

static dnn_status version_of(dnn_model_file *f, keras_source *source)
{
    char *text;
    const dnn_status st = dnn_hdf5_attribute_text(f->hdf5, "/", "keras_version", &text);
    if (st != DNN_OK) return st;
    source->major = text && atoi(text) >= 3 ? 3 : 2;
    dnn_free(text);
    return DNN_OK;
}

/* The network that the description makes, and where its weights are. */
static dnn_status build(dnn_model_file *f)
{
    const dnn_status st = dnn_graph_create(f->architecture, NULL, 0, &f->graph);
    if (st != DNN_OK) return st == DNN_E_MEMORY ? st : dnn_fail_in(DNN_E_MODEL, "%s: model_config", f->path);
    return weights_open(f);
}

static dnn_status find_weights(dnn_model_file *f)
{
    dnn_hdf5_object object;
    const dnn_status st = dnn_hdf5_find(f->hdf5, "/model_weights", &object);
    f->weights = object == DNN_HDF5_GROUP ? "/model_weights" : "";
    return st;
}

/* Without a description a file is of use to whom brings the network. */
static dnn_status judge_weights_alone(dnn_model_file *f)
{
    dnn_strings layers;
    bool found;
    const dnn_status st =
        dnn_hdf5_attribute_texts(f->hdf5, *f->weights ? f->weights : "/", "layer_names", &layers, &found);
    dnn_hdf5_names_clear(&layers);
    if (st != DNN_OK || found) return st;
    return dnn_fail(DNN_E_MODEL, "%s: is no model file of Keras: it has neither model_config nor layer_names; what is read is written by model.save(\"x.h5\")", f->path);
}

static dnn_status read_foreign(dnn_model_file *f)
{
    keras_source source;
    dnn_node *model = NULL, *training = NULL;
    dnn_status st = version_of(f, &source);
    if (st == DNN_OK) st = read_config(f, "model_config", &model);
    if (st == DNN_OK && !model) return judge_weights_alone(f);
    if (st != DNN_OK) return st;
    st = keras_model_read(&source, model, &f->architecture, &f->models);
    if (st != DNN_OK && st != DNN_E_MEMORY) st = dnn_fail_in(st, "%s: model_config", f->path);
    if (st == DNN_OK) st = build(f);
    if (st == DNN_OK) st = read_config(f, "training_config", &training);
    if (st == DNN_OK && training) st = keras_training_read(&source, training, f->path, f->graph, &f->training);
    dnn_node_destroy(model);
    dnn_node_destroy(training);
    return st;
}

static dnn_status read_ours(dnn_model_file *f)
{
    const dnn_status st = section_read(f);
    return st == DNN_OK ? build(f) : st;
}

static dnn_status read_all(dnn_model_file *f)
{
    dnn_hdf5_object section;
    dnn_status st = dnn_hdf5_open_apart(f->path, DNN_E_MODEL, &f->hdf5);
    if (st == DNN_OK) st = dnn_hdf5_find(f->hdf5, "/dnn_mpi", &section);
    if (st != DNN_OK) return st;
    if (section != DNN_HDF5_NOTHING && !f->ours)
        return model_fail(f, "/dnn_mpi",
                          "is there, but the header that belongs to it is not: the file is damaged, or another program "
                          "has changed it");
    if (section == DNN_HDF5_NOTHING && f->ours) return model_fail(f, "/dnn_mpi", "is missing");
    st = find_weights(f);
    if (st != DNN_OK) return st;
    return f->ours ? read_ours(f) : read_foreign(f);
}

dnn_status dnn_model_open(const char *path, dnn_model_file **out)
{
    *out = NULL;
    dnn_model_file *f = dnn_alloc(1, sizeof *f);
    if (!f) return DNN_E_MEMORY;
    f->path = dnn_strdup(path);
    dnn_status st = f->path ? header_judge(path, DNN_FORMAT_VERSION, &f->ours) : DNN_E_MEMORY;
    if (st == DNN_OK) st = read_all(f);
    if (st == DNN_OK)
        *out = f;
    else
        dnn_model_close(f);
    return st;
}

static void close_parts(dnn_model_file *file)
{
    dnn_hdf5_close(file->hdf5);
    if (file->graph) weights_paths_clear(file->graph, &file->paths);
    dnn_graph_destroy(file->graph);
    dnn_node_destroy(file->architecture);
    dnn_node_destroy(file->models);
    dnn_node_destroy(file->training);
    dnn_node_destroy(file->section);
    dnn_node_destroy(file->sums);
    dnn_free(file->path);
}

dnn_status dnn_model_peek(const char *path, dnn_node **section)
{
    dnn_model_file f = { .path = dnn_strdup(path) };
    *section = NULL;
    dnn_status st = f.path ? header_judge(path, DNN_FORMAT_VERSION, &f.ours) : DNN_E_MEMORY;
    if (st == DNN_OK && f.ours) st = dnn_hdf5_open_apart(path, DNN_E_MODEL, &f.hdf5);
    if (st == DNN_OK && f.ours) st = section_read(&f);
    if (st == DNN_OK) {
        *section = f.section;
        f.section = NULL;
    }
    close_parts(&f);
    return st;
}

void dnn_model_close(dnn_model_file *file)
{
    if (!file) return;
    close_parts(file);
    dnn_free(file);
}

bool dnn_model_is_ours(const dnn_model_file *file) { return file->ours; }

const dnn_node *dnn_model_architecture(const dnn_model_file *file, const dnn_port **inputs, size_t *n_inputs)
{
    *inputs = file->graph ? file->graph->inputs : NULL;
    *n_inputs = file->graph ? file->graph->n_inputs : 0;
    return file->architecture;
}

const dnn_node *dnn_model_training(const dnn_model_file *file) { return file->training; }

const dnn_node *dnn_model_section(const dnn_model_file *file) { return file->section; }

dnn_status dnn_model_verify(const char *path)
{
    bool ours;
    const dnn_status st = header_judge(path, DNN_FORMAT_VERSION, &ours);
    if (st == DNN_OK && !ours)
        return dnn_fail(DNN_E_MODEL,
                        "%s: does not begin with the header of a file of ours: damaged, or written by another program",
                        path);
    return st;
}
