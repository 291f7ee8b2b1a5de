/* How often a step goes through its memory: each product once, each output of a layer once more while its block lies in the first cache, each
 * weight once. Counted by an activation and an optimizer that note what they are handed; a layer or an update with a pass of its own over the
 * whole of something would show as more elements or as longer stretches. */
#include "trial.h"

#include "dnn/math/blas.h"
#include "dnn/math/product_log.h"
#include "dnn/nn/activation.h"
#include "dnn/optim/optimizer.h"
#include "dnn/optim/schedule.h"

enum { BATCH = 64, INPUTS = 20, FIRST = 300, SECOND = 100, FIRST_CACHE = 32 << 10 };

/* Bytes of the largest stretch, and elements of all of them. */
typedef struct visits { size_t elements, largest; } visits;

static visits forward_visits, backward_visits, update_visits;

static void note(visits *v, size_t elements)
{
    v->elements += elements;
    if (elements * sizeof(float) > v->largest) v->largest = elements * sizeof(float);
}

static void halve(const void *params, size_t rows, size_t units, const real *x, real *y)
{
    (void)params;
    note(&forward_visits, rows * units);
    for (size_t i = 0; i < rows * units; i++) y[i] = x[i] / 2;
}

static void halve_back(const void *params, size_t rows, size_t units, const real *seen, const real *dy, real *dx)
{
    (void)params, (void)seen;
    note(&backward_visits, rows * units);
    for (size_t i = 0; i < rows * units; i++) dx[i] = dy[i] / 2;
}

static const dnn_activation_kind counting_activation = {
    .kind = { .name = "counting", .help = "x / 2, and counts" }, .forward = halve, .backward = halve_back
};

static const dnn_param counting_params[] = {
    DNN_COMPONENT(dnn_optimizer_head, learning_rate, &dnn_schedules, "0.01", "step size"),
};

static size_t no_slots(const void *params)
{
    (void)params;
    return 0;
}

static void descend(const void *params, const dnn_update *u)
{
    (void)params;
    note(&update_visits, u->n);
    for (size_t i = 0; i < u->n; i++) u->w[i] -= (float)u->learning_rate * u->g[i];
}

static const dnn_optimizer_kind counting_optimizer = {
    .kind = { .name = "counting", .help = "w - lr g, and counts", .params_size = sizeof(dnn_optimizer_head), DNN_PARAMS(counting_params) },
    .slots = no_slots,
    .update = descend
};

static const char *const network =
    "output: unused\ndata: {source: {regression: {n_samples: 256, n_features: 20, random_state: 1}}}\n"
    "model: {layers: [{dense: {units: 300, activation: counting}}, {dense: {units: 100, activation: counting}}, {dense: {units: 1}}]}\n"
    "training: {loss: mse, batch_size: 64, optimizer: {counting: {learning_rate: 1.0e-4}}}\n";

typedef struct noted_step { trial *t; dnn_product_log log; } noted_step;

static void make_noted_step(void *context, int index)
{
    (void)index;
    noted_step *n = context;
    dnn_product_log_begin(&n->log);
    assert_true(train_step(&n->t->run.workers[0], 1, 0));
    dnn_product_log_end();
}

static void count_a_step(const char *text, trial *t, noted_step *n)
{
    assert_int_equal(trial_open(NULL, text, 1, t), DNN_OK);
    *n = (noted_step){ .t = t };
    assert_int_equal(dnn_product_log_create(64, &n->log), DNN_OK);
    forward_visits = backward_visits = update_visits = (visits){ 0 };
    dnn_team_run(t->team, make_noted_step, n);
}

static int add_kinds(void **state)
{
    (void)state;
    return dnn_family_add(&dnn_activations, &counting_activation.kind) || dnn_family_add(&dnn_optimizers, &counting_optimizer.kind);
}

static int forget_kinds(void **state)
{
    (void)state;
    dnn_family_forget(&dnn_activations);
    dnn_family_forget(&dnn_optimizers);
    dnn_place_forget();
    return dnn_memory_balance() == 0 ? 0 : -1;
}

static void a_step_makes_each_product_once_and_none_for_gradients_that_nobody_wants(void **state)
{
    (void)state;
    trial t;
    noted_step n;
    count_a_step(network, &t, &n);
    const double first = 2.0 * BATCH * INPUTS * FIRST, second = 2.0 * BATCH * FIRST * SECOND, third = 2.0 * BATCH * SECOND;
    assert_int_equal(n.log.count, 8);
    assert_true(n.log.operations == 2 * first + 3 * second + 3 * third);
    dnn_product_log_destroy(&n.log);
    trial_close(&t);
}

static void activations_and_their_derivatives_see_each_output_once_block_by_block(void **state)
{
    (void)state;
    trial t;
    noted_step n;
    count_a_step(network, &t, &n);
    assert_int_equal(forward_visits.elements, BATCH * (FIRST + SECOND));
    assert_int_equal(backward_visits.elements, BATCH * (FIRST + SECOND));
    assert_in_range(forward_visits.largest, 1, FIRST_CACHE);
    assert_in_range(backward_visits.largest, 1, FIRST_CACHE);
    dnn_product_log_destroy(&n.log);
    trial_close(&t);
}

static void an_update_sees_each_weight_once_block_by_block(void **state)
{
    (void)state;
    trial t;
    noted_step n;
    count_a_step(network, &t, &n);
    assert_int_equal(update_visits.elements, INPUTS * FIRST + FIRST + FIRST * SECOND + SECOND + SECOND + 1);
    assert_in_range(update_visits.largest, 1, FIRST_CACHE);
    dnn_product_log_destroy(&n.log);
    trial_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_makes_each_product_once_and_none_for_gradients_that_nobody_wants),
        cmocka_unit_test(activations_and_their_derivatives_see_each_output_once_block_by_block),
        cmocka_unit_test(an_update_sees_each_weight_once_block_by_block),
    };
    return cmocka_run_group_tests(tests, add_kinds, forget_kinds);
}
