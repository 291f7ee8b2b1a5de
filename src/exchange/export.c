/* A model file to another program's: read, changed where asked for, compared, written. */
#include "dnn/exchange/export.h"

#include <math.h>
#include <sys/stat.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/exchange/model_file.h"
#include "dnn/io/file.h"

/* The network at hand and its weights; both owned. */
typedef struct work { dnn_graph *graph; float *weights; } work;

static void let_go(work *w)
{
    dnn_graph_destroy(w->graph);
    dnn_free(w->weights);
    *w = (work){ 0 };
}

static dnn_status read_model(dnn_model_file *file, const char *path, work *w)
{
    const dnn_port *inputs = NULL;
    size_t n_inputs = 0;
    const dnn_node *architecture = dnn_model_architecture(file, &inputs, &n_inputs);
    if (!architecture) return dnn_fail(DNN_E_MODEL, "%s: it holds weights alone, no network", path);
    dnn_status st = dnn_graph_create(architecture, inputs, n_inputs, &w->graph);
    if (st != DNN_OK) return st;
    w->weights = dnn_alloc(w->graph->segments.total, sizeof *w->weights);
    return w->weights ? dnn_model_weights(file, w->graph, w->weights) : DNN_E_MEMORY;
}

static dnn_status include_scaling(work *w, const dnn_model_file *file, dnn_export_result *r)
{
    work with = { 0 };
    const dnn_node *scalers = dnn_node_find(dnn_model_section(file), "scalers");
    const dnn_status st = dnn_include_scaling(w->graph, w->weights, scalers, &with.graph, &with.weights, &r->scalings);
    if (st == DNN_OK && r->scalings == 0) dnn_info("the model file has no scaling: nothing to put into the network");
    if (st != DNN_OK || r->scalings == 0) return st;
    let_go(w);
    *w = with;
    return DNN_OK;
}

/* Folding rounds each weight once: beyond that the outputs may not move. */
static dnn_status fold(work *w, dnn_export_result *r)
{
    work folded = { 0 };
    dnn_status st = dnn_fold_batch_norms(w->graph, w->weights, &folded.graph, &folded.weights, &r->folded);
    if (st != DNN_OK) return st;
    if (r->folded == 0) {
        dnn_info("the model has no batch normalization: nothing to fold");
        return DNN_OK;
    }
    st = dnn_compare_networks(w->graph, w->weights, folded.graph, folded.weights, &r->largest_output, &r->fold_difference);
    if (st == DNN_OK && !(r->fold_difference <= 1e-3 * fmax(1, r->largest_output)))
        st = dnn_fail(DNN_E_MODEL, "folding the batch normalizations changes outputs by up to %g (the largest is %g): nothing was written",
                      r->fold_difference, r->largest_output);
    if (st != DNN_OK) {
        let_go(&folded);
        return st;
    }
    let_go(w);
    *w = folded;
    return DNN_OK;
}

static dnn_status halve(work *w, dnn_export_result *r)
{
    double largest;
    float *rounded = dnn_alloc(w->graph->segments.total, sizeof *rounded);
    if (!rounded) return DNN_E_MEMORY;
    for (size_t i = 0; i < w->graph->segments.total; i++) rounded[i] = w->weights[i];
    dnn_status st = dnn_round_to_half(w->graph, rounded);
    if (st == DNN_OK) st = dnn_compare_networks(w->graph, w->weights, w->graph, rounded, &largest, &r->half_difference);
    if (st != DNN_OK) {
        dnn_free(rounded);
        return st;
    }
    r->largest_output = fmax(r->largest_output, largest);
    dnn_free(w->weights);
    w->weights = rounded;
    return DNN_OK;
}

/* The scalers are no part of the network: who feeds it must know. */
static void mention_scaling(const dnn_model_file *file, const char *what, const char *meaning)
{
    const dnn_node *scalers = dnn_node_find(dnn_node_find(dnn_model_section(file), "scalers"), what);
    for (size_t i = 0; scalers && i < scalers->count; i++) {
        const dnn_node *one = scalers->items[i], *shift = dnn_node_find(one, "shift"), *factor = dnn_node_find(one, "factor");
        if (!shift || !factor || !shift->count || !factor->count) continue;
        if (shift->count == 1 && factor->count == 1)
            dnn_advise("%s '%s': %s (shift %.9g, factor %.9g)", what, one->key, meaning, shift->items[0]->real, factor->items[0]->real);
        else
            dnn_advise("%s '%s': %s (%zu shifts and %zu factors, in the section of the model file: scalers.%s.%s)", what, one->key,
                       meaning, shift->count, factor->count, what, one->key);
    }
}

static dnn_status write_model(const dnn_export_request *q, const work *w, dnn_export_result *r)
{
    struct stat info;
    const dnn_status st = q->format == DNN_EXPORT_KERAS ? dnn_keras_export(q->out, w->graph, w->weights, q->half)
                                                        : dnn_onnx_export(q->out, w->graph, w->weights, q->half);
    size_t trainable;
    r->layers = dnn_graph_written_layers(w->graph);
    dnn_graph_count(w->graph, &r->weights, &trainable);
    if (st == DNN_OK && stat(q->out, &info) == 0) r->bytes = (size_t)info.st_size;
    return st;
}

dnn_status dnn_export(const dnn_export_request *request, dnn_export_result *result)
{
    dnn_model_file *file = NULL;
    work w = { 0 };
    *result = (dnn_export_result){ 0 };
    if (!request->overwrite && dnn_file_exists(request->out))
        return dnn_fail(DNN_E_CONFIG, "--out %s: exists; replace it with --overwrite", request->out);
    dnn_status st = dnn_model_open(request->model_file, &file);
    if (st == DNN_OK) st = read_model(file, request->model_file, &w);
    if (st == DNN_OK && request->scaling) st = include_scaling(&w, file, result);
    if (st == DNN_OK && request->fold_batch_norm) st = fold(&w, result);
    if (st == DNN_OK && request->half) st = halve(&w, result);
    if (st == DNN_OK) st = write_model(request, &w, result);
    if (st == DNN_OK && !request->scaling) {
        mention_scaling(file, "features", "the training scaled these inputs, the exported network wants them scaled likewise, (x - shift) * factor; --scaling puts it into the network");
        mention_scaling(file, "targets", "the training scaled these targets, outputs are in scaled units, y / factor + shift brings them back; --scaling puts it into the network");
    }
    let_go(&w);
    dnn_model_close(file);
    return st;
}
