#include "train/verify/gradient_check.h"

#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/watch.h"
#include "dnn/nn/reference.h"
#include "dnn/train/plugin.h"

/* Central differences with step h err by about h² f'''/6 + 2^-53 f/h: 1e-5 balances both for values near 1. Engine: products of some hundred terms in
 * float. Elements behind a kink (relu) within h differ by chance, hence the probes per tensor and a bound well above noise. */
enum { CHECK_ROWS = 32, PROBES = 25 };
static const double step_size = 1e-5, differences_bound = 1e-3, engine_bound = 1e-3;

typedef struct gradient_trial {
    runner run;
    dnn_reference *reference;
    size_t total;
    double *weights, *gradient;          /* [total] */
    double *x[DNN_MAX_IO], *target[DNN_MAX_IO], *weight;
} gradient_trial;

static double *widen(const float *values, size_t n)
{
    double *out = dnn_alloc(n, sizeof *out);
    for (size_t i = 0; out && i < n; i++) out[i] = (double)values[i];
    return out;
}

static dnn_status engine_gradient(gradient_trial *t, const dnn_config *config)
{
    runner *r = &t->run;
    worker *k = &r->workers[0];
    dnn_status st = dnn_graph_initialize(r->graph, (uint64_t)config->seed, r->weights);
    if (st != DNN_OK) return st;
    const uint64_t n = dnn_dataset_rows(r->dataset, DNN_TRAIN);
    const dnn_run run = { .training = true, .seed = r->seed, .weights = r->weights };
    double *record = dnn_alloc(r->record, sizeof *record);
    if (!record) return DNN_E_MEMORY;
    gather(r, DNN_TRAIN, r->shuffle ? 1 : 0, 0, n < CHECK_ROWS ? (size_t)n : CHECK_ROWS, true, &k->bays[0]);
    dnn_graph_forward(r->graph, &run, k->shards, 1);
    dnn_objective_eval(r->objective, &k->bays[0].shard, (const float *const *)k->bays[0].target, k->bays[0].weight, NULL, true, record);
    dnn_graph_backward(r->graph, &run, k->shards, 1, dnn_objective_fused(r->objective));
    dnn_free(record);
    return DNN_OK;
}

static dnn_status bind_reference(gradient_trial *t, const dnn_config *config)
{
    const runner *r = &t->run;
    const bay *b = &r->workers[0].bays[0];
    const size_t rows = b->shard.rows;
    const char *names[DNN_MAX_IO];
    dnn_shape shapes[DNN_MAX_IO];
    dnn_node *model = dnn_graph_write(r->graph), *training = dnn_node_map();
    dnn_status st = model && training ? dnn_objective_write(r->objective, training) : DNN_E_MEMORY;
    for (size_t i = 0; i < r->graph->n_inputs && st == DNN_OK; i++) {
        names[i] = r->graph->inputs[i].name;
        shapes[i] = r->graph->inputs[i].shape;
        t->x[i] = widen(b->x[i], rows * dnn_shape_units(&shapes[i]));
        if (!t->x[i]) st = DNN_E_MEMORY;
    }
    for (size_t o = 0; o < r->graph->n_outputs && st == DNN_OK; o++) {
        t->target[o] = widen(b->target[o], rows * r->target_units[o]);
        if (!t->target[o]) st = DNN_E_MEMORY;
    }
    if (st == DNN_OK && b->weight && !(t->weight = widen(b->weight, rows))) st = DNN_E_MEMORY;
    if (st == DNN_OK)
        st = dnn_reference_create(model, r->graph->n_inputs, names, shapes, training, &t->reference);
    if (st == DNN_OK && dnn_reference_total(t->reference) != t->total)
        st = dnn_fail(DNN_E_INTERNAL, "check --gradients: the double build lays the weights out otherwise");
    if (st == DNN_OK)
        st = dnn_reference_bind(t->reference, &(dnn_reference_batch){ .rows = rows, .x = (const double *const *)t->x,
                                                                     .targets = (const double *const *)t->target, .weight = t->weight,
                                                                     .seed = (uint64_t)config->seed });
    if (st == DNN_E_CONFIG && dnn_plugins_without_double())
        st = dnn_fail(DNN_E_CONFIG, "check --gradients: %s brings no half in double to measure against: compile its source a second time with "
                      "-DDNN_DOUBLE and link both into it (docs/adding-a-component.md)", dnn_plugins_without_double());
    dnn_node_destroy(model);
    dnn_node_destroy(training);
    return st;
}

static double central_difference(gradient_trial *t, size_t i)
{
    const double w = t->weights[i];
    dnn_watch_alive(); /* large networks take their time */
    t->weights[i] = w + step_size;
    const double above = dnn_reference_loss(t->reference, t->weights, NULL);
    t->weights[i] = w - step_size;
    const double below = dnn_reference_loss(t->reference, t->weights, NULL);
    t->weights[i] = w;
    return (above - below) / (2.0 * step_size);
}

static dnn_gradient_line check_segment(gradient_trial *t, const dnn_segment *s)
{
    const bay *b = &t->run.workers[0].bays[0];
    dnn_gradient_line line = { .name = s->name, .elements = s->length };
    double largest = 1e-12;
    for (size_t i = 0; i < s->length; i++) largest = fmax(largest, fabs(t->gradient[s->offset + i]));
    for (size_t i = 0; i < s->length; i++) {
        const double engine = (double)b->shard.gradient[s->offset + i] / (double)b->shard.rows;
        line.engine = fmax(line.engine, fabs(engine - t->gradient[s->offset + i]) / largest);
    }
    const size_t stride = s->length > PROBES ? s->length / PROBES : 1;
    for (size_t i = 0; i < s->length; i += stride, line.probed++) {
        const double difference = fabs(central_difference(t, s->offset + i) - t->gradient[s->offset + i]);
        line.differences = fmax(line.differences, difference / largest);
    }
    /* a gradient that is zero up to rounding (a bias in front of batch norm) has no relative error */
    const bool vanishes = largest < 1e-9;
    line.agrees = vanishes || (line.engine <= engine_bound && line.differences <= differences_bound);
    return line;
}

static dnn_status compare(gradient_trial *t, const dnn_check_request *request)
{
    const dnn_segments *segments = &t->run.graph->segments;
    size_t wrong = 0;
    dnn_reference_loss(t->reference, t->weights, t->gradient);
    for (size_t s = 0; s < segments->count; s++) {
        if (!segments->at[s].trainable) continue;
        const dnn_gradient_line line = check_segment(t, &segments->at[s]);
        wrong += !line.agrees;
        request->gradient(request->context, &line);
    }
    return wrong == 0 ? DNN_OK : dnn_fail(DNN_E_INTERNAL, "check --gradients: %zu tensors do not agree with finite differences", wrong);
}

dnn_status gradient_check(const dnn_check_request *request, const dnn_config *config, dnn_team *team, dnn_dataset *ds, dnn_graph *graph,
                          dnn_objective *objective)
{
    gradient_trial t = { .total = graph->segments.total };
    runner_options options;
    dnn_status st = setup_runner(config, team, ds, graph, objective, &options);
    options.cut = cut_batch(CHECK_ROWS, 1, team);
    options.noise = NULL; /* nor is there any in the reference */
    options.diagnose = options.trace = false;
    if (st == DNN_OK) st = runner_create(&options, &t.run);
    if (st == DNN_OK) st = engine_gradient(&t, config);
    if (st == DNN_OK) st = bind_reference(&t, config);
    if (st == DNN_OK) {
        t.weights = widen(t.run.weights, t.total);
        t.gradient = dnn_alloc(t.total, sizeof *t.gradient);
        st = t.weights && t.gradient ? compare(&t, request) : DNN_E_MEMORY;
    }
    dnn_reference_destroy(t.reference);
    for (size_t i = 0; i < DNN_MAX_IO; i++) {
        dnn_free(t.x[i]);
        dnn_free(t.target[i]);
    }
    dnn_free(t.weight);
    dnn_free(t.weights);
    dnn_free(t.gradient);
    runner_destroy(&t.run);
    return st;
}
