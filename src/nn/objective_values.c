/* From batches to a record and from a record to reported values. */
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/objective.h"

bool dnn_objective_wants_probabilities(const dnn_objective *objective, size_t o)
{
    const dnn_loss_kind *kind = (const dnn_loss_kind *)objective->goals[o].loss.kind;
    return kind && kind->probabilities;
}

dnn_target dnn_objective_target(const dnn_objective *objective, size_t o, size_t *units)
{
    const goal *g = &objective->goals[o];
    *units = g->target == DNN_TARGET_CLASS ? g->per_sample : g->per_sample * g->units;
    return g->target;
}

size_t dnn_objective_record_size(const dnn_objective *objective) { return objective->record; }
const bool *dnn_objective_fused(const dnn_objective *objective) { return objective->fused; }
double dnn_objective_samples(const double *record) { return record[0]; }

static void count_for_reduction(const dnn_shard *shard, const real *weight, double *sums)
{
    sums[REDUCTION_SAMPLES] += (double)shard->rows;
    if (!weight) return;
    sums[REDUCTION_WEIGHTED] += (double)shard->rows;
    for (size_t r = 0; r < shard->rows; r++) sums[REDUCTION_WEIGHTS] += (double)weight[r];
}

/* Everything is divided by the number of loss values in the end; what another reduction wants is multiplied by this before. */
static double reduction_factor(const goal *g, const double *sums)
{
    const double values = sums[REDUCTION_SAMPLES] * (double)g->per_sample;
    if (g->reduction == DNN_REDUCTION_SUM) return values;
    if (sums[REDUCTION_WEIGHTED] == 0) return 1;
    return sums[REDUCTION_WEIGHTS] != 0 ? values / sums[REDUCTION_WEIGHTS] : 0;
}

static void eval_loss(const dnn_objective *objective, size_t o, dnn_loss_pass *pass, double *record)
{
    const goal *g = &objective->goals[o];
    const dnn_component *loss = &g->loss;
    const dnn_loss_kind *kind = (const dnn_loss_kind *)loss->kind;
    if (!kind) {
        if (pass->dy) memset(pass->dy, 0, pass->rows * pass->units * sizeof *pass->dy);
        return;
    }
    const double factor = g->reduction == DNN_REDUCTION_MEAN ? 1 : reduction_factor(g, pass->sums);
    pass->scale *= factor;
    record[1 + o] += factor * (objective->fused[o] ? kind->eval_fused : kind->eval)(loss->params, pass);
}

size_t dnn_objective_sums(const dnn_objective *objective) { return objective->sums; }

void dnn_objective_sum(const dnn_objective *objective, const dnn_shard *shard, const real *const *targets, const real *weight, double *sums)
{
    for (size_t o = 0; o < objective->graph->n_outputs; o++) {
        const goal *g = &objective->goals[o];
        const dnn_loss_kind *kind = (const dnn_loss_kind *)g->loss.kind;
        if (kind && g->reduction != DNN_REDUCTION_MEAN) count_for_reduction(shard, weight, sums + g->sums);
        if (!kind || !kind->sums) continue;
        const dnn_loss_pass pass = { .rows = shard->rows * g->per_sample, .units = g->units, .per_sample = g->per_sample, .target = targets[o],
                                     .weight = weight, .y = dnn_shard_output(objective->graph, shard, o) };
        kind->sum(g->loss.params, &pass, sums + g->sums);
    }
}

void dnn_objective_eval(const dnn_objective *objective, dnn_shard *shard, const real *const *targets, const real *weight, const double *sums,
                        bool gradient, double *record)
{
    const dnn_graph *graph = objective->graph;
    double own[DNN_MAX_IO * DNN_LOSS_SUMS] = { 0 };
    if (objective->sums && !sums) {
        dnn_objective_sum(objective, shard, targets, weight, own);
        sums = own;
    }
    record[0] += (double)shard->rows;
    if (objective->penalty) record[objective->penalty] += shard->penalty;
    for (size_t o = 0; o < graph->n_outputs; o++) {
        const goal *g = &objective->goals[o];
        const size_t sample = g->per_sample * g->units;
        dnn_loss_pass pass = {
            .rows = shard->rows * g->per_sample, .units = g->units, .per_sample = g->per_sample, .target = targets[o], .weight = weight,
            .y = dnn_shard_output(graph, shard, o), .scale = g->weight / (double)g->per_sample,
            .sums = sums ? sums + g->sums : NULL,
            .z = objective->fused[o] ? dnn_shard_logits(graph, shard, o) : NULL,
            .dy = gradient ? dnn_shard_output_gradient(graph, shard, o, objective->fused[o]) : NULL,
        };
        eval_loss(objective, o, &pass, record);
        if (pass.dy) memset(pass.dy + shard->rows * sample, 0, (shard->capacity - shard->rows) * sample * sizeof *pass.dy);
        for (size_t i = 0; i < objective->n_measures; i++) {
            const measure *m = &objective->measures[i];
            if (m->output != o) continue;
            pass.weight = m->weighted ? weight : NULL;
            dnn_metric_update(&m->metric, &pass, g->target, record + m->state);
        }
    }
}

double dnn_objective_penalty(const dnn_objective *objective, const double *record)
{
    return objective->penalty && record[0] > 0 ? record[objective->penalty] / record[0] : 0;
}

static bool reports_losses(const dnn_objective *objective) { return objective->graph->n_outputs > 1; }

size_t dnn_objective_values(const dnn_objective *objective) { return objective->names.count; }
const char *dnn_objective_name(const dnn_objective *objective, size_t value) { return objective->names.at[value]; }

void dnn_objective_results(const dnn_objective *objective, const double *record, double *values)
{
    double *out = values + 1, sum = 0;
    for (size_t o = 0; o < objective->graph->n_outputs; o++) {
        const goal *g = &objective->goals[o];
        if (!g->loss.kind) continue;
        const double loss = record[1 + o] / (record[0] * (double)g->per_sample);
        sum += g->weight * loss;
        if (reports_losses(objective)) *out++ = loss;
    }
    values[0] = sum;
    for (size_t i = 0; i < objective->n_measures; i++) {
        const measure *m = &objective->measures[i];
        if (!dnn_metric_has_result(&m->metric)) continue;
        *out++ = dnn_metric_result(&m->metric, objective->goals[m->output].units, record + m->state);
    }
}

/* `name` is owned; NULL: out of memory. */
static dnn_status add_name(dnn_strings *all, char *name)
{
    if (!name) return DNN_E_MEMORY;
    all->at[all->count++] = name;
    return DNN_OK;
}

/* As in Keras, a weighted metric that is also there without weights is called weighted_<metric>. */
static bool also_unweighted(const dnn_objective *objective, const measure *weighted)
{
    for (size_t i = 0; i < objective->n_measures; i++) {
        const measure *m = &objective->measures[i];
        if (!m->weighted && m->output == weighted->output && m->metric.kind == weighted->metric.kind) return true;
    }
    return false;
}

/* The same metric once more, with other parameters say. */
static size_t before_of(const dnn_objective *objective, const measure *m)
{
    size_t before = 0;
    for (const measure *other = objective->measures; other < m; other++)
        before += other->weighted == m->weighted && other->output == m->output && other->metric.kind == m->metric.kind;
    return before;
}

char *objective_metric_name(const dnn_objective *objective, const measure *m)
{
    const bool several = objective->graph->n_outputs > 1;
    const size_t before = before_of(objective, m);
    char number[24] = "";
    if (before > 0) snprintf(number, sizeof number, "_%zu", before);
    return dnn_format("%s%s%s%s%s", several ? objective->graph->outputs[m->output].name : "", several ? "_" : "",
                      m->weighted && also_unweighted(objective, m) ? "weighted_" : "", m->metric.kind->name, number);
}

dnn_status objective_name(dnn_objective *objective)
{
    dnn_strings *all = &objective->names;
    const size_t n_outputs = objective->graph->n_outputs;
    all->at = dnn_alloc(1 + n_outputs + objective->n_measures, sizeof *all->at);
    if (!all->at) return DNN_E_MEMORY;
    dnn_status st = add_name(all, dnn_strdup("loss"));
    for (size_t o = 0; o < n_outputs && st == DNN_OK && reports_losses(objective); o++)
        if (objective->goals[o].loss.kind) st = add_name(all, dnn_format("%s_loss", objective->graph->outputs[o].name));
    for (size_t i = 0; i < objective->n_measures && st == DNN_OK; i++)
        if (dnn_metric_has_result(&objective->measures[i].metric))
            st = add_name(all, objective_metric_name(objective, &objective->measures[i]));
    return st;
}
