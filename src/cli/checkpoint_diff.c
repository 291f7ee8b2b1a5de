#include "cli/checkpoint_diff.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/table.h"
#include "cli/waiting.h"
#include "dnn/base/memory.h"
#include "dnn/exchange/model_file.h"

/* Floats as integers in their own order, so that neighbours differ by 1. */
static int64_t place_of(float value)
{
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >= 0 ? bits : (int64_t)INT32_MIN - bits;
}

float_distance distance_of(const float *a, const float *b, size_t count)
{
    float_distance d = { 0 };
    for (size_t i = 0; i < count; i++) {
        if (a[i] == b[i] || (isnan(a[i]) && isnan(b[i]))) continue;
        const bool numbers = isfinite(a[i]) && isfinite(b[i]);
        const double apart = numbers ? fabs((double)a[i] - (double)b[i]) : (double)INFINITY;
        const double ulps = numbers ? fabs((double)(place_of(a[i]) - place_of(b[i]))) : (double)INFINITY;
        d.differing++;
        if (apart > d.largest) d.largest = apart;
        if (ulps > d.ulps) d.ulps = ulps;
    }
    return d;
}

/* Weights and moments of a file, in the layout of a graph. */
typedef struct content { dnn_model_file *file; float *weights, *slot[DNN_MAX_VECTORS]; uint64_t iterations; bool optimizer; } content;

/* The file's own graph says which layers were frozen, and so which moments there are; null where it cannot be laid over `graph`. */
static dnn_graph *own_graph(const dnn_model_file *file, const dnn_graph *graph)
{
    const dnn_port *inputs = NULL;
    size_t n_inputs = 0;
    dnn_graph *own = NULL;
    const dnn_node *architecture = dnn_model_architecture(file, &inputs, &n_inputs);
    if (!architecture || dnn_graph_create(architecture, inputs, n_inputs, &own) != DNN_OK) return NULL;
    if (own->segments.total == graph->segments.total) return own;
    dnn_graph_destroy(own);
    return NULL;
}

static dnn_status read_content(const dnn_graph *graph, const dnn_component *optimizer, size_t slots, content *c)
{
    double scalars[DNN_MAX_SCALARS];
    c->weights = dnn_alloc(graph->segments.total, sizeof *c->weights);
    dnn_status st = c->weights ? dnn_model_weights(c->file, graph, c->weights) : DNN_E_MEMORY;
    for (size_t s = 0; s < slots && st == DNN_OK; s++) {
        c->slot[s] = dnn_alloc(graph->segments.total, sizeof *c->slot[s]);
        if (!c->slot[s]) st = DNN_E_MEMORY;
    }
    if (st != DNN_OK || !optimizer->kind) return st;
    dnn_graph *own = own_graph(c->file, graph);
    st = dnn_model_optimizer(c->file, own ? own : graph, optimizer, c->slot, scalars, &c->iterations, &c->optimizer);
    dnn_graph_destroy(own);
    return st;
}

static void free_content(content *c)
{
    for (size_t s = 0; s < DNN_MAX_VECTORS; s++) dnn_free(c->slot[s]);
    dnn_free(c->weights);
    dnn_model_close(c->file);
}

/* Rows of one flat vector; returns the number of elements that differ. */
static size_t add_rows(table *t, const dnn_graph *graph, const char *what, const float *a, const float *b, bool moments)
{
    size_t differing = 0;
    for (size_t s = 0; s < graph->segments.count; s++) {
        const dnn_segment *segment = &graph->segments.at[s];
        if (moments && !segment->weight) continue;
        const float_distance d = distance_of(a + segment->offset, b + segment->offset, segment->length);
        differing += d.differing;
        table_format(t, "%s%s", segment->name, what);
        table_format(t, "%zu", segment->length);
        table_format(t, "%zu", d.differing);
        table_format(t, "%.3g", d.largest);
        table_format(t, "%.3g", d.ulps);
    }
    return differing;
}

static dnn_status compare(const dnn_graph *graph, const dnn_component *optimizer, size_t slots, const content *a, const content *b)
{
    static const char *const head[] = { "tensor", "elements", "differing", "largest difference", "in ULP" };
    const bool moments = a->optimizer && b->optimizer;
    char what[64];
    table t;
    table_open(&t, 5);
    for (size_t i = 0; i < 5; i++) {
        table_add(&t, head[i]);
        t.right[i] = i > 0;
    }
    size_t differing = add_rows(&t, graph, "", a->weights, b->weights, false);
    for (size_t s = 0; s < slots && moments; s++) {
        snprintf(what, sizeof what, " (%s)", dnn_optimizer_vector_name(optimizer, s));
        differing += add_rows(&t, graph, what, a->slot[s], b->slot[s], true);
    }
    waiting_end();
    const dnn_status st = table_print(&t, stdout, 0, true);
    if (moments && a->iterations != b->iterations)
        printf("\nupdates done: %llu and %llu\n", (unsigned long long)a->iterations, (unsigned long long)b->iterations);
    printf("\n%s%s\n", differing ? "They differ" : "Equal to the last bit", moments ? "." : "; only one or none of them has an optimizer's state, which was left out.");
    return st;
}

static bool same_vectors(const dnn_component *a, const dnn_component *b)
{
    if (a->kind != b->kind || dnn_optimizer_vectors(a) != dnn_optimizer_vectors(b)) return false;
    for (size_t i = 0; i < dnn_optimizer_vectors(a); i++)
        if (strcmp(dnn_optimizer_vector_name(a, i), dnn_optimizer_vector_name(b, i)) != 0) return false;
    return true;
}

/* The optimizer that both files name, if they name the same one and keep the same of it. */
static void common_optimizer(const content *a, const content *b, dnn_component *out)
{
    dnn_component other = { 0 };
    const dnn_node *first = dnn_node_find(dnn_model_training(a->file), "optimizer"), *second = dnn_node_find(dnn_model_training(b->file), "optimizer");
    if (!first || !second) return;
    if (dnn_component_read(&dnn_optimizers, first, out) != DNN_OK) return;
    if (dnn_component_read(&dnn_optimizers, second, &other) != DNN_OK || !same_vectors(&other, out)) dnn_component_clear(out);
    dnn_component_clear(&other);
}

dnn_status checkpoint_diff(const char *a_path, const char *b_path)
{
    content a = { 0 }, b = { 0 };
    dnn_graph *graph = NULL;
    dnn_component optimizer = { 0 };
    const dnn_port *inputs = NULL;
    size_t n_inputs = 0, slots = 0;
    dnn_status st = dnn_model_open(a_path, &a.file);
    if (st == DNN_OK) st = dnn_model_open(b_path, &b.file);
    if (st == DNN_OK) {
        const dnn_node *architecture = dnn_model_architecture(a.file, &inputs, &n_inputs);
        st = dnn_graph_create(architecture, inputs, n_inputs, &graph);
    }
    if (st == DNN_OK) {
        common_optimizer(&a, &b, &optimizer);
        if (optimizer.kind) slots = dnn_optimizer_vectors(&optimizer);
        st = read_content(graph, &optimizer, slots, &a);
    }
    if (st == DNN_OK) st = read_content(graph, &optimizer, slots, &b);
    if (st == DNN_OK) st = compare(graph, &optimizer, slots, &a, &b);
    free_content(&a);
    free_content(&b);
    dnn_component_clear(&optimizer);
    dnn_graph_destroy(graph);
    return st;
}
