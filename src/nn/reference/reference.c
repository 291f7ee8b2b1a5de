/* Compiled in double alone. One shard holds the whole batch, so no reduction is made. */
#include "dnn/nn/reference.h"

#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/objective.h"
#include "dnn/nn/regularizer.h"

struct dnn_reference {
    dnn_graph *graph;
    dnn_objective *objective;
    dnn_shard shard;
    bool bound;
    dnn_reference_batch batch;
    double *record, *gradient, *weights;
};

dnn_status dnn_reference_create(const dnn_node *model, size_t n_inputs, const char *const *names, const dnn_shape *shapes,
                                const dnn_node *training, dnn_reference **out)
{
    dnn_port ports[DNN_MAX_IO] = { 0 };
    dnn_reference *r = dnn_alloc(1, sizeof *r);
    *out = NULL;
    if (!r) return DNN_E_MEMORY;
    for (size_t i = 0; i < n_inputs && i < DNN_MAX_IO; i++) {
        strncpy(ports[i].name, names[i], sizeof ports[i].name - 1);
        ports[i].shape = shapes[i];
    }
    dnn_status st = dnn_graph_create(model, ports, n_inputs, &r->graph);
    if (st == DNN_OK)
        st = dnn_objective_create(r->graph, dnn_node_find(training, "loss"), dnn_node_find(training, "metrics"),
                                  dnn_node_find(training, "weighted_metrics"), dnn_node_find(training, "loss_weights"), &r->objective);
    if (st == DNN_OK) {
        r->record = dnn_alloc(dnn_objective_record_size(r->objective), sizeof *r->record);
        r->gradient = dnn_alloc_aligned(r->graph->segments.total * sizeof *r->gradient);
        r->weights = dnn_alloc_aligned(r->graph->segments.total * sizeof *r->weights);
        if (!r->record || !r->gradient || !r->weights) st = DNN_E_MEMORY;
    }
    if (st != DNN_OK) {
        dnn_reference_destroy(r);
        return st;
    }
    *out = r;
    return DNN_OK;
}

static void unbind(dnn_reference *r)
{
    if (!r->bound) return;
    dnn_free(r->shard.sums);
    dnn_shard_destroy(&r->shard);
    r->bound = false;
}

void dnn_reference_destroy(dnn_reference *r)
{
    if (!r) return;
    unbind(r);
    dnn_free(r->record);
    dnn_free(r->gradient);
    dnn_free(r->weights);
    dnn_objective_destroy(r->objective);
    dnn_graph_destroy(r->graph);
    dnn_free(r);
}

size_t dnn_reference_total(const dnn_reference *r) { return r->graph->segments.total; }

dnn_status dnn_reference_bind(dnn_reference *r, const dnn_reference_batch *batch)
{
    unbind(r);
    r->batch = *batch;
    dnn_status st = dnn_shard_create(r->graph, batch->rows, true, &r->shard);
    if (st != DNN_OK) return st;
    r->bound = true;
    r->shard.sums = dnn_alloc(r->graph->max_sums + 1, sizeof(double));
    if (!r->shard.sums) return DNN_E_MEMORY;
    r->shard.rows = r->shard.capacity = batch->rows;
    r->shard.first_row = 0;
    r->shard.gradient = r->gradient;
    for (size_t i = 0; i < r->graph->n_inputs; i++) r->shard.x[i] = batch->x[i];
    return DNN_OK;
}

void dnn_reference_freeze(dnn_reference *r, size_t layer, bool frozen) { dnn_graph_freeze(r->graph, layer, frozen); }
size_t dnn_reference_values(const dnn_reference *r) { return dnn_objective_values(r->objective); }

typedef struct sight { const dnn_reference *r; const dnn_reference_pass *pass; } sight;

static void see(void *context, const dnn_layer *layer, bool backward, size_t rows, const double *values, size_t units)
{
    const sight *s = context;
    s->pass->see(s->pass->context, (size_t)(layer - s->r->graph->layers), backward, rows, values, units);
}

void dnn_reference_step(dnn_reference *r, const double *weights, dnn_reference_pass *pass)
{
    dnn_shard *shards[] = { &r->shard };
    const size_t total = r->graph->segments.total;
    const dnn_observer observer = { .see = see, .context = &(sight){ r, pass } };
    memcpy(r->weights, weights, total * sizeof *weights);
    memcpy(pass->moved, weights, total * sizeof *weights);
    const dnn_run run = { .training = true, .seed = r->batch.seed, .step = r->batch.step, .weights = r->weights, .statistics = pass->moved,
                          .observer = pass->see ? &observer : NULL };
    memset(r->record, 0, dnn_objective_record_size(r->objective) * sizeof *r->record);
    memset(r->gradient, 0, total * sizeof *r->gradient);
    dnn_graph_forward(r->graph, &run, shards, 1);
    dnn_objective_eval(r->objective, &r->shard, r->batch.targets, r->batch.weight, NULL, true, r->record);
    dnn_graph_backward(r->graph, &run, shards, 1, dnn_objective_fused(r->objective));
    for (size_t i = 0; i < total; i++) pass->gradient[i] = r->gradient[i] / (double)r->batch.rows;
    dnn_objective_results(r->objective, r->record, pass->values);
    pass->penalty = dnn_objective_penalty(r->objective, r->record);
}

double dnn_reference_loss(dnn_reference *r, const double *weights, double *gradient)
{
    dnn_shard *shards[] = { &r->shard };
    const size_t total = r->graph->segments.total;
    memcpy(r->weights, weights, total * sizeof *weights);
    const dnn_run run = { .training = true, .seed = r->batch.seed, .step = r->batch.step, .weights = r->weights };
    memset(r->record, 0, dnn_objective_record_size(r->objective) * sizeof *r->record);
    dnn_graph_forward(r->graph, &run, shards, 1);
    dnn_objective_eval(r->objective, &r->shard, r->batch.targets, r->batch.weight, NULL, gradient != NULL, r->record);
    if (gradient) {
        memset(r->gradient, 0, total * sizeof *r->gradient);
        dnn_graph_backward(r->graph, &run, shards, 1, dnn_objective_fused(r->objective));
        for (size_t i = 0; i < total; i++) gradient[i] = r->gradient[i] / (double)r->batch.rows;
    }
    double values[64];
    dnn_objective_results(r->objective, r->record, values);
    return values[0] + dnn_objective_penalty(r->objective, r->record);
}

/* ---- members that join ---- */

static const struct { dnn_family *family; size_t size; } families[] = {
    { &dnn_layers, sizeof(dnn_layer_kind) },           { &dnn_activations, sizeof(dnn_activation_kind) },
    { &dnn_losses, sizeof(dnn_loss_kind) },            { &dnn_initializers, sizeof(dnn_initializer_kind) },
    { &dnn_regularizers, sizeof(dnn_regularizer_kind) }, { &dnn_constraints, sizeof(dnn_constraint_kind) },
};
enum { FAMILIES = sizeof families / sizeof *families };

static const dnn_family *of_this_build(const dnn_family *other)
{
    for (size_t i = 0; other && i < FAMILIES; i++)
        if (strcmp(families[i].family->name, other->name) == 0) return families[i].family;
    return other;
}

/* One block: the descriptor, and behind it its rows with the families of this build. */
static dnn_status copy_kind(const dnn_kind *kind, size_t size, dnn_kind **out)
{
    const size_t head = (size + 63) / 64 * 64;
    char *block = dnn_alloc(1, head + kind->n_params * sizeof(dnn_param));
    *out = (dnn_kind *)block;
    if (!block) return DNN_E_MEMORY;
    dnn_param *rows = (dnn_param *)(block + head);
    memcpy(block, kind, size);
    for (size_t i = 0; i < kind->n_params; i++) {
        rows[i] = kind->params[i];
        rows[i].family = of_this_build(rows[i].family);
    }
    if (kind->n_params) (*out)->params = rows;
    return DNN_OK;
}

dnn_status dnn_reference_add(const char *family, const dnn_kind *kind)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        dnn_kind *copy = NULL;
        if (strcmp(families[i].family->name, family) != 0) continue;
        dnn_status st = copy_kind(kind, families[i].size, &copy);
        if (st == DNN_OK) st = dnn_family_add(families[i].family, copy);
        if (st != DNN_OK) dnn_free(copy);
        return st;
    }
    return dnn_fail(DNN_E_INTERNAL, "the double build has no family of the name %s", family);
}

void dnn_reference_forget(void)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        dnn_family *f = families[i].family;
        for (size_t k = f->grown ? f->own_count : f->count; k < f->count; k++) dnn_free((void *)f->kinds[k]);
        dnn_family_forget(f);
    }
}
