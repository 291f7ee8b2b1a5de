/* Weights of classes: balanced over what the training part has, or as the run file says. */
#include <stdlib.h>
#include <unistd.h>

#include "dnn/io/file.h"
#include "trial.h"

/* Two test rows of class 2 in front, then classes 0, 0, 0, 1 to train on. */
static const char table[] = "x,label\n1,2\n2,2\n3,0\n4,0\n5,1\n6,0\n";
static char path[256];

static dnn_status open_with(const char *class_weights, trial *t)
{
    char text[1024];
    snprintf(text, sizeof text, "seed: 1\noutput: none\ndata: {source: {csv: {path: %s, target: label}}, split: {test: 2}}\n"
             "model: {layers: [{dense: {units: 3, activation: softmax}}]}\n"
             "training: {loss: sparse_categorical_crossentropy, class_weights: %s}\n", path, class_weights);
    return trial_open(NULL, text, 1, t);
}

static void balanced_classes_weigh_the_same_in_total(void **state)
{
    (void)state;
    trial t;
    assert_int_equal(open_with("balanced", &t), DNN_OK);
    assert_int_equal(t.run.classes, 3);
    assert_true(t.run.class_weight[0] == 4.0 / (2 * 3)); /* scikit-learn: compute_class_weight("balanced", [0, 1], [0, 0, 1, 0]) */
    assert_true(t.run.class_weight[1] == 4.0 / (2 * 1));
    assert_true(t.run.class_weight[2] == 1.0);
    trial_close(&t);
}

static void a_class_left_out_weighs_one(void **state)
{
    (void)state;
    trial t;
    assert_int_equal(open_with("{1: 2.5}", &t), DNN_OK);
    assert_true(t.run.class_weight[0] == 1.0 && t.run.class_weight[1] == 2.5 && t.run.class_weight[2] == 1.0);
    trial_close(&t);
}

static void weights_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = { "{3: 1}", "{a: 1}", "{0: -1}", "{0: .inf}", "{0: .nan}", "{0: heavy}", "[1, 2, 3]", "even" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        trial t;
        assert_int_equal(open_with(wrong[i], &t), DNN_E_CONFIG);
        trial_close(&t);
    }
}

static int write_table(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/dnn-classes-%ld.csv", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid());
    return dnn_file_write(path, table, sizeof table - 1) != DNN_OK;
}

static int end(void **state)
{
    (void)state;
    unlink(path);
    dnn_place_forget();
    return dnn_memory_balance() != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(balanced_classes_weigh_the_same_in_total),
        cmocka_unit_test(a_class_left_out_weighs_one),
        cmocka_unit_test(weights_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, write_table, end);
}
