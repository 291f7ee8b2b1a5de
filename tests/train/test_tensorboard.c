/* What TensorBoard finds of a training. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "train/watching.h"
#include "dnn/io/file.h"
#include "support/event_reader.h"

static char folder[] = "/tmp/dnn-tensorboard-XXXXXX";
static const char *const names[] = { "loss", "accuracy", "val_loss", "val_accuracy" };
static const double values[] = { 0.5, 0.75, 0.625, 0.25 };
static float weights[16] = { 1, 2, 3 };
static dnn_segment segments[] = { { .name = (char[]){ "dense/kernel" }, .length = 3, .weight = true, .trainable = true } };
static const dnn_segments table = { .at = segments, .count = 1, .total = 16 };

static dnn_report report(uint64_t epoch)
{
    return (dnn_report){ .epoch = epoch, .learning_rate = 0.125, .names = names, .values = values, .count = 4, .writes = true, .output = folder,
                         .segments = &table, .weights = weights };
}

/* All event files of a part in the order of their names; the number of them. */
static int read_part(const char *part, char *text[4], size_t length[4])
{
    char path[200], file[500];
    struct dirent **list = NULL;
    snprintf(path, sizeof path, "%s/tensorboard/%s", folder, part);
    const int all = scandir(path, &list, NULL, alphasort);
    int n = 0;
    for (int i = 0; i < all; i++) {
        snprintf(file, sizeof file, "%s/%s", path, list[i]->d_name);
        if (strstr(list[i]->d_name, "tfevents") && n < 4)
            assert_int_equal(dnn_file_read(file, 1 << 20, DNN_E_IO, &text[n], &length[n]), DNN_OK), n++;
        free(list[i]);
    }
    if (all >= 0) free(list);
    return n;
}

static void assert_next(rest *r, int64_t step, const char *tag, float expected)
{
    rest event = { 0 };
    told t = { 0 };
    float value;
    assert_true(next_record(r, &event) && tell(event, &t));
    assert_int_equal(t.step, step);
    assert_string_equal(t.tag, tag);
    assert_true(simple_value(&t, &value) && value == expected);
}

/* The run file as a block of code. */
static void assert_run_file(rest *r)
{
    static const char expected[] = "    seed: 5\n    output: here\n";
    rest event = { 0 };
    told t = { 0 };
    field tensor = { 0 }, text = { 0 };
    assert_true(next_record(r, &event) && tell(event, &t));
    assert_string_equal(t.tag, "run.yaml");
    assert_true(find_field(t.value, 8, &tensor) && find_field(inside(tensor), 8, &text));
    assert_int_equal(text.length, sizeof expected - 1);
    assert_memory_equal(text.at, expected, text.length);
}

static void two_epochs(const char *text, bool interrupted)
{
    watching w;
    assert_int_equal(watching_open(text, names, 4, &w), DNN_OK);
    for (uint64_t epoch = 1; epoch <= 2; epoch++) {
        const dnn_report r = report(epoch);
        assert_int_equal(watching_epoch(&w, &r).status, DNN_OK);
        if (interrupted && epoch == 1) watching_reopen(&w, names, 4);
    }
    watching_close(&w);
}

static void values_stand_under_keras_tags_apart_for_training_and_validation(void **state)
{
    (void)state;
    char *text[4] = { NULL };
    size_t length[4];
    rest event = { 0 };
    field version;
    two_epochs("tensorboard", false);
    assert_int_equal(read_part("train", text, length), 1);
    rest r = { (const unsigned char *)text[0], length[0] };
    assert_true(next_record(&r, &event) && find_field(event, 3, &version));
    assert_memory_equal(version.at, "brain.Event:2", version.length);
    for (int epoch = 0; epoch < 2; epoch++) {
        assert_next(&r, epoch, "epoch_loss", 0.5f);
        assert_next(&r, epoch, "epoch_accuracy", 0.75f);
        assert_next(&r, epoch, "epoch_learning_rate", 0.125f);
        if (epoch == 0) assert_run_file(&r);
    }
    assert_int_equal(r.length, 0);
    dnn_free(text[0]);
    assert_int_equal(read_part("validation", text, length), 1);
    r = (rest){ (const unsigned char *)text[0], length[0] };
    assert_true(next_record(&r, &event));
    assert_next(&r, 0, "epoch_loss", 0.625f);
    assert_next(&r, 0, "epoch_accuracy", 0.25f);
    dnn_free(text[0]);
}

static void weights_are_told_every_histogram_freq_epochs(void **state)
{
    (void)state;
    char *text[4] = { NULL };
    size_t length[4];
    int histograms = 0;
    rest event = { 0 };
    told t = { 0 };
    field f;
    two_epochs("{tensorboard: {histogram_freq: 2, write_graph: false}}", false);
    assert_int_equal(read_part("train", text, length), 1); /* the former run's file is gone */
    for (rest r = { (const unsigned char *)text[0], length[0] }; next_record(&r, &event);) {
        if (!tell(event, &t) || !find_field(t.value, 5, &f)) continue;
        assert_string_equal(t.tag, "dense/kernel");
        assert_int_equal(t.step, 0);
        histograms++;
    }
    assert_int_equal(histograms, 1);
    dnn_free(text[0]);
}

static void gradients_stand_beside_the_weights_they_moved(void **state)
{
    (void)state;
    static const float gradient[] = { 0.5f, -0.25f, 0.125f, 2.0f, 1.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, 8.0f, 9.0f, 1.0f, 1.0f, 1.0f, 1.0f };
    char *text[4] = { NULL };
    size_t length[4];
    const char *tags[4] = { NULL };
    char copies[4][160];
    int histograms = 0;
    rest event = { 0 };
    told t = { 0 };
    field f;
    watching w;
    assert_int_equal(watching_open("{tensorboard: {histogram_freq: 1, gradients: true, write_graph: false}}", names, 4, &w), DNN_OK);
    assert_true(w.kind->wants_gradients(w.component.params));
    dnn_report r = report(1);
    assert_true(r.segments->total <= sizeof gradient / sizeof *gradient);
    r.gradients = gradient;
    assert_int_equal(watching_epoch(&w, &r).status, DNN_OK);
    watching_close(&w);
    assert_int_equal(read_part("train", text, length), 1);
    for (rest records = { (const unsigned char *)text[0], length[0] }; next_record(&records, &event) && histograms < 4;) {
        if (!tell(event, &t) || !find_field(t.value, 5, &f)) continue;
        snprintf(copies[histograms], sizeof copies[0], "%s", t.tag);
        tags[histograms] = copies[histograms];
        histograms++;
    }
    assert_int_equal(histograms, 2);
    assert_string_equal(tags[0], "dense/kernel");
    assert_string_equal(tags[1], "dense/kernel_grad");
    dnn_free(text[0]);
    assert_int_equal(watching_open("{tensorboard: {gradients: true}}", names, 4, &w), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "histogram_freq: 1"));
    watching_close(&w);
}

static void a_training_that_goes_on_adds_a_file_that_replaces_from_its_epoch_on(void **state)
{
    (void)state;
    char *text[4] = { NULL };
    size_t length[4];
    rest event = { 0 };
    field f, step;
    two_epochs("tensorboard", true);
    assert_int_equal(read_part("train", text, length), 2);
    rest r = { (const unsigned char *)text[1], length[1] };
    assert_true(next_record(&r, &event) && find_field(event, 3, &f));
    assert_true(next_record(&r, &event) && find_field(event, 7, &f) && find_field(event, 2, &step));
    assert_int_equal(step.bits, 1);
    assert_next(&r, 1, "epoch_loss", 0.5f);
    dnn_free(text[0]);
    dnn_free(text[1]);
    dnn_place_forget();
    assert_int_equal((int)dnn_memory_balance(), 0);
}

static int make_folder(void **state)
{
    (void)state;
    char path[200];
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/run.yaml", folder);
    return dnn_file_append(path, "seed: 5\noutput: here\n") == DNN_OK ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[200];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stand_under_keras_tags_apart_for_training_and_validation),
        cmocka_unit_test(weights_are_told_every_histogram_freq_epochs),
        cmocka_unit_test(gradients_stand_beside_the_weights_they_moved),
        cmocka_unit_test(a_training_that_goes_on_adds_a_file_that_replaces_from_its_epoch_on),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
