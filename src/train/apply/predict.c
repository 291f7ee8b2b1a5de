/* `predict`: outputs of a part into a file, in row order and original target units; with stochastic passes their mean and standard
 * deviation (Monte-Carlo dropout: Gal and Ghahramani 2016). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "train/apply/apply.h"
#include "train/apply/predict_file.h"

/* What rank 0 collects of one output over the part. */
typedef struct collected {
    size_t units;
    float *values;          /* [rows, units] of the pass under way */
    double *sum, *squares;  /* [rows, units] over stochastic passes, NULL without: running mean and centred squares (Welford 1962) */
} collected;

typedef struct prediction_run {
    application *a;
    part_pass pass;
    collected outputs[DNN_MAX_IO];
    uint64_t rows;
} prediction_run;

static void take_batch(void *context, uint64_t first, size_t rows)
{
    prediction_run *p = context;
    for (size_t o = 0; o < p->a->graph->n_outputs; o++) {
        collected *c = &p->outputs[o];
        memcpy(c->values + first * c->units, p->pass.outputs[o], rows * c->units * sizeof(float));
    }
}

static void add_pass(prediction_run *p, uint64_t number)
{
    for (size_t o = 0; o < p->a->graph->n_outputs; o++) {
        collected *c = &p->outputs[o];
        for (uint64_t i = 0; i < p->rows * c->units; i++) {
            const double delta = (double)c->values[i] - c->sum[i];
            c->sum[i] += delta / (double)(number + 1);
            c->squares[i] += delta * ((double)c->values[i] - c->sum[i]);
        }
    }
}

static dnn_status collect_room(prediction_run *p, uint64_t passes)
{
    const dnn_graph *g = p->a->graph;
    p->rows = dnn_dataset_rows(p->a->dataset, p->a->part);
    if (dnn_comm_rank(p->a->comm) != 0) return DNN_OK;
    for (size_t o = 0; o < g->n_outputs; o++) {
        collected *c = &p->outputs[o];
        c->units = dnn_shape_units(&g->outputs[o].shape);
        c->values = dnn_alloc(p->rows * c->units, sizeof *c->values);
        if (!c->values) return DNN_E_MEMORY;
        if (passes == 0) continue;
        c->sum = dnn_alloc(p->rows * c->units, sizeof *c->sum);
        c->squares = dnn_alloc(p->rows * c->units, sizeof *c->squares);
        if (!c->sum || !c->squares) return DNN_E_MEMORY;
    }
    return DNN_OK;
}

static dnn_status open_window(prediction_run *p)
{
    const dnn_graph *g = p->a->graph;
    size_t bytes = 0, units[DNN_MAX_IO];
    for (size_t o = 0; o < g->n_outputs; o++) {
        units[o] = dnn_shape_units(&g->outputs[o].shape);
        bytes += p->a->run.cut.batch * units[o] * sizeof(float);
    }
    const dnn_status st = dnn_window_create(p->a->team, bytes, &p->pass.outputs_window);
    if (st != DNN_OK) return st;
    float *at = p->pass.outputs_window.base;
    for (size_t o = 0; o < g->n_outputs; o++) {
        p->pass.outputs[o] = at;
        at += p->a->run.cut.batch * units[o];
    }
    return DNN_OK;
}

/* Statistics of batch norm stay those of the training: a frozen layer runs in inference mode, what is random stays on. */
static void run_passes(prediction_run *p, uint64_t passes)
{
    for (size_t l = 0; passes > 0 && l < p->a->graph->n_layers; l++) dnn_graph_freeze(p->a->graph, l, true);
    p->pass.stochastic = passes > 0;
    for (uint64_t n = 0; n < (passes ? passes : 1); n++) {
        p->pass.pass = n;
        evaluate_part(&p->a->run, &p->pass, NULL);
        if (passes && dnn_comm_rank(p->a->comm) == 0) add_pass(p, n);
    }
}

static bool names_output(const dnn_graph *g, const char *name)
{
    for (size_t o = 0; o < g->n_outputs; o++)
        if (strcmp(g->outputs[o].name, name) == 0) return true;
    return false;
}

/* Which target's scaling is undone: the one that the output was trained on, by name, or the only one there is. A source that brings no targets
 * has those of the model file, in the order they have there. */
static size_t target_of_output(const application *a, size_t o)
{
    const dnn_node *fitted = dnn_node_at(a->model.section, "scalers.targets");
    const size_t brought = dnn_dataset_targets(a->dataset), n = brought ? brought : fitted ? fitted->count : 0;
    const char *name = NULL;
    for (size_t i = 0; i < n; i++) {
        name = brought ? dnn_dataset_target(a->dataset, i)->name : fitted->items[i]->key;
        if (strcmp(name, a->graph->outputs[o].name) == 0) return i;
    }
    return n == 1 && !names_output(a->graph, name) ? 0 : SIZE_MAX;
}

/* Mean and deviation of the passes as floats, in units of the targets. */
static dnn_status finish_output(prediction_run *p, size_t o, uint64_t passes, float **deviation)
{
    collected *c = &p->outputs[o];
    const uint64_t n = p->rows * c->units;
    const size_t target = target_of_output(p->a, o);
    *deviation = NULL;
    if (passes > 0) {
        *deviation = dnn_alloc(n, sizeof(float));
        if (!*deviation) return DNN_E_MEMORY;
        for (uint64_t i = 0; i < n; i++) {
            /* mean + sd is scaled back beside the mean: their difference is the deviation in target units */
            (*deviation)[i] = (float)(c->sum[i] + sqrt(c->squares[i] / (double)passes));
            c->values[i] = (float)c->sum[i];
        }
    }
    if (target != SIZE_MAX) {
        dnn_dataset_unscale_target(p->a->dataset, target, p->rows, c->values);
        if (*deviation) dnn_dataset_unscale_target(p->a->dataset, target, p->rows, *deviation);
    }
    for (uint64_t i = 0; *deviation && i < n; i++) (*deviation)[i] = fabsf((*deviation)[i] - c->values[i]);
    return DNN_OK;
}

static dnn_status write_outputs(prediction_run *p, const char *path, uint64_t passes)
{
    const dnn_graph *g = p->a->graph;
    prediction groups[2 * DNN_MAX_IO];
    float *deviations[DNN_MAX_IO] = { NULL };
    size_t count = 0;
    dnn_status st = DNN_OK;
    for (size_t o = 0; o < g->n_outputs && st == DNN_OK; o++) {
        const char *name = g->outputs[o].name, *join = g->n_outputs > 1 ? "_" : "";
        const char *prefix = g->n_outputs > 1 ? name : "";
        const size_t units = p->outputs[o].units;
        st = finish_output(p, o, passes, &deviations[o]);
        prediction *first = &groups[count++];
        *first = (prediction){ .units = units, .values = p->outputs[o].values };
        snprintf(first->name, sizeof first->name, "%s", g->n_outputs > 1 ? name : "y");
        if (passes == 0) continue;
        snprintf(first->name, sizeof first->name, "%.50s%smean", prefix, join);
        groups[count] = (prediction){ .units = units, .values = deviations[o] };
        snprintf(groups[count].name, sizeof groups[count].name, "%.50s%sstd", prefix, join);
        count++;
    }
    if (st == DNN_OK) st = predict_file_write(path, p->rows, groups, count);
    for (size_t o = 0; o < g->n_outputs; o++) dnn_free(deviations[o]);
    return st;
}

static dnn_status predict(application *a, const dnn_apply_request *request)
{
    prediction_run p = { .a = a, .pass = { .part = a->part, .batch_done = take_batch } };
    p.pass.context = &p;
    dnn_status st = application_tell(a, offsetof(dnn_callback_kind, predict_begin), NULL, NULL, 0);
    if (st == DNN_OK) st = dnn_agree(a->comm, collect_room(&p, request->passes));
    if (st == DNN_OK) st = open_window(&p);
    if (st == DNN_OK) {
        run_passes(&p, request->passes);
        st = dnn_comm_rank(a->comm) == 0 ? write_outputs(&p, request->out, request->passes) : DNN_OK;
        st = dnn_agree_root(a->comm, st);
    }
    if (st == DNN_OK) st = application_tell(a, offsetof(dnn_callback_kind, predict_end), NULL, NULL, 0);
    for (size_t o = 0; o < DNN_MAX_IO; o++) {
        dnn_free(p.outputs[o].values);
        dnn_free(p.outputs[o].sum);
        dnn_free(p.outputs[o].squares);
    }
    dnn_window_destroy(a->team, &p.pass.outputs_window);
    return st;
}

dnn_status dnn_predict(dnn_comm *comm, const dnn_apply_request *request)
{
    application a;
    dnn_status st = dnn_comm_rank(comm) == 0 ? predict_file_check(request->out, request->overwrite) : DNN_OK;
    st = dnn_agree_root(comm, st);
    if (st == DNN_OK) st = application_open(comm, request, false, &a);
    if (st != DNN_OK) return st;
    st = predict(&a, request);
    application_close(&a);
    return st;
}
