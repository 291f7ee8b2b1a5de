/* Losses: Keras's values, gradients and weighting; the fused forms; several axes; what holds for every row of the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "dnn/base/memory.h"
#include "dnn/nn/loss.h"
#include "nn/golden_losses.h"
#include "nn/loss_sums.h"

enum { ROWS = GOLDEN_ROWS, UNITS = GOLDEN_UNITS, N = ROWS * UNITS };

/* Relative to max(1, value): Keras's losses in float keep this as well. */
#ifdef DNN_DOUBLE
#define TOLERANCE 1e-12
#else
#define TOLERANCE 1e-6
#endif

static bool near(double got, double want) { return fabs(got - want) <= TOLERANCE * fmax(1, fabs(want)); }

static const dnn_loss_kind *make(const char *name, dnn_component *c)
{
    assert_int_equal(dnn_component_make(&dnn_losses, name, c), DNN_OK);
    return (const dnn_loss_kind *)c->kind;
}

static dnn_component make_with(const char *name, const char *key, dnn_node *value)
{
    dnn_node *map = dnn_node_map(), *params = dnn_node_map();
    dnn_component c = { 0 };
    assert_int_equal(dnn_node_set(params, key, value), DNN_OK);
    assert_int_equal(dnn_node_set(map, name, params), DNN_OK);
    assert_int_equal(dnn_component_read(&dnn_losses, map, &c), DNN_OK);
    dnn_node_destroy(map);
    return c;
}

static void copy(real *to, const double *from, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = (real)from[i];
}

typedef struct batch { real y[N], z[N], target[N], weight[ROWS], dy[N]; double sums[DNN_LOSS_SUMS]; dnn_loss_pass pass; } batch;

static void fill(batch *b, const double *y, const double *target, dnn_target kind)
{
    copy(b->y, y, N);
    copy(b->target, target, kind == DNN_TARGET_CLASS ? ROWS : N);
    copy(b->weight, golden_weight, ROWS);
    b->pass = (dnn_loss_pass){ .rows = ROWS, .units = UNITS, .per_sample = 1, .y = b->y, .z = b->z, .target = b->target, .dy = b->dy, .scale = 1 };
}

static void values_gradients_and_weights_are_those_of_keras(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof golden_losses / sizeof *golden_losses; k++) {
        const struct golden_loss *g = &golden_losses[k];
        dnn_component c;
        const dnn_loss_kind *kind = make(g->name, &c);
        batch b;
        fill(&b, g->y, g->target, kind->target);
        bool right = near(kind->eval(c.params, &b.pass) / ROWS, g->mean);
        for (size_t i = 0; i < N; i++) right = right && near((double)b.dy[i] / ROWS, g->slope[i]);
        b.pass.weight = b.weight;
        right = right && near(kind->eval(c.params, &b.pass) / ROWS, g->weighted);
        for (size_t i = 0; i < N; i++) right = right && near((double)b.dy[i] / ROWS, golden_weight[i / UNITS] * g->slope[i]);
        b.pass.rows = 1;
        b.pass.dy = NULL;
        b.pass.weight = NULL;
        for (size_t r = 0; r < ROWS; r++) {
            b.pass.y = b.y + r * UNITS;
            b.pass.target = b.target + r * (kind->target == DNN_TARGET_CLASS ? 1 : UNITS);
            right = right && near(kind->eval(c.params, &b.pass), g->rows[r]);
        }
        if (!right) print_message("%s\n", g->name);
        assert_true(right);
        dnn_component_clear(&c);
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

static void aliases_are_what_they_stand_for(void **state)
{
    (void)state;
    const char *const pairs[][2] = { { "mse", "mean_squared_error" }, { "mae", "mean_absolute_error" } };
    for (size_t i = 0; i < 2; i++) {
        dnn_component a, b;
        assert_ptr_equal(make(pairs[i][0], &a)->eval, make(pairs[i][1], &b)->eval);
        assert_string_equal(a.kind->keras, b.kind->keras);
        assert_ptr_equal(dnn_family_find_keras(&dnn_losses, a.kind->keras), b.kind);
    }
}

/* softmax and sigmoid of golden_z are golden_prob and golden_sig: so Keras's values from probabilities hold, and its gradients by the logits are
 * (softmax - target) and (sigmoid - target) / units. */
static void fused_and_from_logits_give_the_loss_of_the_probabilities(void **state)
{
    (void)state;
    const struct { const char *name; const double *y, *target, *one_hot; double share; } cases[] = {
        { "sparse_categorical_crossentropy", golden_prob, golden_ints, golden_onehot, 1 },
        { "categorical_crossentropy", golden_prob, golden_onehot, golden_onehot, 1 },
        { "binary_crossentropy", golden_sig, golden_bin, golden_bin, 1.0 / UNITS },
    };
    for (size_t k = 0; k < 3; k++) {
        dnn_component c;
        const dnn_loss_kind *kind = make(cases[k].name, &c);
        batch b;
        fill(&b, cases[k].y, cases[k].target, kind->target);
        const double want = kind->eval(c.params, &b.pass);
        copy(b.z, golden_z, N);
        assert_true(near(kind->eval_fused(c.params, &b.pass), want));
        for (size_t i = 0; i < N; i++) assert_true(near((double)b.dy[i], cases[k].share * (cases[k].y[i] - cases[k].one_hot[i])));
        assert_true(kind->fuses(c.params));
        dnn_component_clear(&c);
        c = make_with(cases[k].name, "from_logits", dnn_node_bool(true));
        assert_false(kind->fuses(c.params));
        b.pass.y = b.z;
        assert_true(near(kind->eval(c.params, &b.pass), want));
        for (size_t i = 0; i < N; i++) assert_true(near((double)b.dy[i], cases[k].share * (cases[k].y[i] - cases[k].one_hot[i])));
        dnn_component_clear(&c);
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

static void logits_far_apart_are_neither_clipped_nor_infinite(void **state)
{
    (void)state;
    dnn_component c;
    const dnn_loss_kind *kind = make("sparse_categorical_crossentropy", &c);
    real z[3] = { 500, -300, 0 }, target[1] = { 1 }, dz[3];
    dnn_loss_pass pass = { .rows = 1, .units = 3, .per_sample = 1, .z = z, .y = z, .target = target, .dy = dz, .scale = 1 };
    assert_true(near(kind->eval_fused(c.params, &pass), 800));
    assert_true(near((double)dz[0], 1) && near((double)dz[1], -1) && near((double)dz[2], 0));
    dnn_component_clear(&c);
    kind = make("binary_crossentropy", &c);
    real binary[3] = { 0, 1, 1 };
    pass.target = binary;
    assert_true(near(kind->eval_fused(c.params, &pass), (500 + 300 + log(2)) / 3));
    dnn_component_clear(&c);
}

static void label_smoothing_moves_targets_as_in_keras(void **state)
{
    (void)state;
    const struct { const char *name; const double *y, *target; double rest; } cases[] = {
        { "categorical_crossentropy", golden_prob, golden_onehot, 0.2 / UNITS },
        { "binary_crossentropy", golden_sig, golden_bin, 0.1 },
    };
    for (size_t k = 0; k < 2; k++) {
        dnn_component smooth = make_with(cases[k].name, "label_smoothing", dnn_node_real(0.2)), plain;
        const dnn_loss_kind *kind = make(cases[k].name, &plain);
        batch b;
        fill(&b, cases[k].y, cases[k].target, DNN_TARGET_VALUES);
        copy(b.z, golden_z, N);
        const double got = kind->eval(smooth.params, &b.pass), fused = kind->eval_fused(smooth.params, &b.pass);
        for (size_t i = 0; i < N; i++) b.target[i] = (real)(cases[k].target[i] * 0.8 + cases[k].rest);
        assert_true(near(got, kind->eval(plain.params, &b.pass)));
        assert_true(near(fused, kind->eval_fused(plain.params, &b.pass)));
        dnn_component_clear(&smooth);
        dnn_component_clear(&plain);
    }
}

static void probabilities_are_normalized_and_cut(void **state)
{
    (void)state;
    dnn_component c;
    const dnn_loss_kind *kind = make("sparse_categorical_crossentropy", &c);
    real y[3] = { 3, 0, 1 }, target[1] = { 0 }, dy[3];
    dnn_loss_pass pass = { .rows = 1, .units = 3, .per_sample = 1, .y = y, .target = target, .dy = dy, .scale = 1 };
    assert_true(near(kind->eval(c.params, &pass), -log(0.75)));
    target[0] = 1;
    assert_true(near(kind->eval(c.params, &pass), -log(1e-7)));
    assert_true(dy[0] == 0 && dy[1] == 0 && dy[2] == 0);
    target[0] = 3;
    assert_true(isnan(kind->eval(c.params, &pass)));
    target[0] = -1;
    assert_true(isnan(kind->eval(c.params, &pass)) && isnan(dy[0]));
    dnn_component_clear(&c);
}

/* Targets and outputs that fit every loss: class numbers, shares that sum to 1, outputs between 0 and 1. */
static void fill_any(batch *b, const dnn_loss_kind *kind)
{
    fill(b, golden_prob, kind->target == DNN_TARGET_CLASS ? golden_ints : golden_soft, kind->target);
    copy(b->z, golden_z, N);
    b->pass.weight = b->weight;
}

static void every_loss_adds_over_rows_and_scales_its_gradient(void **state)
{
    (void)state;
    for (size_t k = 0; k < dnn_losses.count; k++) {
        dnn_component c;
        const dnn_loss_kind *kind = make(dnn_losses.kinds[k]->name, &c);
        batch whole, part;
        fill_any(&whole, kind);
        fill_any(&part, kind);
        take_sums(kind, c.params, &whole.pass, whole.sums);
        part.pass.sums = whole.sums;
        const double all = kind->eval(c.params, &whole.pass);
        part.pass.rows = 2;
        part.pass.scale = 0.25;
        double sum = kind->eval(c.params, &part.pass);
        for (size_t i = 0; i < 2 * UNITS; i++) assert_true(near((double)part.dy[i], 0.25 * (double)whole.dy[i]));
        part.pass.rows = ROWS - 2;
        part.pass.y += 2 * UNITS;
        part.pass.target += 2 * (kind->target == DNN_TARGET_CLASS ? 1 : UNITS);
        part.pass.weight += 2;
        sum += kind->eval(c.params, &part.pass);
        assert_true(near(sum, all));
        part.pass.rows = 0;
        assert_true(kind->eval(c.params, &part.pass) == 0);
        dnn_component_clear(&c);
    }
}

/* Output [3, 2, 4]: two loss values a sample share its weight. */
static void rows_of_a_sample_share_its_weight(void **state)
{
    (void)state;
    for (size_t k = 0; k < dnn_losses.count; k++) {
        dnn_component c;
        const dnn_loss_kind *kind = make(dnn_losses.kinds[k]->name, &c);
        batch paired, single;
        fill_any(&paired, kind);
        fill_any(&single, kind);
        const real samples[3] = { 2, 0, 0.5 }, rows[ROWS] = { 2, 2, 0, 0, 0.5, 0.5 };
        paired.pass.per_sample = 2;
        paired.pass.weight = samples;
        single.pass.weight = rows;
        take_sums(kind, c.params, &paired.pass, paired.sums);
        take_sums(kind, c.params, &single.pass, single.sums);
        assert_true(kind->eval(c.params, &paired.pass) == kind->eval(c.params, &single.pass));
        assert_memory_equal(paired.dy, single.dy, sizeof single.dy);
        dnn_component_clear(&c);
    }
}

/* Focused on nothing, focal losses are the plain ones. */
static void focal_losses_without_focus_are_cross_entropies(void **state)
{
    (void)state;
    const struct { const char *focal, *plain; const double *y, *target; double factor; } cases[] = {
        { "binary_focal_crossentropy", "binary_crossentropy", golden_sig, golden_bin, 1 },
        { "categorical_focal_crossentropy", "categorical_crossentropy", golden_prob, golden_onehot, 0.25 },
    };
    for (size_t k = 0; k < 2; k++) {
        dnn_component focal = make_with(cases[k].focal, "gamma", dnn_node_real(0)), plain;
        const dnn_loss_kind *kind = make(cases[k].plain, &plain);
        batch a, b;
        fill(&a, cases[k].y, cases[k].target, DNN_TARGET_VALUES);
        fill(&b, cases[k].y, cases[k].target, DNN_TARGET_VALUES);
        assert_true(near(((const dnn_loss_kind *)focal.kind)->eval(focal.params, &a.pass), cases[k].factor * kind->eval(plain.params, &b.pass)));
        for (size_t i = 0; i < N; i++) assert_true(near((double)a.dy[i], cases[k].factor * (double)b.dy[i]));
        dnn_component_clear(&focal);
        dnn_component_clear(&plain);
    }
}

/* max over the other classes: those that are equal share its slope, as in Keras; a network that starts from zeros begins so. */
static void equal_wrong_classes_share_the_slope_of_the_categorical_hinge(void **state)
{
    (void)state;
    dnn_component c;
    const dnn_loss_kind *kind = make("categorical_hinge", &c);
    real y[4] = { 0, 0, 0, 0 }, target[4] = { 0, 1, 0, 0 }, dy[4];
    dnn_loss_pass pass = { .rows = 1, .units = 4, .per_sample = 1, .y = y, .target = target, .dy = dy, .scale = 1 };
    assert_true(kind->eval(c.params, &pass) == 1);
    /* The right class's own (1 - t) y is one of the four equals, with slope 0. */
    assert_true(dy[0] == 0.25 && dy[1] == -1 && dy[2] == 0.25 && dy[3] == 0.25);
    y[0] = y[3] = 2;
    y[1] = 2.5;
    assert_true(kind->eval(c.params, &pass) == 0.5 && dy[0] == 0.5 && dy[1] == -1 && dy[2] == 0 && dy[3] == 0.5);
    dnn_component_clear(&c);
}

static void an_output_that_is_no_number_is_not_hidden(void **state)
{
    (void)state;
    for (size_t k = 0; k < dnn_losses.count; k++) {
        dnn_component c;
        const dnn_loss_kind *kind = make(dnn_losses.kinds[k]->name, &c);
        batch b;
        fill_any(&b, kind);
        b.pass.weight = NULL;
        b.y[UNITS + 1] = (real)NAN;
        if (kind->target == DNN_TARGET_CLASS) b.target[1] = 1;
        take_sums(kind, c.params, &b.pass, b.sums);
        const double value = kind->eval(c.params, &b.pass);
        if (!isnan(value)) print_message("%s\n", kind->kind.name);
        assert_true(isnan(value));
        dnn_component_clear(&c);
    }
}

/* The values of Keras's losses_test.py, CategoricalGeneralizedCrossEntropyTest, whose other thirteen pixels are certain and right. */
static void generalized_cross_entropy_is_that_of_the_class_alone(void **state)
{
    (void)state;
    const real y[] = { (real)0.2, 0, (real)0.8, 1, 0, 0, (real)0.5, (real)0.5, 0, 0, 1, 0 }, target[] = { 0, 1, 0, 1 };
    dnn_component c;
    const dnn_loss_kind *kind = make("categorical_generalized_cross_entropy", &c);
    const dnn_loss_pass pass = { .rows = 4, .units = 3, .per_sample = 1, .y = y, .target = target };
    const double want = (1 - sqrt(0.2)) / 0.5 + 1 / 0.5 + (1 - sqrt(0.5)) / 0.5;
    assert_true(near(kind->eval(c.params, &pass), want));
    dnn_component_clear(&c);
}

/* One value for the batch, so there is none of a row; weights multiply it by their mean. */
static void losses_of_the_whole_batch_are_those_of_keras(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof golden_batch_losses / sizeof *golden_batch_losses; k++) {
        const struct golden_batch_loss *g = &golden_batch_losses[k];
        dnn_component c;
        const dnn_loss_kind *kind = make(g->name, &c);
        batch b;
        fill(&b, golden_sig, golden_bin, kind->target);
        take_sums(kind, c.params, &b.pass, b.sums);
        assert_true(near(kind->eval(c.params, &b.pass) / ROWS, g->mean));
        for (size_t i = 0; i < N; i++) assert_true(near((double)b.dy[i] / ROWS, golden_bin[i] ? g->slope_true : g->slope_false));
        assert_true(near(kind->value(c.params, b.sums), g->mean));
        b.pass.weight = b.weight;
        take_sums(kind, c.params, &b.pass, b.sums);
        assert_true(near(kind->eval(c.params, &b.pass) / ROWS, g->weighted));
        assert_true(near(kind->value(c.params, b.sums), g->mean));
        dnn_component_clear(&c);
    }
}

/* t = 1, 1, 0, 0 and y = .5, .25, .25, 0: I = .75, missed 1.25, wrongly claimed .25. */
static void tversky_weighs_what_is_missed_by_alpha_as_keras_does(void **state)
{
    (void)state;
    dnn_component c = make_with("tversky", "alpha", dnn_node_real(2));
    const dnn_loss_kind *kind = (const dnn_loss_kind *)c.kind;
    real y[4] = { 0.5, 0.25, 0.25, 0 }, target[4] = { 1, 1, 0, 0 }, dy[4];
    double sums[DNN_LOSS_SUMS];
    dnn_loss_pass pass = { .rows = 1, .units = 4, .per_sample = 1, .y = y, .target = target, .dy = dy, .scale = 1 };
    take_sums(kind, c.params, &pass, sums);
    const double all = 0.75 + 2 * 1.25 + 0.5 * 0.25 + 1e-7;
    assert_true(near(kind->eval(c.params, &pass), 1 - 0.75 / all));
    assert_true(near((double)dy[0], -(all + 0.75) / (all * all)) && near((double)dy[2], 0.5 * 0.75 / (all * all)));
    dnn_component_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_of_the_whole_batch_are_those_of_keras),
        cmocka_unit_test(tversky_weighs_what_is_missed_by_alpha_as_keras_does),
        cmocka_unit_test(generalized_cross_entropy_is_that_of_the_class_alone),
        cmocka_unit_test(values_gradients_and_weights_are_those_of_keras),
        cmocka_unit_test(aliases_are_what_they_stand_for),
        cmocka_unit_test(fused_and_from_logits_give_the_loss_of_the_probabilities),
        cmocka_unit_test(logits_far_apart_are_neither_clipped_nor_infinite),
        cmocka_unit_test(label_smoothing_moves_targets_as_in_keras),
        cmocka_unit_test(probabilities_are_normalized_and_cut),
        cmocka_unit_test(every_loss_adds_over_rows_and_scales_its_gradient),
        cmocka_unit_test(rows_of_a_sample_share_its_weight),
        cmocka_unit_test(focal_losses_without_focus_are_cross_entropies),
        cmocka_unit_test(equal_wrong_classes_share_the_slope_of_the_categorical_hinge),
        cmocka_unit_test(an_output_that_is_no_number_is_not_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
