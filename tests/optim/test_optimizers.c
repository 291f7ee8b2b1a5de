/* Optimizers against Keras's own numbers, against their formulas in double, and against what texts get wrong about them. */
#include "optim/make.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/optim/schedule.h"
#include "nn/flow.h"
#include "optim/keras_values.h"

enum { MOST = 4096 };

/* A vector of weights under training by one optimizer. */
typedef struct trained {
    dnn_component optimizer;
    const dnn_optimizer_kind *kind;
    size_t n;
    uint64_t t;
    float w[MOST], g[MOST], slot[DNN_MAX_SLOTS][MOST];
    double scalars[DNN_MAX_SCALARS];
} trained;

static trained first, second;

static void start(trained *r, dnn_component optimizer, size_t n)
{
    memset(r, 0, sizeof *r);
    r->optimizer = optimizer;
    r->kind = (const dnn_optimizer_kind *)optimizer.kind;
    r->n = n;
    for (size_t s = 0; s < r->kind->slots(optimizer.params); s++)
        for (size_t i = 0; i < n; i++)
            r->slot[s][i] = r->kind->slot_start ? r->kind->slot_start(optimizer.params, s) : 0.0f;
}

static void finish(trained *r) { dnn_component_clear(&r->optimizer); }

static double norm_of(const float *x, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

/* Directions and norms of the tensors [0, split) and [split, n), for rules that scale by them. */
static void find_norms(trained *r, double rate, size_t split, double norms[2][2])
{
    const size_t begin[] = { 0, split }, end[] = { split, r->n };
    for (size_t k = 0; k < 2; k++) {
        dnn_update u = { .n = end[k] - begin[k], .w = r->w + begin[k], .g = r->g + begin[k], .learning_rate = rate, .t = r->t };
        for (size_t s = 0; s < r->kind->slots(r->optimizer.params); s++) u.slot[s] = r->slot[s] + begin[k];
        /* The kernel that the values of Keras belong to is [3, 4]. */
        const dnn_shape shape = split < r->n && k == 0 ? (dnn_shape){ .rank = 2, .dim = { 3, 4 } } : dnn_shape_1(u.n);
        if (r->kind->direction) r->kind->direction(r->optimizer.params, &u, r->g + begin[k]);
        if (r->kind->tensor_direction && u.n > 0) r->kind->tensor_direction(r->optimizer.params, &u, &shape, r->g + begin[k]);
        norms[k][0] = norm_of(u.w, u.n);
        norms[k][1] = norm_of(u.g, u.n);
    }
}

/* One update from r->g, run over stretches of at most `piece` weights. */
static void update(trained *r, size_t piece)
{
    const dnn_schedule_time time = { .step = r->t, .steps_per_epoch = 1, .total_steps = 100 };
    const double rate = dnn_optimizer_learning_rate(&r->optimizer, &time);
    r->t++;
    if (r->kind->begin) r->kind->begin(r->optimizer.params, r->t, r->scalars);
    const size_t split = r->n == KERAS_WEIGHTS ? KERAS_KERNEL : r->n;
    double norms[2][2] = { { 0.0 } };
    if (r->kind->wants_norms) {
        find_norms(r, rate, split, norms);
        if (split < r->n && piece > split) piece = 4; /* a stretch lies in one tensor; both have a multiple of 4 */
    }
    for (size_t i = 0; i < r->n; i += piece) {
        dnn_update u = { .w_norm = norms[i >= split][0], .g_norm = norms[i >= split][1], .length = i >= split ? r->n - split : split, .n = r->n - i < piece ? r->n - i : piece, .w = r->w + i, .g = r->g + i, .learning_rate = rate,
                         .t = r->t, .scalars = r->scalars };
        for (size_t s = 0; s < r->kind->slots(r->optimizer.params); s++) u.slot[s] = r->slot[s] + i;
        dnn_decay_weights(rate, dnn_optimizer_weight_decay(&r->optimizer, "dense/kernel"), u.n, u.w);
        r->kind->update(r->optimizer.params, &u);
    }
}

/* Weights and gradients that the values of Keras were computed from. */
static double keras_weight(size_t k)
{
    return k < KERAS_KERNEL ? 0.5 * sin(1.3 * (double)k + 0.7) : 0.1 * cos((double)(k - KERAS_KERNEL));
}

static double keras_gradient(size_t k, uint64_t t)
{
    const double i = (double)(k < KERAS_KERNEL ? k : k - KERAS_KERNEL), time = (double)t;
    return k < KERAS_KERNEL ? sin(0.9 * time + 0.31 * i) * (1.0 + 0.05 * i) : 0.3 * cos(0.5 * time + 0.2 * i);
}

static void every_optimizer_makes_the_updates_of_keras(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof keras_updates_table / sizeof *keras_updates_table; i++) {
        const keras_updates *expected = &keras_updates_table[i];
        start(&first, make(&dnn_optimizers, expected->optimizer, dnn_node_map()), KERAS_WEIGHTS);
        for (size_t k = 0; k < KERAS_WEIGHTS; k++) first.w[k] = (float)keras_weight(k);
        for (uint64_t t = 1; t <= KERAS_UPDATES; t++) {
            for (size_t k = 0; k < KERAS_WEIGHTS; k++) first.g[k] = (float)keras_gradient(k, t);
            update(&first, KERAS_WEIGHTS);
            for (size_t k = 0; k < KERAS_WEIGHTS; k++) {
                /* Weights are about 0.5 and rounded to float at each of ten updates: 10 · 0.5 · 2^-24 = 3e-7. */
                const double want = expected->after[t - 1][k], off = fabs(first.w[k] - want);
                if (!(off <= 1e-6 * fmax(fabs(want), 0.3)))
                    fail_msg("%s, update %d, weight %zu: %.9g instead of %.9g", expected->optimizer, (int)t, k, first.w[k], want);
            }
        }
        finish(&first);
    }
}

static void every_parameter_does_to_an_update_what_it_does_in_keras(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof keras_variants / sizeof *keras_variants; i++) {
        const keras_variant *expected = &keras_variants[i];
        start(&first, make(&dnn_optimizers, expected->optimizer, flow(expected->parameters)), KERAS_WEIGHTS);
        for (size_t k = 0; k < KERAS_WEIGHTS; k++) first.w[k] = (float)keras_weight(k);
        for (uint64_t t = 1; t <= KERAS_UPDATES; t++) {
            for (size_t k = 0; k < KERAS_WEIGHTS; k++) first.g[k] = (float)keras_gradient(k, t);
            update(&first, KERAS_WEIGHTS);
        }
        for (size_t k = 0; k < KERAS_WEIGHTS; k++) {
            const double want = expected->after[k], off = fabs(first.w[k] - want);
            if (!(off <= 1e-6 * fmax(fabs(want), 1.0)))  /* steps here are tens of times longer than the default ones */
                fail_msg("%s %s, weight %zu: %.9g instead of %.9g", expected->optimizer, expected->parameters, k, first.w[k], want);
        }
        finish(&first);
    }
}

static void every_optimizer_in_the_list_has_values_of_keras(void **state)
{
    (void)state;
    for (size_t k = 0; k < dnn_optimizers.count; k++) {
        bool found = !dnn_optimizers.kinds[k]->keras; /* not in Keras: tested by its formula */
        for (size_t i = 0; i < sizeof keras_updates_table / sizeof *keras_updates_table; i++)
            found = found || !strcmp(dnn_optimizers.kinds[k]->name, keras_updates_table[i].optimizer);
        if (!found) fail_msg("%s: no outside values", dnn_optimizers.kinds[k]->name);
    }
}

/* Variants beside the defaults, for tests that walk over all. */
static dnn_component variant(size_t i)
{
    switch (i) {
    case 0: return make(&dnn_optimizers, "sgd", pairs("momentum", dnn_node_real(0.9), NULL));
    case 1: return make(&dnn_optimizers, "sgd", pairs("momentum", dnn_node_real(0.9), "nesterov", dnn_node_bool(true), NULL));
    case 2: return make(&dnn_optimizers, "sgd", pairs("momentum", dnn_node_real(0.9), "dampening_convention", dnn_node_string("torch"), NULL));
    case 3: return make(&dnn_optimizers, "rmsprop", pairs("momentum", dnn_node_real(0.9), NULL));
    case 4: return make(&dnn_optimizers, "rmsprop", pairs("centered", dnn_node_bool(true), NULL));
    case 5: return make(&dnn_optimizers, "rmsprop", pairs("centered", dnn_node_bool(true), "momentum", dnn_node_real(0.9), NULL));
    case 6: return make(&dnn_optimizers, "adam", pairs("amsgrad", dnn_node_bool(true), NULL));
    default: return make(&dnn_optimizers, dnn_optimizers.kinds[i - 7]->name, dnn_node_map());
    }
}

static size_t variants(void) { return 7 + dnn_optimizers.count; }

static void an_update_has_the_same_bits_however_it_is_sliced(void **state)
{
    (void)state;
    const size_t n = 1003, pieces[] = { 1, 5, 17, 256 };
    for (size_t v = 0; v < variants(); v++) {
        for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
            start(&first, variant(v), n);
            start(&second, variant(v), n);
            for (size_t i = 0; i < n; i++) first.w[i] = second.w[i] = (float)sin((double)i);
            for (int t = 0; t < 5; t++) {
                for (size_t i = 0; i < n; i++) first.g[i] = second.g[i] = (float)(cos((double)i * 1.7 + t) * pow(10.0, (double)(i % 13) - 8.0));
                update(&first, n);
                update(&second, pieces[p]);
            }
            assert_memory_equal(first.w, second.w, n * sizeof *first.w);
            assert_memory_equal(first.slot, second.slot, sizeof first.slot);
            finish(&first);
            finish(&second);
        }
    }
}

static void every_optimizer_descends(void **state)
{
    (void)state;
    /* f = sum of w²/2, gradient w. Some texts print updates with the sign turned, which climb. */
    for (size_t v = 0; v < variants(); v++) {
        start(&first, variant(v), 8);
        for (size_t i = 0; i < 8; i++) first.w[i] = i % 2 ? 2.0f : -2.0f;
        for (int t = 0; t < 10; t++) {  /* few enough that momentum does not overshoot */
            memcpy(first.g, first.w, 8 * sizeof *first.g);
            update(&first, 8);
        }
        for (size_t i = 0; i < 8; i++) assert_true(fabsf(first.w[i]) < 2.0f && first.w[i] * (i % 2 ? 1.0f : -1.0f) > 0.0f);
        finish(&first);
    }
}

static double wave(uint64_t t) { return 0.7 * sin(0.8 * (double)t) + 0.2; }

/* Runs one weight from 1 along wave() and compares with what `formula` says in double: state s[4], returns the step taken from w. */
static void follows(dnn_component optimizer, double (*formula)(double g, uint64_t t, double *s))
{
    double w = 1.0, s[4] = { 0.0 };
    start(&first, optimizer, 1);
    first.w[0] = 1.0f;
    for (uint64_t t = 1; t <= 20; t++) {
        first.g[0] = (float)wave(t);
        update(&first, 1);
        w -= formula(wave(t), t, s);
        assert_true(fabs(first.w[0] - w) < 2e-6);  /* 20 roundings of a number near 1: 20 · 2^-24 = 1.2e-6 */
    }
    finish(&first);
}

static double sgd_momentum(double g, uint64_t t, double *s)
{
    (void)t;
    s[0] = 0.9 * s[0] - 0.01 * g;
    return -s[0];
}

static double sgd_nesterov(double g, uint64_t t, double *s)
{
    (void)t;
    s[0] = 0.9 * s[0] - 0.01 * g;
    return -(0.9 * s[0] - 0.01 * g);
}

static void sgd_with_momentum_follows_its_formula(void **state)
{
    (void)state;
    follows(variant(0), sgd_momentum);
    follows(variant(1), sgd_nesterov);
}

static void the_two_momentum_conventions_agree_while_the_rate_stays(void **state)
{
    (void)state;
    follows(variant(2), sgd_momentum);
    follows(make(&dnn_optimizers, "sgd", pairs("momentum", dnn_node_real(0.9), "nesterov", dnn_node_bool(true), "dampening_convention",
                                               dnn_node_string("torch"), NULL)), sgd_nesterov);
}

static double falling_rate(uint64_t t) { return 0.1 * pow(0.5, (double)(t - 1)); }

static double torch_falling(double g, uint64_t t, double *s)
{
    s[0] = 0.9 * s[0] + g;
    return falling_rate(t) * s[0];
}

static double keras_falling(double g, uint64_t t, double *s)
{
    s[0] = 0.9 * s[0] - falling_rate(t) * g;
    return -s[0];
}

static dnn_component falling(const char *convention)
{
    dnn_node *decay = pairs("initial_learning_rate", dnn_node_real(0.1), "decay_steps", dnn_node_int(1), "decay_rate", dnn_node_real(0.5), NULL);
    return make(&dnn_optimizers, "sgd", pairs("momentum", dnn_node_real(0.9), "dampening_convention", dnn_node_string(convention),
                                              "learning_rate", pairs("exponential_decay", decay, NULL), NULL));
}

static void under_a_falling_rate_each_convention_follows_its_own_formula(void **state)
{
    (void)state;
    follows(falling("torch"), torch_falling);
    follows(falling("keras"), keras_falling);
}

static double rmsprop_momentum(double g, uint64_t t, double *s)
{
    (void)t;
    s[0] = 0.9 * s[0] + 0.1 * g * g;
    s[1] = 0.9 * s[1] + 0.001 * g / sqrt(s[0] + 1e-7);
    return s[1];
}

static double rmsprop_centered(double g, uint64_t t, double *s)
{
    (void)t;
    s[0] = 0.9 * s[0] + 0.1 * g * g;
    s[1] = 0.9 * s[1] + 0.1 * g;
    return 0.001 * g / sqrt(s[0] - s[1] * s[1] + 1e-7);
}

static double rmsprop_centered_momentum(double g, uint64_t t, double *s)
{
    s[2] = 0.9 * s[2] + rmsprop_centered(g, t, s);
    return s[2];
}

static void rmsprop_with_momentum_or_centered_follows_its_formula(void **state)
{
    (void)state;
    follows(variant(3), rmsprop_momentum);
    follows(variant(4), rmsprop_centered);
    follows(variant(5), rmsprop_centered_momentum);
}

static double amsgrad(double g, uint64_t t, double *s)
{
    s[0] = 0.9 * s[0] + 0.1 * g;
    s[1] = 0.999 * s[1] + 0.001 * g * g;
    s[2] = fmax(s[2], s[1]);
    return 0.001 * sqrt(1.0 - pow(0.999, (double)t)) / (1.0 - pow(0.9, (double)t)) * s[0] / (sqrt(s[2]) + 1e-7);
}

static void amsgrad_divides_by_the_largest_uncorrected_mean(void **state)
{
    (void)state;
    follows(variant(6), amsgrad);
    start(&first, variant(6), 1);
    for (int t = 0; t < 50; t++) {
        first.g[0] = t == 0 ? 1.0f : 0.0f;
        update(&first, 1);
    }
    assert_true(fabs(first.slot[2][0] - 0.001) < 1e-9);  /* the first of them, though the mean has decayed since */
    assert_true(first.slot[1][0] < 0.00096f);
    finish(&first);
}

static double nadam_slow(double g, uint64_t t, double *s)
{
    const double now = 0.9 * (1.0 - 0.5 * pow(0.96, 0.004 * (double)t)), next = 0.9 * (1.0 - 0.5 * pow(0.96, 0.004 * (double)(t + 1)));
    s[2] = (t == 1 ? 1.0 : s[2]) * now;
    s[0] = 0.9 * s[0] + 0.1 * g;
    s[1] = 0.999 * s[1] + 0.001 * g * g;
    const double m = next * s[0] / (1.0 - s[2] * next) + (1.0 - now) * g / (1.0 - s[2]);
    return 0.001 * m / (sqrt(s[1] / (1.0 - pow(0.999, (double)t))) + 1e-7);
}

static void nadam_has_the_older_momentum_by_schedule_decay(void **state)
{
    (void)state;
    follows(make(&dnn_optimizers, "nadam", pairs("schedule_decay", dnn_node_real(0.004), NULL)), nadam_slow);
}

static void adamw_takes_a_share_of_the_weight_away_before_the_step(void **state)
{
    (void)state;
    dnn_node *p = pairs("weight_decay", dnn_node_real(0.5), "learning_rate", dnn_node_real(0.1), NULL);
    start(&first, make(&dnn_optimizers, "adamw", p), 1);
    first.w[0] = 2.0f;
    update(&first, 1);  /* gradient 0: the decay alone */
    assert_true(fabsf(first.w[0] - 2.0f * (1.0f - 0.1f * 0.5f)) < 1e-6f);
    finish(&first);
}

static void every_optimizer_treats_both_signs_alike(void **state)
{
    (void)state;
    /* Adamax without the absolute value, printed in some texts, fails for negative gradients alone. */
    for (size_t v = 0; v < variants(); v++) {
        start(&first, variant(v), 16);
        start(&second, variant(v), 16);
        for (size_t i = 0; i < 16; i++) second.w[i] = -(first.w[i] = (float)cos((double)i));
        for (uint64_t t = 1; t <= 10; t++) {
            for (size_t i = 0; i < 16; i++) second.g[i] = -(first.g[i] = (float)keras_gradient(i, t));
            update(&first, 16);
            update(&second, 16);
        }
        for (size_t i = 0; i < 16; i++) assert_true(first.w[i] == -second.w[i]);
        finish(&first);
        finish(&second);
    }
}

static void ftrl_with_l1_gives_exact_zeros_where_gradients_are_small(void **state)
{
    (void)state;
    start(&first, make(&dnn_optimizers, "ftrl", pairs("l1_regularization_strength", dnn_node_real(1.0), "learning_rate", dnn_node_real(0.1), NULL)), 2);
    for (int t = 0; t < 10; t++) {
        first.g[0] = 0.01f, first.g[1] = 1.0f;
        update(&first, 2);
    }
    assert_true(first.w[0] == 0.0f && first.w[1] < -0.1f);
    finish(&first);
}

static double ftrl_power(double g, uint64_t t, double *s)
{
    /* s: accumulator, linear, weight; all rows but l1 set. */
    if (t == 1) s[0] = 0.2, s[2] = 1.0;
    const double old = s[2], sum = s[0] + g * g, lr = 0.05;
    s[1] += g + 2 * 0.1 * old - (pow(sum, 0.7) - pow(s[0], 0.7)) / lr * old;
    s[2] = -s[1] / (pow(sum, 0.7) / lr + 2 * (0.3 + 0.4 / (2 * lr)));
    s[0] = sum;
    return old - s[2];
}

static void ftrl_follows_its_formula_with_every_parameter_set(void **state)
{
    (void)state;
    follows(make(&dnn_optimizers, "ftrl",
                 pairs("learning_rate", dnn_node_real(0.05), "learning_rate_power", dnn_node_real(-0.7), "initial_accumulator_value",
                       dnn_node_real(0.2), "l2_regularization_strength", dnn_node_real(0.3), "l2_shrinkage_regularization_strength",
                       dnn_node_real(0.1), "beta", dnn_node_real(0.4), NULL)), ftrl_power);
}

static double first_step_of(const char *optimizer, dnn_node *params, float g)
{
    start(&first, make(&dnn_optimizers, optimizer, params), 1);
    first.g[0] = g;
    update(&first, 1);
    finish(&first);
    return -first.w[0];
}

static double first_step(const char *optimizer, float g) { return first_step_of(optimizer, dnn_node_map(), g); }

static void epsilon_is_inside_the_root_of_adagrad_too(void **state)
{
    (void)state;
    const double g = 1e-6, inside = 0.001 * g / sqrt(g * g + 1e-7), outside = 0.001 * g / (sqrt(g * g) + 1e-7);
    assert_true(outside / inside > 250.0);
    assert_true(fabs(first_step_of("adagrad", pairs("initial_accumulator_value", dnn_node_real(0.0), NULL), (float)g) / inside - 1.0) < 1e-5);
}

static void epsilon_is_inside_the_root_of_rmsprop_and_outside_that_of_adam(void **state)
{
    (void)state;
    const double g = 1e-6;
    const double inside = 0.001 * g / sqrt(0.1 * g * g + 1e-7), outside = 0.001 * g / (sqrt(0.1 * g * g) + 1e-7);
    assert_true(outside / inside > 700.0);  /* so no tolerance can take one for the other */
    assert_true(fabs(first_step("rmsprop", (float)g) / inside - 1.0) < 1e-5);
    const double v = 0.001 * g * g, adam = 0.001 * sqrt(0.001) / 0.1 * 0.1 * g / (sqrt(v) + 1e-7);
    assert_true(fabs(first_step("adam", (float)g) / adam - 1.0) < 1e-5);
}

static void centered_rmsprop_stays_finite_under_a_constant_gradient(void **state)
{
    (void)state;
    /* The variance tends to 0 and its rounding errors, 6e-8 · 1e6, exceed epsilon by far. */
    for (size_t v = 4; v <= 5; v++) {
        start(&first, variant(v), 64);
        for (int t = 0; t < 2000; t++) {
            for (size_t i = 0; i < 64; i++) first.g[i] = 1000.0f + (float)i;
            update(&first, 64);
            for (size_t i = 0; i < 64; i++) assert_true(isfinite(first.w[i]));
        }
        finish(&first);
    }
}

static void a_gradient_that_is_no_number_reaches_the_weight(void **state)
{
    (void)state;
    for (size_t v = 0; v < variants(); v++) {
        start(&first, variant(v), 3);
        first.g[1] = NAN;
        update(&first, 3);
        assert_true(isfinite(first.w[0]) && isnan(first.w[1]) && isfinite(first.w[2]));
        finish(&first);
    }
}

static void slots_have_the_names_of_keras(void **state)
{
    (void)state;
    static const char *const names[7][4] = {
        { "momentum" }, { "momentum" }, { "momentum" }, { "velocity", "momentum" }, { "velocity", "average_gradient" },
        { "velocity", "momentum", "average_gradient" }, { "momentum", "velocity", "velocity_hat" },
    };
    for (size_t v = 0; v < 7; v++) {
        dnn_component c = variant(v);
        const dnn_optimizer_kind *kind = (const dnn_optimizer_kind *)c.kind;
        size_t s = 0;
        for (; s < kind->slots(c.params); s++) assert_string_equal(kind->slot_name(c.params, s), names[v][s]);
        assert_null(names[v][s]);
        dnn_component_clear(&c);
    }
}

static void sgd_without_momentum_keeps_nothing(void **state)
{
    (void)state;
    dnn_component c = make(&dnn_optimizers, "sgd", pairs("nesterov", dnn_node_bool(true), NULL));
    assert_int_equal(((const dnn_optimizer_kind *)c.kind)->slots(c.params), 0);
    dnn_component_clear(&c);
}

static void a_parameter_out_of_range_is_refused_with_key_and_range(void **state)
{
    (void)state;
    dnn_component c = { 0 };
    assert_int_equal(try_make(&dnn_optimizers, "sgd", pairs("momentum", dnn_node_real(1.5), NULL), &c), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "momentum"));
    assert_non_null(strstr(dnn_fail_text(), "[0, 1]"));
    assert_int_equal(try_make(&dnn_optimizers, "adam", pairs("clipnorm", dnn_node_real(-0.5), NULL), &c), DNN_E_CONFIG);
    assert_int_equal(try_make(&dnn_optimizers, "adam", pairs("beta1", dnn_node_real(0.9), NULL), &c), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "beta_1"));
}

static void keras_is_not_told_of_the_convention_it_does_not_know(void **state)
{
    (void)state;
    dnn_component c = variant(2);
    dnn_node *config = dnn_params_write(c.kind->params, c.kind->n_params, c.params);
    assert_non_null(dnn_node_find(config, "dampening_convention"));
    assert_int_equal(c.kind->encode(c.params, config), DNN_OK);
    assert_null(dnn_node_find(config, "dampening_convention"));
    assert_non_null(dnn_node_find(config, "momentum"));
    dnn_node_destroy(config);
    dnn_component_clear(&c);
}

static void nothing_stays_allocated(void **state)
{
    (void)state;
    dnn_place_forget();
    assert_int_equal(dnn_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_optimizer_makes_the_updates_of_keras),
        cmocka_unit_test(every_parameter_does_to_an_update_what_it_does_in_keras),
        cmocka_unit_test(every_optimizer_in_the_list_has_values_of_keras),
        cmocka_unit_test(an_update_has_the_same_bits_however_it_is_sliced),
        cmocka_unit_test(every_optimizer_descends),
        cmocka_unit_test(sgd_with_momentum_follows_its_formula),
        cmocka_unit_test(the_two_momentum_conventions_agree_while_the_rate_stays),
        cmocka_unit_test(under_a_falling_rate_each_convention_follows_its_own_formula),
        cmocka_unit_test(rmsprop_with_momentum_or_centered_follows_its_formula),
        cmocka_unit_test(amsgrad_divides_by_the_largest_uncorrected_mean),
        cmocka_unit_test(nadam_has_the_older_momentum_by_schedule_decay),
        cmocka_unit_test(adamw_takes_a_share_of_the_weight_away_before_the_step),
        cmocka_unit_test(every_optimizer_treats_both_signs_alike),
        cmocka_unit_test(ftrl_with_l1_gives_exact_zeros_where_gradients_are_small),
        cmocka_unit_test(ftrl_follows_its_formula_with_every_parameter_set),
        cmocka_unit_test(epsilon_is_inside_the_root_of_adagrad_too),
        cmocka_unit_test(epsilon_is_inside_the_root_of_rmsprop_and_outside_that_of_adam),
        cmocka_unit_test(centered_rmsprop_stays_finite_under_a_constant_gradient),
        cmocka_unit_test(a_gradient_that_is_no_number_reaches_the_weight),
        cmocka_unit_test(slots_have_the_names_of_keras),
        cmocka_unit_test(sgd_without_momentum_keeps_nothing),
        cmocka_unit_test(a_parameter_out_of_range_is_refused_with_key_and_range),
        cmocka_unit_test(keras_is_not_told_of_the_convention_it_does_not_know),
        cmocka_unit_test(nothing_stays_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
