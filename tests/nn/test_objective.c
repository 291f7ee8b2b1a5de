/* The objective on small graphs: which loss is fused, what a record holds, values and their order, weights, wrong input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "dnn/base/memory.h"
#include "dnn/nn/objective.h"
#include "nn/flow.h"

enum { CAPACITY = 4, IN = 3 };

/* Two outputs: `main` [2] by softmax, `aux` [3, 2] linear, so three loss values a sample. */
#define TWO_OUTPUTS "{layers: [{dense: {units: 2, activation: softmax, name: main}}, " \
                    "{dense: {units: 6, inputs: x}}, {reshape: {target_shape: [3, 2], name: aux}}], outputs: [main, aux]}"
#define ONE_OUTPUT "{layers: [{dense: {units: 2, activation: softmax}}]}"

typedef struct stage { dnn_graph *graph; dnn_objective *objective; dnn_status status; } stage;

static stage set(const char *model, const char *loss, const char *metrics, const char *weighted, const char *loss_weights)
{
    stage s = { 0 };
    const char *const texts[] = { model, loss, metrics, weighted, loss_weights };
    dnn_node *nodes[5] = { 0 };
    const dnn_port input = { .name = "x", .shape = dnn_shape_1(IN) };
    for (size_t i = 0; i < 5; i++) nodes[i] = texts[i] ? flow(texts[i]) : NULL;
    assert_int_equal(dnn_graph_create(nodes[0], &input, 1, &s.graph), DNN_OK);
    s.status = dnn_objective_create(s.graph, nodes[1], nodes[2], nodes[3], nodes[4], &s.objective);
    for (size_t i = 0; i < 5; i++) dnn_node_destroy(nodes[i]);
    return s;
}

static void clear(stage *s)
{
    dnn_objective_destroy(s->objective);
    dnn_graph_destroy(s->graph);
}

static void expect_failure(const char *model, const char *loss, const char *metrics, const char *loss_weights, const char *text)
{
    stage s = set(model, loss, metrics, NULL, loss_weights);
    assert_int_equal(s.status, DNN_E_CONFIG);
    if (!strstr(dnn_fail_text(), text)) print_message("%s\n", dnn_fail_text());
    assert_non_null(strstr(dnn_fail_text(), text));
    assert_null(s.objective);
    clear(&s);
    assert_int_equal(dnn_memory_balance(), 0);
}

static void wrong_input_is_named_with_its_place(void **state)
{
    (void)state;
    expect_failure(ONE_OUTPUT, "msee", NULL, NULL, "mse");
    expect_failure(ONE_OUTPUT, "mse", "[accuracy, auk]", NULL, "run.yaml:1:12");
    expect_failure(ONE_OUTPUT, "sparse_categorical_crossentropy", "[mae]", NULL, "mae does not fit output");
    expect_failure(ONE_OUTPUT, "mse", "[sparse_categorical_crossentropy]", NULL, "the metric wants class numbers");
    expect_failure(ONE_OUTPUT, "mse", "[{recall: {class_id: 2}}]", NULL, "run.yaml:1:2: recall: class_id = 2: the output has the units 0 … 1");
    expect_failure(ONE_OUTPUT, "sparse_categorical_crossentropy", "[categorical_accuracy]", NULL, "the metric wants targets shaped like the output");
    expect_failure("{layers: [{dense: {units: 1, activation: sigmoid}}]}", "sparse_categorical_crossentropy", NULL, NULL, "2 or more");
    expect_failure(TWO_OUTPUTS, "{main: mse, au: mse}", NULL, NULL, "run.yaml:1:13: loss.au: no output of the model has that name; did you mean 'aux'");
    expect_failure(TWO_OUTPUTS, "[mse]", NULL, NULL, "the model has 2 outputs");
    expect_failure(TWO_OUTPUTS, "mse", NULL, "{main: a}", "loss_weights");
    expect_failure(TWO_OUTPUTS, "mse", NULL, "{mein: 1}", "did you mean 'main'");
}

static bool fuses(const char *model, const char *loss)
{
    stage s = set(model, loss, NULL, NULL, NULL);
    assert_int_equal(s.status, DNN_OK);
    const bool fused = dnn_objective_fused(s.objective)[0];
    clear(&s);
    return fused;
}

static void cross_entropies_are_fused_behind_their_own_activation_only(void **state)
{
    (void)state;
    const char *softmax = ONE_OUTPUT, *sigmoid = "{layers: [{dense: {units: 2, activation: sigmoid}}]}";
    const char *layer = "{layers: [{dense: {units: 2}}, {activation: softmax}]}", *linear = "{layers: [{dense: {units: 2}}]}";
    assert_true(fuses(softmax, "sparse_categorical_crossentropy") && fuses(softmax, "categorical_crossentropy"));
    assert_true(fuses(layer, "sparse_categorical_crossentropy") && fuses(sigmoid, "binary_crossentropy"));
    assert_false(fuses(softmax, "binary_crossentropy") || fuses(sigmoid, "categorical_crossentropy"));
    assert_false(fuses(linear, "categorical_crossentropy") || fuses(softmax, "mse"));
    assert_false(fuses(softmax, "{categorical_crossentropy: {from_logits: true}}"));
}

static void check_names(const stage *s, const char *const *names, size_t count)
{
    assert_int_equal(dnn_objective_values(s->objective), count);
    for (size_t i = 0; i < count; i++) assert_string_equal(dnn_objective_name(s->objective, i), names[i]);
}

static void values_come_as_loss_then_losses_of_outputs_then_metrics(void **state)
{
    (void)state;
    stage s = set(ONE_OUTPUT, "mse", "[accuracy, mae]", "[accuracy, {huber: {delta: 2}}]", NULL);
    check_names(&s, (const char *[]){ "loss", "accuracy", "mae", "weighted_accuracy", "huber" }, 5);
    clear(&s);
    s = set(TWO_OUTPUTS, "{main: mse, aux: mae}", "{aux: mse, main: [accuracy]}", "{aux: mse}", NULL);
    check_names(&s, (const char *[]){ "loss", "main_loss", "aux_loss", "main_accuracy", "aux_mse", "aux_weighted_mse" }, 6);
    clear(&s);
    s = set(TWO_OUTPUTS, "{aux: mae}", "accuracy", NULL, NULL);
    check_names(&s, (const char *[]){ "loss", "aux_loss", "main_accuracy", "aux_accuracy" }, 4);
    clear(&s);
    s = set(ONE_OUTPUT, NULL, NULL, NULL, NULL);
    check_names(&s, (const char *[]){ "loss" }, 1);
    clear(&s);
    assert_int_equal(dnn_memory_balance(), 0);
}

static void targets_follow_from_the_loss(void **state)
{
    (void)state;
    size_t units;
    stage s = set(TWO_OUTPUTS, "sparse_categorical_crossentropy", NULL, NULL, NULL);
    assert_int_equal(dnn_objective_target(s.objective, 0, &units), DNN_TARGET_CLASS);
    assert_int_equal(units, 1);
    assert_int_equal(dnn_objective_target(s.objective, 1, &units), DNN_TARGET_CLASS);
    assert_int_equal(units, 3);
    clear(&s);
    s = set(TWO_OUTPUTS, "[mse, mae]", NULL, NULL, NULL);
    assert_int_equal(dnn_objective_target(s.objective, 1, &units), DNN_TARGET_VALUES);
    assert_int_equal(units, 6);
    clear(&s);
}

/* Both outputs of three rows, by way of a real shard. */
typedef struct play { dnn_shard shard; real x[CAPACITY * IN], main[CAPACITY * 2], aux[CAPACITY * 6]; float *weights; real *wide; } play;

static void forward(const stage *s, play *p)
{
    *p = (play){ 0 };
    for (size_t i = 0; i < CAPACITY * IN; i++) p->x[i] = (real)sin((double)i);
    for (size_t i = 0; i < CAPACITY * 2; i++) p->main[i] = i % 2 ? (real)0.25 : (real)0.75;
    for (size_t i = 0; i < CAPACITY * 6; i++) p->aux[i] = (real)cos((double)i);
    const size_t total = s->graph->segments.total;
    p->weights = dnn_alloc_aligned(total * sizeof *p->weights);
    p->wide = dnn_alloc_aligned(total * sizeof *p->wide);
    assert_int_equal(dnn_graph_initialize(s->graph, 5, p->weights), DNN_OK);
    for (size_t i = 0; i < total; i++) p->wide[i] = p->weights[i];
    assert_int_equal(dnn_shard_create(s->graph, CAPACITY, true, &p->shard), DNN_OK);
    p->shard.rows = 3;
    p->shard.capacity = CAPACITY;
    p->shard.x[0] = p->x;
    dnn_run run = { .training = true, .weights = p->wide };
    dnn_shard *shards[] = { &p->shard };
    dnn_graph_forward(s->graph, &run, shards, 1);
}

static void finish(play *p)
{
    dnn_shard_destroy(&p->shard);
    dnn_free(p->weights);
    dnn_free(p->wide);
}

static void a_record_adds_and_its_values_are_weighted_means(void **state)
{
    (void)state;
    stage s = set(TWO_OUTPUTS, "mse", "{aux: mae}", "{aux: mae}", "{main: 2, aux: 0.5}");
    play p;
    forward(&s, &p);
    const real *targets[] = { p.main, p.aux }, weight[CAPACITY] = { 1, 2, 0, 100 };
    double record[16] = { 0 }, values[6];
    assert_true(dnn_objective_record_size(s.objective) <= 16);
    dnn_objective_eval(s.objective, &p.shard, targets, weight, NULL, true, record);
    const real *y = dnn_shard_output(s.graph, &p.shard, 0), *z = dnn_shard_output(s.graph, &p.shard, 1);
    const real *dy = dnn_shard_output_gradient(s.graph, &p.shard, 0, false), *dz = dnn_shard_output_gradient(s.graph, &p.shard, 1, false);
    double first = 0, second = 0, plain = 0, weighted = 0;
    for (size_t r = 0; r < CAPACITY; r++) {
        const double share = r < 3 ? (double)weight[r] : 0;
        for (size_t i = 2 * r; i < 2 * r + 2; i++) {
            const double d = (double)y[i] - (double)p.main[i];
            first += share * d * d / 2;
            assert_true(fabs((double)dy[i] - 2 * share * d) < 1e-6);  /* weight 2 times 2 d over 2 units */
        }
        for (size_t i = 6 * r; i < 6 * r + 6; i++) {
            const double d = (double)z[i] - (double)p.aux[i];
            second += share * d * d / 2;
            plain += r < 3 ? fabs(d) / 2 : 0;
            weighted += share * fabs(d) / 2;
            assert_true(fabs((double)dz[i] - 0.5 * share * d / 3) < 1e-6);  /* weight .5, three loss values a sample */
        }
    }
    for (int twice = 1; twice <= 2; twice++) {
        dnn_objective_results(s.objective, record, values);
        assert_true(dnn_objective_samples(record) == 3 * twice);
        assert_true(fabs(values[1] - first / 3) < 1e-6 && fabs(values[2] - second / 9) < 1e-6);
        assert_true(fabs(values[0] - (2 * first / 3 + 0.5 * second / 9)) < 1e-6);
        assert_true(fabs(values[3] - plain / 9) < 1e-6 && fabs(values[4] - weighted / 9) < 1e-6);
        dnn_objective_eval(s.objective, &p.shard, targets, weight, NULL, false, record);
    }
    finish(&p);
    clear(&s);
    assert_int_equal(dnn_memory_balance(), 0);
}

static void a_fused_gradient_is_that_of_the_logits(void **state)
{
    (void)state;
    stage s = set(ONE_OUTPUT, "categorical_crossentropy", NULL, NULL, NULL);
    play p;
    forward(&s, &p);
    const real *targets[] = { p.main };
    double record[4] = { 0 }, values[1];
    dnn_objective_eval(s.objective, &p.shard, targets, NULL, NULL, true, record);
    const real *y = dnn_shard_output(s.graph, &p.shard, 0), *dz = dnn_shard_output_gradient(s.graph, &p.shard, 0, true);
    double sum = 0;
    for (size_t i = 0; i < CAPACITY * 2; i++) {
        assert_true(fabs((double)dz[i] - (i < 6 ? (double)y[i] - (double)p.main[i] : 0)) < 1e-6);
        if (i < 6) sum -= (double)p.main[i] * log((double)y[i]);
    }
    dnn_objective_results(s.objective, record, values);
    assert_true(fabs(values[0] - sum / 3) < 1e-6);
    finish(&p);
    clear(&s);
    assert_int_equal(dnn_memory_balance(), 0);
}

static void the_same_metric_twice_has_a_number_and_a_bare_table_no_value(void **state)
{
    (void)state;
    stage s = set(ONE_OUTPUT, "categorical_crossentropy", "[precision, {precision: {class_id: 1}}, confusion_matrix, {recall: {thresholds: [0.2, 0.8]}}, f1_score]",
                  "[precision, confusion_matrix]", NULL);
    static const char *const names[] = { "loss", "precision", "precision_1", "recall", "f1_score", "weighted_precision" };
    static const char *const tables[] = { "confusion_matrix", "recall_by_threshold", "f1_score_by_class", "weighted_confusion_matrix" };
    assert_int_equal(s.status, DNN_OK);
    assert_int_equal(dnn_objective_values(s.objective), 6);
    for (size_t v = 0; v < 6; v++) assert_string_equal(dnn_objective_name(s.objective, v), names[v]);
    assert_int_equal(dnn_objective_tables(s.objective), 4);
    play p;
    forward(&s, &p);
    const real targets_of_classes[CAPACITY * 2] = { 1, 0, 0, 1, 1, 0, 0, 1 }, *targets[] = { targets_of_classes }, weight[CAPACITY] = { 1, 2, 4, 100 };
    double record[64] = { 0 }, values[6], trace = 0, sum = 0;
    assert_true(dnn_objective_record_size(s.objective) <= 64);
    dnn_objective_eval(s.objective, &p.shard, targets, weight, NULL, false, record);
    dnn_objective_results(s.objective, record, values);
    dnn_objective_table t[4];
    assert_int_equal(dnn_objective_fill_tables(s.objective, record, t), DNN_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(t[i].name, tables[i]);
        assert_int_equal(t[i].rows, 2);
        assert_int_equal(t[i].columns, i == 0 || i == 3 ? 2 : 1);
    }
    for (size_t i = 0; i < 4; i++) sum += t[0].values[i], trace += i % 3 == 0 ? t[0].values[i] : 0;
    assert_true(sum == 3 && t[0].values[0] + t[0].values[1] == 2);  /* two rows of class 0 */
    assert_true(t[3].values[0] + t[3].values[1] == 5 && t[3].values[2] + t[3].values[3] == 2);
    assert_true(fabs(values[1] - trace / sum) < 1e-15);  /* of two shares one is above 1/2: precision is accuracy */
    assert_true(fabs(values[3] - (t[1].values[0] + t[1].values[1]) / 2) < 1e-15);
    assert_true(fabs(values[4] - (t[2].values[0] + t[2].values[1]) / 2) < 1e-15);
    dnn_objective_tables_clear(t, 4);
    finish(&p);
    clear(&s);
    assert_int_equal(dnn_memory_balance(), 0);
}

static void an_output_without_loss_has_no_gradient(void **state)
{
    (void)state;
    stage s = set(TWO_OUTPUTS, "{main: sparse_categorical_crossentropy}", NULL, NULL, NULL);
    play p;
    forward(&s, &p);
    const real class[CAPACITY] = { 0, 1, 1, 0 }, *targets[] = { class, NULL };
    double record[4] = { 0 };
    real *dz = dnn_shard_output_gradient(s.graph, &p.shard, 1, false);
    for (size_t i = 0; i < CAPACITY * 6; i++) dz[i] = 7;
    dnn_objective_eval(s.objective, &p.shard, targets, NULL, NULL, true, record);
    for (size_t i = 0; i < CAPACITY * 6; i++) assert_true(dz[i] == 0);
    finish(&p);
    clear(&s);
}

static void what_is_written_creates_the_same_objective(void **state)
{
    (void)state;
    const char *const models[] = { ONE_OUTPUT, TWO_OUTPUTS, TWO_OUTPUTS };
    const char *const losses[] = { "{huber: {delta: 2}}", "{main: categorical_crossentropy, aux: mse}", "{aux: mse}" };
    for (size_t i = 0; i < 3; i++) {
        stage s = set(models[i], losses[i], "[mse, accuracy]", "mae", "3");
        assert_int_equal(s.status, DNN_OK);
        dnn_node *once = dnn_node_map(), *twice = dnn_node_map();
        assert_int_equal(dnn_objective_write(s.objective, once), DNN_OK);
        dnn_objective *again;
        assert_int_equal(dnn_objective_create(s.graph, dnn_node_find(once, "loss"), dnn_node_find(once, "metrics"),
                                              dnn_node_find(once, "weighted_metrics"), dnn_node_find(once, "loss_weights"), &again),
                         DNN_OK);
        assert_int_equal(dnn_objective_write(again, twice), DNN_OK);
        assert_true(dnn_node_equal(once, twice));
        assert_int_equal(dnn_objective_values(again), dnn_objective_values(s.objective));
        for (size_t v = 0; v < dnn_objective_values(again); v++)
            assert_string_equal(dnn_objective_name(again, v), dnn_objective_name(s.objective, v));
        dnn_objective_destroy(again);
        dnn_node_destroy(once);
        dnn_node_destroy(twice);
        clear(&s);
    }
    assert_int_equal(dnn_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_input_is_named_with_its_place),
        cmocka_unit_test(cross_entropies_are_fused_behind_their_own_activation_only),
        cmocka_unit_test(values_come_as_loss_then_losses_of_outputs_then_metrics),
        cmocka_unit_test(targets_follow_from_the_loss),
        cmocka_unit_test(a_record_adds_and_its_values_are_weighted_means),
        cmocka_unit_test(a_fused_gradient_is_that_of_the_logits),
        cmocka_unit_test(the_same_metric_twice_has_a_number_and_a_bare_table_no_value),
        cmocka_unit_test(an_output_without_loss_has_no_gradient),
        cmocka_unit_test(what_is_written_creates_the_same_objective),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
