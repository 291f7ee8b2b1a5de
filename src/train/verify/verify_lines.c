/* What is compared, in the order in which a step comes to it, so that the first line that differs is where the fault is. Rank 0. */
#include <float.h>
#include <math.h>

#include "train/loop/values.h"
#include "train/verify/verification.h"

/* Of the reference with weights and inputs moved by four units in the last place: chance must not make one of them too small. */
enum { WOBBLES = 3 };
static const double wobble = 4.0 * 0x1p-23;

static const char samples_line[] = "samples", output_line[] = "output of", statistic_line[] = "moving statistic", value_line[] = "value",
                  back_line[] = "gradient at", gradient_line[] = "gradient of", norm_line[] = "gradient norm", factor_line[] = "clip factor",
                  weight_line[] = "next weights", copies_line[] = "copies of the teams";

static const dnn_segment *segment(const verification *v, size_t i) { return &v->t.graph->segments.at[i]; }
static size_t segments(const verification *v) { return v->t.graph->segments.count; }

static size_t line(verification *v, const char *quantity, const char *name) { return comparison_line_of(&v->c, quantity, name); }

static size_t look_line(verification *v, size_t layer, bool backward)
{
    return line(v, backward ? back_line : output_line, v->t.graph->layers[layer].name);
}

static const char *slot_name(const verification *v, size_t slot) { return dnn_optimizer_vector_name(v->t.run.optimizer, slot); }

/* Forward as the graph runs, backward the other way. */
static void make_lines(verification *v)
{
    const dnn_graph *g = v->t.graph;
    line(v, samples_line, "");
    for (size_t i = 0; i < g->n_ops; i++) look_line(v, g->ops[i].layer, false);
    for (size_t i = 0; i < segments(v); i++)
        if (!segment(v, i)->weight) line(v, statistic_line, segment(v, i)->name);
    for (size_t i = 0; i < v->t.n_train_values; i++) line(v, value_line, v->t.names[i]);
    for (size_t i = g->n_ops; i-- > 0;)
        if (!g->layers[g->ops[i].layer].plan.view) look_line(v, g->ops[i].layer, true);
    for (size_t i = segments(v); i-- > 0;)
        if (segment(v, i)->trainable) line(v, gradient_line, segment(v, i)->name);
    line(v, norm_line, "");
    line(v, factor_line, "");
    for (size_t i = 0; i < segments(v); i++) {
        if (!segment(v, i)->weight) continue;
        for (size_t s = 0; s < v->t.run.n_slots && segment(v, i)->trainable; s++) line(v, slot_name(v, s), segment(v, i)->name);
        line(v, weight_line, segment(v, i)->name);
    }
    line(v, copies_line, "");
}

/* How far rounding may reach, from the reference's response to rounding of what goes in. */
static void note_wobble(verification *v)
{
    const serial_numbers *plain = &v->serial->numbers, *moved = &v->serial->wobbled;
    for (size_t i = 0; i < v->t.graph->n_ops; i++)
        for (int backward = 0; backward < 2; backward++) {
            const size_t l = v->t.graph->ops[i].layer, at = look_at(l, backward) + LOOK_SIGNED;
            if (!backward || !v->t.graph->layers[l].plan.view)
                comparison_wobble(&v->c, look_line(v, l, backward), LOOK_SIGNS, plain->seen + at, moved->seen + at);
        }
    for (size_t i = 0; i < v->t.n_train_values; i++)
        comparison_wobble(&v->c, line(v, value_line, v->t.names[i]), 1, plain->values + i, moved->values + i);
    for (size_t i = 0; i < segments(v); i++) {
        const dnn_segment *g = segment(v, i);
        if (g->trainable) comparison_wobble(&v->c, line(v, gradient_line, g->name), g->length, plain->gradient + g->offset, moved->gradient + g->offset);
        if (!g->weight) comparison_wobble(&v->c, line(v, statistic_line, g->name), g->length, plain->moved + g->offset, moved->moved + g->offset);
    }
}

/* A sum over the rows that cancels (of a bias in front of batch norm) leaves the rounding of its terms. */
static double left_over(const verification *v, const dnn_segment *g)
{
    const double squares = v->serial->numbers.seen[look_at(g->layer, true) + LOOK_SQUARES];
    return 16.0 * (double)FLT_EPSILON * sqrt(squares) / (double)v->serial->rows;
}

/* Likewise a mean over the rows that is moved on: behind a batch norm those of the next one cancel. */
static double left_over_of_mean(const verification *v, const dnn_segment *g)
{
    const dnn_graph *graph = v->t.graph;
    for (size_t i = 0; i < graph->n_ops; i++) {
        if (graph->ops[i].layer != g->layer || graph->ops[i].in[0] < graph->n_inputs) continue;
        const size_t before = graph->ops[graph->ops[i].in[0] - graph->n_inputs].layer;
        const double values = (double)v->serial->rows * (double)dnn_shape_units(&graph->layers[before].out);
        return 4.0 * (double)FLT_EPSILON * sqrt(v->serial->numbers.seen[look_at(before, false) + LOOK_SQUARES] / values);
    }
    return 0.0;
}

static void compare_passes(verification *v)
{
    const serial_numbers *n = &v->serial->numbers;
    const worker *k = &v->t.run.workers[0];
    double values[MAX_VALUES];
    values_of(v->t.objective, v->t.graph, k->outcome, penalties_of_step(&v->t.run), values);
    comparison_doubles(&v->c, line(v, samples_line, ""), 1, k->outcome, &(double){ (double)v->serial->rows }, 0.0);
    for (size_t i = 0; i < v->t.n_train_values; i++) comparison_doubles(&v->c, line(v, value_line, v->t.names[i]), 1, values + i, n->values + i, 0.0);
    for (size_t i = 0; i < v->t.graph->n_ops; i++)
        for (int backward = 0; backward < 2; backward++) {
            const size_t l = v->t.graph->ops[i].layer, at = look_at(l, backward);
            if (backward && v->t.graph->layers[l].plan.view) continue;
            comparison_doubles(&v->c, look_line(v, l, backward), LOOK_SIGNS, v->seen + at + LOOK_SIGNED, n->seen + at + LOOK_SIGNED, sqrt(n->seen[at + LOOK_SQUARES]));
        }
    const bool rounds = v->t.run.buckets.exchange && v->t.config.comm.compression;
    for (size_t i = 0; i < segments(v); i++) {
        const dnn_segment *g = segment(v, i);
        double largest = 0.0;
        for (size_t j = 0; j < g->length; j++) largest = fmax(largest, fabs(n->gradient[g->offset + j]));
        if (g->trainable && rounds) comparison_allow(&v->c, line(v, gradient_line, g->name), 0x1p-6 * largest);
        if (!g->weight) comparison_allow(&v->c, line(v, statistic_line, g->name), left_over_of_mean(v, g));
        if (!g->weight) comparison_floats(&v->c, line(v, statistic_line, g->name), g->length, v->t.run.weights + g->offset, n->moved + g->offset);
        if (!g->trainable) continue;
        comparison_allow(&v->c, line(v, gradient_line, g->name), left_over(v, g));
        comparison_floats(&v->c, line(v, gradient_line, g->name), g->length, v->t.run.tap + g->offset, n->gradient + g->offset);
    }
}

static void note_wobble_of_update(verification *v)
{
    const serial_state *plain = &v->serial->state, *moved = &v->serial->wobbled_state;
    comparison_wobble(&v->c, line(v, norm_line, ""), 1, &plain->norm, &moved->norm);
    comparison_wobble(&v->c, line(v, factor_line, ""), 1, &plain->factor, &moved->factor);
    for (size_t i = 0; i < segments(v); i++) {
        const dnn_segment *g = segment(v, i);
        if (!g->trainable) continue;
        for (size_t s = 0; s < v->t.run.n_slots; s++)
            comparison_wobble(&v->c, line(v, slot_name(v, s), g->name), g->length, plain->slots[s] + g->offset, moved->slots[s] + g->offset);
        comparison_wobble(&v->c, line(v, weight_line, g->name), g->length, plain->weights + g->offset, moved->weights + g->offset);
    }
}

static void compare_update(verification *v)
{
    const runner *r = &v->t.run;
    const serial_state *n = &v->serial->state;
    const worker *k = &r->workers[0];
    if (v->serial->updates && (r->clip.needs_norms || r->log_every == 1)) {
        comparison_doubles(&v->c, line(v, norm_line, ""), 1, &k->gradient_norm, &n->norm, 0.0);
        comparison_doubles(&v->c, line(v, factor_line, ""), 1, &k->clip_factor, &n->factor, 0.0);
    }
    for (size_t i = 0; i < segments(v) && v->serial->has_rule; i++) {
        const dnn_segment *g = segment(v, i);
        if (!g->weight) continue;
        for (size_t s = 0; s < r->n_slots && g->trainable; s++)
            comparison_floats(&v->c, line(v, slot_name(v, s), g->name), g->length, r->slots[s] + g->offset, n->slots[s] + g->offset);
        comparison_floats(&v->c, line(v, weight_line, g->name), g->length, r->weights + g->offset, n->weights + g->offset);
    }
}

/* training.shards: against the engine on one worker. */
static void compare_bits(verification *v)
{
    const runner *r = &v->t.run, *one = &v->alone.run;
    const size_t values = v->t.n_train_values;
    double got[MAX_VALUES], wanted[MAX_VALUES];
    values_of(v->t.objective, v->t.graph, r->workers[0].outcome, penalties_of_step(r), got);
    values_of(v->alone.objective, v->alone.graph, one->workers[0].outcome, penalties_of_step(one), wanted);
    for (size_t i = 0; i < values; i++) comparison_bits_doubles(&v->c, line(v, value_line, v->t.names[i]), 1, got + i, wanted + i);
    if (r->clip.needs_norms) comparison_bits_doubles(&v->c, line(v, factor_line, ""), 1, &r->workers[0].clip_factor, &one->workers[0].clip_factor);
    for (size_t i = 0; i < segments(v); i++) {
        const dnn_segment *g = segment(v, i);
        const char *state = g->weight ? weight_line : statistic_line;
        if (g->trainable) comparison_bits_floats(&v->c, line(v, gradient_line, g->name), g->length, r->tap + g->offset, one->tap + g->offset);
        for (size_t s = 0; s < r->n_slots && g->trainable; s++)
            comparison_bits_floats(&v->c, line(v, slot_name(v, s), g->name), g->length, r->slots[s] + g->offset, one->slots[s] + g->offset);
        comparison_bits_floats(&v->c, line(v, state, g->name), g->length, r->weights + g->offset, one->weights + g->offset);
    }
}

dnn_status verification_compare(verification *v)
{
    serial_step *s = v->serial;
    const float *tap = v->t.run.tap;
    if (v->c.count == 0) make_lines(v);
    comparison_begin_step(&v->c, v->step + 1);
    dnn_status st = serial_forward_backward(s, v->before, v->batch, v->step, 0.0, &s->numbers);
    serial_update(s, tap, v->before, v->slots_before, v->step, 0.0, &s->state);
    for (int i = 0; i < WOBBLES && st == DNN_OK; i++) {
        st = serial_forward_backward(s, v->before, v->batch, v->step, wobble, &s->wobbled);
        if (st == DNN_OK) note_wobble(v);
        serial_update(s, tap, v->before, v->slots_before, v->step, wobble, &s->wobbled_state);
        if (st == DNN_OK) note_wobble_of_update(v);
    }
    if (st != DNN_OK) return st;
    compare_passes(v);
    compare_update(v);
    if (v->exact) compare_bits(v);
    return DNN_OK;
}

void verification_note_copies(verification *v, bool same) { comparison_verdict(&v->c, line(v, copies_line, ""), same); }
