/* Whole trainings of a small network against the same training written down plainly in double: what comes before what in an update. */
#include "trial.h"

#include <math.h>

/* x [rows, 2] -> tanh(x A + a) [3] -> B + b [1], mean squared error. */
enum { IN = 2, HIDDEN = 3, ROWS = 20, TENSORS = 4, MOST = 6, BATCH = 8, STEPS = 3, EPOCHS = 4 };
static const size_t lengths[TENSORS] = { IN * HIDDEN, HIDDEN, HIDDEN, 1 };
enum { A, A_BIAS, B, B_BIAS };

typedef double tensors[TENSORS][MOST];

/* Ways to go wrong; a case names those that would show in it. */
enum {
    CLIP_BEFORE_PENALTY = 1, SCHEDULE_COUNTS_UPDATES = 2, ADAM_COUNTS_STEPS = 4, SUMS_END_WITH_THE_EPOCH = 8, SUM_INSTEAD_OF_MEAN = 16,
    AVERAGE_AFTER_CONSTRAINT = 32, AVERAGE_FROM_ZERO = 64, CLIP_EACH_STEP = 128, NORMS_BEFORE_DECAY = 256, ONE_NORM_FOR_ALL = 512,
    DECAY_IN_THE_GRADIENT = 1024, NO_PENALTY = 2048, NO_CONSTRAINT = 4096, NO_OVERWRITE = 8192, DECAY_EVERYTHING = 16384, ALL_TRAPS = 32767
};

typedef enum rule { SGD, ADAM, LAMB, LARS } rule;

typedef struct plain {
    const char *layer, *optimizer;  /* as in a run file */
    rule rule;
    double rate, decay_rate;        /* rate / (1 + decay_rate · step) */
    double l1[TENSORS], l2[TENSORS], proximal;
    double clipnorm, global_clipnorm, clipvalue;  /* 0: off */
    double weight_decay; bool decays[TENSORS];
    unsigned accumulate;
    double ema; unsigned overwrite; /* 0: off */
    double max_norm;                /* of the columns of A */
    bool non_neg;                   /* B */
    unsigned traps, wrong;
} plain;

typedef struct course {
    tensors w, g, sum, m, v, average;
    double loss, penalty, norm, factor;
    unsigned step;
} course;

static double norm_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sqrt(sum);
}

static double norm_of_all(tensors x)
{
    double sum = 0;
    for (size_t t = 0; t < TENSORS; t++) sum += norm_of(x[t], lengths[t]) * norm_of(x[t], lengths[t]);
    return sqrt(sum);
}

static void differentiate(course *c, size_t rows, const float *x, const float *y)
{
    memset(c->g, 0, sizeof c->g);
    c->loss = 0;
    for (size_t r = 0; r < rows; r++) {
        double h[HIDDEN], out = c->w[B_BIAS][0];
        for (size_t j = 0; j < HIDDEN; j++) {
            double z = c->w[A_BIAS][j];
            for (size_t i = 0; i < IN; i++) z += (double)x[r * IN + i] * c->w[A][i * HIDDEN + j];
            h[j] = tanh(z);
            out += h[j] * c->w[B][j];
        }
        const double d = out - (double)y[r], slope = 2 * d / (double)rows;
        c->loss += d * d / (double)rows;
        c->g[B_BIAS][0] += slope;
        for (size_t j = 0; j < HIDDEN; j++) {
            const double dz = slope * c->w[B][j] * (1 - h[j] * h[j]);
            c->g[B][j] += slope * h[j];
            c->g[A_BIAS][j] += dz;
            for (size_t i = 0; i < IN; i++) c->g[A][i * HIDDEN + j] += dz * (double)x[r * IN + i];
        }
    }
}

static void penalize(const plain *p, course *c)
{
    if (p->wrong & NO_PENALTY) return;
    for (size_t t = 0; t < TENSORS; t++)
        for (size_t i = 0; i < lengths[t]; i++) {
            const double w = c->w[t][i];
            c->penalty += p->l1[t] * fabs(w) + p->l2[t] * w * w + (t == A ? p->proximal * fabs(w) : 0);
            c->g[t][i] += p->l1[t] * ((w > 0) - (w < 0)) + 2 * p->l2[t] * w;
        }
}

static void scale(tensors g, size_t t, double factor)
{
    for (size_t i = 0; i < lengths[t]; i++) g[t][i] *= factor;
}

static void clip(const plain *p, tensors g)
{
    const double all = norm_of_all(g);
    for (size_t t = 0; t < TENSORS; t++) {
        if (p->global_clipnorm > 0 && all > p->global_clipnorm) scale(g, t, p->global_clipnorm / all);
        const double one = norm_of(g[t], lengths[t]);
        if (p->clipnorm > 0 && one > p->clipnorm) scale(g, t, p->clipnorm / one);
        for (size_t i = 0; p->clipvalue > 0 && i < lengths[t]; i++) g[t][i] = fmin(fmax(g[t][i], -p->clipvalue), p->clipvalue);
    }
}

static double ratio(double a, double b, double otherwise) { return a > 0 && b > 0 ? a / b : otherwise; }

static void apply_rule(const plain *p, course *c, double rate, unsigned update, tensors before_decay)
{
    const double t = p->wrong & ADAM_COUNTS_STEPS ? c->step + 1 : update;
    tensors u;
    for (size_t k = 0; k < TENSORS; k++)
        for (size_t i = 0; i < lengths[k]; i++) {
            const double g = c->g[k][i];
            u[k][i] = g;
            if (p->rule != ADAM && p->rule != LAMB) continue;
            c->m[k][i] = 0.9 * c->m[k][i] + 0.1 * g;
            c->v[k][i] = 0.999 * c->v[k][i] + 0.001 * g * g;
            const double m = c->m[k][i] / (1 - pow(0.9, t)), v = c->v[k][i] / (1 - pow(0.999, t));
            u[k][i] = p->rule == LAMB ? m / (sqrt(v) + 1e-7) : m / (sqrt(v) + 1e-7 / sqrt(1 - pow(0.999, t)));
        }
    for (size_t k = 0; k < TENSORS; k++) {
        double (*of)[MOST] = p->wrong & NORMS_BEFORE_DECAY ? before_decay : c->w;
        const double length = p->wrong & ONE_NORM_FOR_ALL ? norm_of_all(of) : norm_of(of[k], lengths[k]);
        const double way = p->wrong & ONE_NORM_FOR_ALL ? norm_of_all(u) : norm_of(u[k], lengths[k]);
        const double local = p->rule == LAMB ? ratio(length, way, 1) : p->rule == LARS ? ratio(0.05 * length, way, 1) : 1;
        for (size_t i = 0; i < lengths[k]; i++) {
            if (p->rule == LARS) c->m[k][i] = 0.9 * c->m[k][i] + rate * local * u[k][i];
            c->w[k][i] -= p->rule == LARS ? c->m[k][i] : rate * local * u[k][i];
        }
    }
    for (size_t i = 0; p->proximal > 0 && i < lengths[A]; i++) {
        const double w = c->w[A][i], left = fabs(w) - rate * p->proximal;
        c->w[A][i] = left > 0 ? copysign(left, w) : 0;
    }
}

static void decay(const plain *p, course *c, double rate)
{
    for (size_t t = 0; t < TENSORS; t++)
        for (size_t i = 0; i < lengths[t] && (p->decays[t] || p->wrong & DECAY_EVERYTHING); i++) {
            if (p->wrong & DECAY_IN_THE_GRADIENT) c->g[t][i] += p->weight_decay * c->w[t][i];
            else c->w[t][i] -= rate * p->weight_decay * c->w[t][i];
        }
}

static void constrain(const plain *p, course *c)
{
    if (p->wrong & NO_CONSTRAINT) return;
    for (size_t j = 0; p->max_norm > 0 && j < HIDDEN; j++) {
        double squares = 0;
        for (size_t i = 0; i < IN; i++) squares += c->w[A][i * HIDDEN + j] * c->w[A][i * HIDDEN + j];
        for (size_t i = 0; i < IN; i++) c->w[A][i * HIDDEN + j] *= fmin(sqrt(squares), p->max_norm) / (1e-7 + sqrt(squares));
    }
    for (size_t i = 0; p->non_neg && i < lengths[B]; i++) c->w[B][i] = fmax(c->w[B][i], 0);
}

static void average(const plain *p, course *c, unsigned update)
{
    if (p->ema == 0) return;
    const double keep = update == 1 && !(p->wrong & AVERAGE_FROM_ZERO) ? 0 : p->ema;
    for (size_t t = 0; t < TENSORS; t++)
        for (size_t i = 0; i < lengths[t]; i++) c->average[t][i] = keep * c->average[t][i] + (1 - keep) * c->w[t][i];
    if (p->overwrite && update % p->overwrite == 0 && !(p->wrong & NO_OVERWRITE)) memcpy(c->w, c->average, sizeof c->w);
}

/* Adds to the sums; true when they are the mean gradient of an update. */
static bool accumulated(const plain *p, course *c, unsigned step_of_epoch)
{
    if (p->accumulate < 2) return true;
    if (p->wrong & SUMS_END_WITH_THE_EPOCH && step_of_epoch == 0) memset(c->sum, 0, sizeof c->sum);
    if (p->wrong & CLIP_EACH_STEP) clip(p, c->g);
    const bool updates = (c->step + 1) % p->accumulate == 0;
    for (size_t t = 0; t < TENSORS; t++)
        for (size_t i = 0; i < lengths[t]; i++) {
            c->sum[t][i] += c->g[t][i];
            if (updates) c->g[t][i] = c->sum[t][i] / (p->wrong & SUM_INSTEAD_OF_MEAN ? 1 : p->accumulate), c->sum[t][i] = 0;
        }
    return updates;
}

static void step(const plain *p, course *c, unsigned step_of_epoch, size_t rows, const float *x, const float *y)
{
    const unsigned per = p->accumulate ? p->accumulate : 1, update = c->step / per + 1;
    const double rate = p->rate / (1 + p->decay_rate * (p->wrong & SCHEDULE_COUNTS_UPDATES ? update - 1 : c->step));
    tensors before;
    differentiate(c, rows, x, y);
    c->penalty = 0;
    c->factor = 1;
    if (p->wrong & CLIP_BEFORE_PENALTY) clip(p, c->g);
    penalize(p, c);
    if (accumulated(p, c, step_of_epoch)) {
        c->norm = norm_of_all(c->g);
        if (p->global_clipnorm > 0 && c->norm > p->global_clipnorm) c->factor = p->global_clipnorm / c->norm;
        if (!(p->wrong & (CLIP_BEFORE_PENALTY | CLIP_EACH_STEP))) clip(p, c->g);
        memcpy(before, c->w, sizeof before);
        decay(p, c, rate);
        apply_rule(p, c, rate, update, before);
    } else {
        c->norm = norm_of_all(c->g);
    }
    if (p->wrong & AVERAGE_AFTER_CONSTRAINT) constrain(p, c);
    average(p, c, update);
    constrain(p, c);
    c->step++;
}

/* A batch as the runner gathers it. */
static size_t batch_of(trial *t, unsigned step_of_epoch, const float **x, const float **y)
{
    bay *b = &t->run.workers[0].bays[0];
    const size_t first = step_of_epoch * BATCH, rows = ROWS - first < BATCH ? ROWS - first : BATCH;
    gather(&t->run, DNN_TRAIN, 0, first, rows, true, b);
    *x = b->x[0];
    *y = b->target[0];
    return rows;
}

static void take_weights(const trial *t, const float *from, tensors to)
{
    for (size_t s = 0; s < TENSORS; s++) {
        const dnn_segment *g = &t->graph->segments.at[s];
        assert_int_equal(g->length, lengths[s]);
        for (size_t i = 0; i < g->length; i++) to[s][i] = (double)from[g->offset + i];
    }
}

static double distance(tensors a, tensors b)
{
    double most = 0;
    for (size_t t = 0; t < TENSORS; t++)
        for (size_t i = 0; i < lengths[t]; i++)
            if (!(fabs(a[t][i] - b[t][i]) <= most)) most = fabs(a[t][i] - b[t][i]);
    return most;
}

static void open_case(const plain *p, trial *t, course *c)
{
    char text[1200];
    snprintf(text, sizeof text,
             "seed: 4\noutput: unused\ndata: {source: {moons: {n_samples: %d, noise: 0.1, random_state: 1}}}\n"
             "model: {layers: [{dense: {units: %d, activation: tanh, bias_initializer: {constant: 0.2}, %s}}, {dense: {units: 1, "
             "kernel_constraint: %s}}]}\n"
             "training: {loss: mse, batch_size: %d, epochs: %d, shuffle: false, log_every: 1, optimizer: {%s}}\n",
             ROWS, HIDDEN, p->layer, p->non_neg ? "non_neg" : "null", BATCH, EPOCHS, p->optimizer);
    assert_int_equal(trial_open(NULL, text, 1, t), DNN_OK);
    memset(c, 0, sizeof *c);
    take_weights(t, t->run.weights, c->w);
}

static void close_case(trial *t)
{
    trial_close(t);
    dnn_place_forget();
}

/* The plain course of a case alone. */
static void follow(const plain *p, unsigned wrong, course *c)
{
    trial t;
    plain q = *p;
    q.wrong = wrong;
    open_case(p, &t, c);
    for (unsigned s = 0; s < EPOCHS * STEPS; s++) {
        const float *x, *y;
        const size_t rows = batch_of(&t, s % STEPS, &x, &y);
        step(&q, c, s % STEPS, rows, x, y);
    }
    close_case(&t);
}

/* After every step; then each of the traps must lead elsewhere, or the case would not have seen them. */
static void expect_course(const plain *p)
{
    trial t;
    course c, astray;
    open_case(p, &t, &c);
    for (unsigned s = 0; s < EPOCHS * STEPS; s++) {
        const float *x, *y;
        tensors w;
        const size_t rows = batch_of(&t, s % STEPS, &x, &y);
        step(p, &c, s % STEPS, rows, x, y);
        assert_true(train_step(&t.run.workers[0], s / STEPS + 1, s % STEPS));
        take_weights(&t, t.run.weights, w);
        if (!(distance(w, c.w) <= 4e-6)) fail_msg("{%s}, {%s}: %g apart after step %u", p->layer, p->optimizer, distance(w, c.w), s + 1);
        if (p->ema > 0) {
            take_weights(&t, t.run.slots[dnn_optimizer_average(&t.config.training.optimizer)], w);
            if (!(distance(w, c.average) <= 4e-6)) fail_msg("{%s}: averages %g apart", p->optimizer, distance(w, c.average));
        }
        assert_float_equal(penalties_of_step(&t.run), c.penalty, 1e-6);
        assert_float_equal(t.run.workers[0].gradient_norm, c.norm, 4e-6 * (1 + c.norm));
        assert_float_equal(t.run.workers[0].clip_factor, c.factor, 1e-4);
    }
    close_case(&t);
    for (unsigned trap = 1; trap < ALL_TRAPS; trap *= 2) {
        if (!(p->traps & trap)) continue;
        follow(p, trap, &astray);
        const double way = distance(astray.w, c.w), averages = distance(astray.average, c.average);
        if (!((way > averages ? way : averages) > 1e-4)) fail_msg("{%s}, {%s}: trap %u does not show: %g", p->layer, p->optimizer, trap, way);
    }
}

#define ALL_DECAY { true, true, true, true }

static void a_plain_step_is_the_gradient_times_the_rate(void **state)
{
    (void)state;
    expect_course(&(plain){ .layer = "", .optimizer = "sgd: {learning_rate: 0.1}", .rule = SGD, .rate = 0.1 });
    expect_course(&(plain){ .layer = "", .optimizer = "adam: {learning_rate: 0.02}", .rule = ADAM, .rate = 0.02 });
}

static void penalties_are_in_the_gradient_before_its_norm_is_taken_and_clipped(void **state)
{
    (void)state;
    expect_course(&(plain){ .layer = "kernel_regularizer: {l2: 0.3}, bias_regularizer: {l1_l2: {l1: 0.05, l2: 0.1}}",
                            .optimizer = "sgd: {learning_rate: 0.1}", .rate = 0.1, .l2 = { [A] = 0.3, [A_BIAS] = 0.1 },
                            .l1 = { [A_BIAS] = 0.05 }, .traps = NO_PENALTY });
    expect_course(&(plain){ .layer = "kernel_regularizer: {l2: 0.3}", .optimizer = "sgd: {learning_rate: 0.1, global_clipnorm: 0.3}",
                            .rate = 0.1, .l2 = { 0.3 }, .global_clipnorm = 0.3, .traps = CLIP_BEFORE_PENALTY | NO_PENALTY });
    expect_course(&(plain){ .layer = "kernel_regularizer: {l2: 0.3}", .optimizer = "sgd: {learning_rate: 0.1, clipnorm: 0.2}",
                            .rate = 0.1, .l2 = { 0.3 }, .clipnorm = 0.2, .traps = CLIP_BEFORE_PENALTY | NO_PENALTY });
    expect_course(&(plain){ .layer = "kernel_regularizer: {l1: 0.2}", .optimizer = "sgd: {learning_rate: 0.1, clipvalue: 0.1}",
                            .rate = 0.1, .l1 = { 0.2 }, .clipvalue = 0.1, .traps = CLIP_BEFORE_PENALTY | NO_PENALTY });
}

static void soft_thresholds_follow_the_step_and_reach_zero(void **state)
{
    (void)state;
    const plain p = { .layer = "kernel_regularizer: {l1_proximal: 0.5}", .optimizer = "sgd: {learning_rate: 0.1}", .rate = 0.1, .proximal = 0.5 };
    course c;
    expect_course(&p);
    follow(&p, 0, &c);
    size_t zeros = 0;
    for (size_t i = 0; i < lengths[A]; i++) zeros += c.w[A][i] == 0;
    assert_true(zeros > 0);
}

static void weights_decay_after_clipping_by_rate_times_decay(void **state)
{
    (void)state;
    expect_course(&(plain){ .layer = "", .optimizer = "sgd: {learning_rate: 0.1, weight_decay: 0.3, clipnorm: 0.1}", .rate = 0.1,
                            .clipnorm = 0.1, .weight_decay = 0.3, .decays = ALL_DECAY });
    expect_course(&(plain){ .layer = "", .optimizer = "adamw: {learning_rate: 0.05, weight_decay: 0.3, exclude_from_weight_decay: [bias, dense_1]}",
                            .rule = ADAM, .rate = 0.05, .weight_decay = 0.3, .decays = { [A] = true },
                            .traps = DECAY_IN_THE_GRADIENT | DECAY_EVERYTHING });
    expect_course(&(plain){ .layer = "", .optimizer = "adamw: {learning_rate: 0.1}", .rule = ADAM, .rate = 0.1, .weight_decay = 0.004,
                            .decays = ALL_DECAY, .traps = DECAY_IN_THE_GRADIENT });
}

/* 12 steps make 2 updates of 5 and leave 2 over: sums go over the ends of epochs. */
static void an_update_is_made_of_the_mean_gradient_of_its_steps(void **state)
{
    (void)state;
    expect_course(&(plain){ .layer = "", .optimizer = "sgd: {learning_rate: 0.1, gradient_accumulation_steps: 3}", .rate = 0.1,
                            .accumulate = 3, .traps = SUM_INSTEAD_OF_MEAN });
    expect_course(&(plain){ .layer = "", .optimizer = "sgd: {learning_rate: 0.1, gradient_accumulation_steps: 5}", .rate = 0.1,
                            .accumulate = 5, .traps = SUM_INSTEAD_OF_MEAN | SUMS_END_WITH_THE_EPOCH });
    expect_course(&(plain){ .layer = "", .optimizer = "sgd: {learning_rate: 0.1, gradient_accumulation_steps: 3, global_clipnorm: 0.05}",
                            .rate = 0.1, .global_clipnorm = 0.05, .accumulate = 3, .traps = CLIP_EACH_STEP });
    expect_course(&(plain){ .layer = "kernel_regularizer: {l2: 0.3}",
                            .optimizer = "sgd: {learning_rate: 0.1, gradient_accumulation_steps: 2, clipnorm: 0.15, weight_decay: 0.2}",
                            .rate = 0.1, .l2 = { 0.3 }, .clipnorm = 0.15, .weight_decay = 0.2, .decays = ALL_DECAY, .accumulate = 2,
                            .traps = CLIP_EACH_STEP | CLIP_BEFORE_PENALTY });
}

static void adam_counts_updates_where_the_schedule_counts_steps(void **state)
{
    (void)state;
    expect_course(&(plain){
        .layer = "", .rule = ADAM, .rate = 0.05, .decay_rate = 0.25, .accumulate = 3,
        .optimizer = "adam: {learning_rate: {inverse_time_decay: {initial_learning_rate: 0.05, decay_steps: 1, decay_rate: 0.25}}, "
                     "gradient_accumulation_steps: 3}",
        .traps = SCHEDULE_COUNTS_UPDATES | ADAM_COUNTS_STEPS });
}

static void averages_begin_at_the_weights_and_take_their_place_when_asked(void **state)
{
    (void)state;
    expect_course(&(plain){ .layer = "", .optimizer = "sgd: {learning_rate: 0.3, use_ema: true, ema_momentum: 0.8}", .rate = 0.3, .ema = 0.8,
                            .traps = AVERAGE_FROM_ZERO });
    expect_course(&(plain){ .layer = "", .rate = 0.3, .ema = 0.8, .overwrite = 3,
                            .optimizer = "sgd: {learning_rate: 0.3, use_ema: true, ema_momentum: 0.8, ema_overwrite_frequency: 3}",
                            .traps = AVERAGE_FROM_ZERO | NO_OVERWRITE });
    expect_course(&(plain){ .layer = "", .rate = 0.3, .ema = 0.8, .overwrite = 2, .accumulate = 2,
                            .optimizer = "sgd: {learning_rate: 0.3, use_ema: true, ema_momentum: 0.8, ema_overwrite_frequency: 2, "
                                         "gradient_accumulation_steps: 2}",
                            .traps = AVERAGE_FROM_ZERO | NO_OVERWRITE | SUM_INSTEAD_OF_MEAN });
}

static void constraints_come_last_and_averages_see_weights_before_them(void **state)
{
    (void)state;
    expect_course(&(plain){ .layer = "kernel_constraint: {max_norm: 0.4}", .optimizer = "sgd: {learning_rate: 0.3}", .rate = 0.3,
                            .max_norm = 0.4, .non_neg = true, .traps = NO_CONSTRAINT });
    expect_course(&(plain){ .layer = "kernel_constraint: {max_norm: 0.4}", .rate = 0.3, .max_norm = 0.4, .non_neg = true, .ema = 0.8,
                            .optimizer = "sgd: {learning_rate: 0.3, use_ema: true, ema_momentum: 0.8}",
                            .traps = NO_CONSTRAINT | AVERAGE_AFTER_CONSTRAINT });
    expect_course(&(plain){ .layer = "kernel_constraint: {max_norm: 0.4}", .rate = 0.3, .max_norm = 0.4, .ema = 0.8, .overwrite = 4,
                            .optimizer = "sgd: {learning_rate: 0.3, use_ema: true, ema_momentum: 0.8, ema_overwrite_frequency: 4}",
                            .traps = AVERAGE_AFTER_CONSTRAINT | NO_OVERWRITE });
}

static void lamb_and_lars_scale_by_the_norms_of_each_tensor(void **state)
{
    (void)state;
    expect_course(&(plain){ .layer = "", .optimizer = "lamb: {learning_rate: 0.05}", .rule = LAMB, .rate = 0.05, .traps = ONE_NORM_FOR_ALL });
    expect_course(&(plain){ .layer = "kernel_regularizer: {l2: 0.3}", .optimizer = "lamb: {learning_rate: 0.05, clipnorm: 0.1, "
                            "gradient_accumulation_steps: 2}", .rule = LAMB, .rate = 0.05, .l2 = { 0.3 }, .clipnorm = 0.1, .accumulate = 2,
                            .traps = ONE_NORM_FOR_ALL | ADAM_COUNTS_STEPS });
    expect_course(&(plain){ .layer = "", .optimizer = "lars: {learning_rate: 0.5, trust_coefficient: 0.05}", .rule = LARS, .rate = 0.5,
                            .traps = ONE_NORM_FOR_ALL });
}

/* Keras decays first, and the norm is that of what the rule then moves. */
static void lamb_takes_the_norm_of_the_decayed_weights(void **state)
{
    (void)state;
    expect_course(&(plain){ .layer = "", .optimizer = "lamb: {learning_rate: 0.2, weight_decay: 1.0}", .rule = LAMB, .rate = 0.2,
                            .weight_decay = 1.0, .decays = ALL_DECAY, .traps = NORMS_BEFORE_DECAY });
}

static int memory_is_balanced(void **state)
{
    (void)state;
    dnn_place_forget();
    return dnn_memory_balance() == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_step_is_the_gradient_times_the_rate),
        cmocka_unit_test(penalties_are_in_the_gradient_before_its_norm_is_taken_and_clipped),
        cmocka_unit_test(soft_thresholds_follow_the_step_and_reach_zero),
        cmocka_unit_test(weights_decay_after_clipping_by_rate_times_decay),
        cmocka_unit_test(an_update_is_made_of_the_mean_gradient_of_its_steps),
        cmocka_unit_test(adam_counts_updates_where_the_schedule_counts_steps),
        cmocka_unit_test(averages_begin_at_the_weights_and_take_their_place_when_asked),
        cmocka_unit_test(constraints_come_last_and_averages_see_weights_before_them),
        cmocka_unit_test(lamb_and_lars_scale_by_the_norms_of_each_tensor),
        cmocka_unit_test(lamb_takes_the_norm_of_the_decayed_weights),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
