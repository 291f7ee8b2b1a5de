/* The second half of a serial step: from the gradient of the whole batch to new weights, a tensor after the other. */
#include <math.h>
#include <string.h>

#include "dnn/comm/watch.h"
#include "dnn/nn/constraint.h"
#include "dnn/nn/regularizer.h"
#include "dnn/optim/clip.h"
#include "train/verify/serial.h"

/* What is the same for all tensors of this step. */
typedef struct terms {
    const dnn_component *optimizer;
    const dnn_optimizer_common *common;
    double learning_rate, momentum;
    uint64_t per_update, update;
} terms;

static terms terms_of(const serial_step *s, uint64_t step)
{
    const trainer *t = s->t;
    const uint64_t rows = dnn_dataset_rows(t->dataset, DNN_TRAIN), batch = (uint64_t)t->config.training.batch_size;
    const dnn_component *o = &t->phases.at[0].optimizer;
    const uint64_t per_update = dnn_optimizer_steps_per_update(o), steps = (rows + batch - 1) / batch;
    const dnn_schedule_time time = { step, steps, steps * t->phases.at[0].epochs, t->run.cut.batch * per_update };
    return (terms){ .optimizer = o, .common = o->common, .learning_rate = dnn_optimizer_learning_rate(o, &time),
                    .momentum = dnn_optimizer_momentum(o, &time), .per_update = per_update, .update = step / per_update + 1 };
}

/* Mean of the gradients since the last update into s->gradient; the accumulator ends empty. */
static void accumulate(serial_step *s, const terms *p, serial_state *out)
{
    const size_t vector = dnn_optimizer_accumulator(p->optimizer);
    for (size_t i = 0; vector != SIZE_MAX && i < s->total; i++) {
        out->slots[vector][i] += s->gradient[i];
        if (!s->updates) continue;
        s->gradient[i] = out->slots[vector][i] / (double)p->per_update;
        out->slots[vector][i] = 0.0;
    }
}

static double norm_of(const double *g, size_t n)
{
    double squares = 0.0;
    for (size_t i = 0; i < n; i++) squares += g[i] * g[i];
    return sqrt(squares);
}

static void clip(serial_step *s, const terms *p, serial_state *out)
{
    const dnn_segments *all = &s->t->graph->segments;
    const dnn_clip limits = dnn_clip_of(p->optimizer);
    double squares = 0.0;
    for (size_t i = 0; i < all->count; i++)
        if (all->at[i].trainable) squares += pow(norm_of(s->gradient + all->at[i].offset, all->at[i].length), 2.0);
    out->norm = sqrt(squares);
    out->factor = out->norm > limits.global_clipnorm ? limits.global_clipnorm / out->norm : 1.0;
    for (size_t i = 0; i < all->count && s->updates; i++) {
        double *g = s->gradient + all->at[i].offset;
        const double norm = out->factor * norm_of(g, all->at[i].length), own = norm > limits.clipnorm ? limits.clipnorm / norm : 1.0;
        for (size_t j = 0; j < all->at[i].length; j++) {
            g[j] *= out->factor * own;
            if (g[j] > limits.clipvalue) g[j] = limits.clipvalue;
            if (g[j] < -limits.clipvalue) g[j] = -limits.clipvalue;
        }
    }
}

static void to_narrow(serial_step *s, const dnn_segment *g, const serial_state *out)
{
    for (size_t j = 0; j < g->length; j++) s->narrow[j] = (float)out->weights[g->offset + j];
}

static void from_narrow(const serial_step *s, const dnn_segment *g, serial_state *out)
{
    for (size_t j = 0; j < g->length; j++) out->weights[g->offset + j] = (double)s->narrow[j];
}

/* Soft threshold and projection are the components' own functions, on the whole tensor. */
static void shrink(serial_step *s, const dnn_segment *g, double learning_rate, serial_state *out)
{
    const dnn_regularizer_kind *kind = g->regularizer ? (const dnn_regularizer_kind *)g->regularizer->kind : NULL;
    if (!kind || !kind->after_update) return;
    to_narrow(s, g, out);
    kind->after_update(g->regularizer->params, learning_rate, g->length, s->narrow);
    from_narrow(s, g, out);
}

static void constrain(serial_step *s, const dnn_segment *g, serial_state *out)
{
    if (!g->constraint) return;
    const dnn_constraint_kind *kind = (const dnn_constraint_kind *)g->constraint->kind;
    to_narrow(s, g, out);
    kind->apply(g->constraint->params, &g->shape, 0, kind->groups(g->constraint->params, &g->shape), s->narrow);
    from_narrow(s, g, out);
}

static void average(const dnn_segment *g, const terms *p, uint64_t step, serial_state *out)
{
    const size_t vector = dnn_optimizer_average(p->optimizer);
    if (vector == SIZE_MAX) return;
    const double old = step / p->per_update == 0 ? 0.0 : p->common->ema_momentum, every = p->common->ema_overwrite_frequency;
    double *w = out->weights + g->offset, *mean = out->slots[vector] + g->offset;
    for (size_t j = 0; j < g->length; j++) mean[j] = old * mean[j] + (1.0 - old) * w[j];
    if (isnan(every) || p->update % (uint64_t)every != 0) return;
    memcpy(w, mean, g->length * sizeof *w);
}

static void update_tensor(serial_step *s, const dnn_segment *g, const terms *p, serial_state *out)
{
    const dnn_optimizer_kind *kind = (const dnn_optimizer_kind *)p->optimizer->kind;
    const size_t own = dnn_optimizer_first_slot(p->optimizer);
    const double decay = dnn_optimizer_weight_decay(p->optimizer, g->name);
    double *w = out->weights + g->offset;
    dnn_serial_update u = { .n = g->length, .shape = &g->shape, .w = w, .g = s->gradient + g->offset, .learning_rate = p->learning_rate,
                            .momentum = p->momentum, .t = p->update };
    for (size_t v = own; v < s->n_slots; v++) u.slot[v - own] = out->slots[v] + g->offset;
    for (size_t j = 0; j < g->length; j++) w[j] -= p->learning_rate * decay * w[j];
    kind->serial(p->optimizer->params, &u);
}

/* The engine's numbers before the step; of what is frozen the gradient is none. */
static void start(serial_step *s, const float *gradient, const float *weights, float *const *slots, double wobble, serial_state *out)
{
    const dnn_segments *all = &s->t->graph->segments;
    memset(s->gradient, 0, s->total * sizeof *s->gradient);
    for (size_t i = 0; i < all->count; i++)
        for (size_t j = all->at[i].offset; j < all->at[i].offset + all->at[i].length; j++) {
            const bool learns = all->at[i].trainable;
            out->weights[j] = (double)weights[j] * (learns ? serial_shake(s, wobble) : 1.0);
            if (learns) s->gradient[j] = (double)gradient[j] * serial_shake(s, wobble);
            for (size_t v = 0; v < s->n_slots; v++) out->slots[v][j] = (double)slots[v][j] * serial_shake(s, wobble);
        }
}

void serial_update(serial_step *s, const float *gradient, const float *weights, float *const *slots, uint64_t step, double wobble, serial_state *out)
{
    const dnn_segments *all = &s->t->graph->segments;
    const terms p = terms_of(s, step);
    s->updates = (step + 1) % p.per_update == 0;
    start(s, gradient, weights, slots, wobble, out);
    accumulate(s, &p, out);
    if (s->updates) serial_noise_gradient(s, step, p.update, s->gradient);
    clip(s, &p, out);
    for (size_t i = 0; i < all->count && s->has_rule; i++) {
        const dnn_segment *g = &all->at[i];
        if (!g->trainable) continue;
        dnn_watch_alive();
        if (s->updates) {
            update_tensor(s, g, &p, out);
            shrink(s, g, p.learning_rate, out);
        }
        average(g, &p, step, out);
        constrain(s, g, out);
    }
}
