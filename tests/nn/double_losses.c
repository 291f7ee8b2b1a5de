/* Every loss of the list: its gradient against finite differences of its value, in double; of the fused forms by the logits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "dnn/base/memory.h"
#include "dnn/nn/loss.h"
#include "nn/loss_sums.h"

enum { ROWS = 4, UNITS = 3, N = ROWS * UNITS };

typedef double evaluator(const void *params, const dnn_loss_pass *pass);

static double value(const dnn_loss_kind *kind, evaluator *eval, const void *params, dnn_loss_pass *pass)
{
    double sums[DNN_LOSS_SUMS];
    take_sums(kind, params, pass, sums);
    return eval(params, pass);
}

/* `at` is what the evaluator looks at: y or z. */
static void check_gradient(const dnn_loss_kind *kind, evaluator *eval, const void *params, dnn_loss_pass *pass, real *at)
{
    const char *name = kind->kind.name;
    real dy[N];
    pass->dy = dy;
    (void)value(kind, eval, params, pass);
    pass->dy = NULL;
    for (size_t i = 0; i < N; i++) {
        /* Central differences with h = 1e-6: truncation about 1e-12 times the third derivative, rounding about 1e-10. */
        const double h = 1e-6, here = at[i];
        at[i] = here + h;
        const double above = value(kind, eval, params, pass);
        at[i] = here - h;
        const double below = value(kind, eval, params, pass);
        at[i] = here;
        const double slope = pass->scale * (above - below) / (2 * h);
        if (!(fabs(dy[i] - slope) <= 1e-7 * fmax(1, fabs(slope)))) print_message("%s: element %zu: %.12g, not %.12g\n", name, i, dy[i], slope);
        assert_true(fabs(dy[i] - slope) <= 1e-7 * fmax(1, fabs(slope)));
    }
}

/* Outputs between 0 and 1 and targets in the same range fit every loss; none lies within h of a kink. */
static void check_loss(const dnn_component *c, double reach)
{
    const dnn_loss_kind *kind = (const dnn_loss_kind *)c->kind;
    real y[N], z[N], target[N];
    const real weight[ROWS] = { 1, 0.5, 2, 0 };
    for (size_t i = 0; i < N; i++) {
        y[i] = 0.5 + 0.45 * sin(1.9 * (double)i + 0.3);
        z[i] = reach * sin(2.3 * (double)i + 0.1);
        target[i] = kind->target == DNN_TARGET_CLASS ? (real)(i * 7 % UNITS) : 0.5 + 0.4 * cos(1.1 * (double)i);
    }
    dnn_loss_pass pass = { .rows = ROWS, .units = UNITS, .per_sample = 1, .y = y, .z = z, .target = target, .weight = weight, .scale = 0.7 };
    check_gradient(kind, kind->eval, c->params, &pass, y);
    if (kind->eval_fused) check_gradient(kind, kind->eval_fused, c->params, &pass, z);
}

static void every_gradient_is_that_of_its_value(void **state)
{
    (void)state;
    for (size_t k = 0; k < dnn_losses.count; k++) {
        dnn_component c;
        assert_int_equal(dnn_component_make(&dnn_losses, dnn_losses.kinds[k]->name, &c), DNN_OK);
        check_loss(&c, 3);
        check_loss(&c, 30);
        dnn_component_clear(&c);
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

static void check_with(const char *name, const char *key, dnn_node *value)
{
    dnn_node *map = dnn_node_map(), *params = dnn_node_map();
    dnn_component c = { 0 };
    assert_int_equal(dnn_node_set(params, key, value), DNN_OK);
    assert_int_equal(dnn_node_set(map, name, params), DNN_OK);
    assert_int_equal(dnn_component_read(&dnn_losses, map, &c), DNN_OK);
    check_loss(&c, 3);
    dnn_component_clear(&c);
    dnn_node_destroy(map);
}

static void gradients_follow_the_parameters(void **state)
{
    (void)state;
    check_with("huber", "delta", dnn_node_real(0.2));
    check_with("binary_crossentropy", "label_smoothing", dnn_node_real(0.3));
    check_with("categorical_crossentropy", "label_smoothing", dnn_node_real(0.3));
    check_with("binary_crossentropy", "from_logits", dnn_node_bool(true));
    check_with("categorical_crossentropy", "from_logits", dnn_node_bool(true));
    check_with("sparse_categorical_crossentropy", "from_logits", dnn_node_bool(true));
    check_with("binary_focal_crossentropy", "gamma", dnn_node_real(0));
    check_with("binary_focal_crossentropy", "gamma", dnn_node_real(0.5));
    check_with("binary_focal_crossentropy", "apply_class_balancing", dnn_node_bool(true));
    check_with("binary_focal_crossentropy", "label_smoothing", dnn_node_real(0.3));
    check_with("binary_focal_crossentropy", "from_logits", dnn_node_bool(true));
    check_with("categorical_focal_crossentropy", "gamma", dnn_node_real(0.5));
    check_with("categorical_focal_crossentropy", "label_smoothing", dnn_node_real(0.3));
    check_with("categorical_focal_crossentropy", "from_logits", dnn_node_bool(true));
    check_with("categorical_generalized_cross_entropy", "q", dnn_node_real(0.1));
    check_with("tversky", "alpha", dnn_node_real(0.8));
    check_with("tversky", "beta", dnn_node_real(0.1));
    assert_int_equal(dnn_memory_balance(), 0);
}

static void gradients_are_0_where_probabilities_are_cut(void **state)
{
    (void)state;
    const char *const names[] = { "sparse_categorical_crossentropy", "categorical_crossentropy" };
    for (size_t k = 0; k < 2; k++) {
        dnn_component c;
        assert_int_equal(dnn_component_make(&dnn_losses, names[k], &c), DNN_OK);
        const dnn_loss_kind *kind = (const dnn_loss_kind *)c.kind;
        real y[3] = { 1e-9, 0.6, 0.7 }, class[1] = { 0 }, shares[3] = { 1, 0, 0 }, dy[3];
        dnn_loss_pass pass = { .rows = 1, .units = 3, .per_sample = 1, .y = y, .target = k ? shares : class, .dy = dy, .scale = 1 };
        assert_true(fabs(kind->eval(c.params, &pass) + log(1e-7)) < 1e-12);
        assert_true(dy[0] == 0 && dy[1] == 0 && dy[2] == 0);
        dnn_component_clear(&c);
    }
    dnn_component c;
    assert_int_equal(dnn_component_make(&dnn_losses, "binary_crossentropy", &c), DNN_OK);
    const dnn_loss_kind *kind = (const dnn_loss_kind *)c.kind;
    real y[3] = { 1e-9, 1, 0.5 }, target[3] = { 1, 0, 1 }, dy[3];
    dnn_loss_pass pass = { .rows = 1, .units = 3, .per_sample = 1, .y = y, .target = target, .dy = dy, .scale = 1 };
    assert_true(fabs(kind->eval(c.params, &pass) - (-2 * log(1e-7) + log(2)) / 3) < 1e-8);
    assert_true(dy[0] == 0 && dy[1] == 0 && fabs(dy[2] + 2.0 / 3) < 1e-15);
    dnn_component_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_is_that_of_its_value),
        cmocka_unit_test(gradients_follow_the_parameters),
        cmocka_unit_test(gradients_are_0_where_probabilities_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
