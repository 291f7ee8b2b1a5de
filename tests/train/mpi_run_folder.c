/* What a run does to its output folder when it goes back, goes on past damage, or takes the place of another. */
#include <fcntl.h>
#include <unistd.h>

#include "train/runs.h"

static const char *const run_file =
    "seed: 5\noutput: unset\n"
    "data: {source: {blobs: {n_samples: 60, centers: 3, n_features: 4, random_state: 2}}, split: {validation: 12}}\n"
    "model: {layers: [{dense: {units: 3, activation: softmax}}]}\n"
    "training: {loss: sparse_categorical_crossentropy, optimizer: {sgd: {learning_rate: 0.1}}, batch_size: 12, epochs: 4}\n"
    "checkpoint: {every: {epochs: 1}, keep: 2}\n"; /* 4 steps an epoch */

static dnn_status train(dnn_comm *comm, const char *more, dnn_resume resume, const char *resume_file, bool overwrite)
{
    return runs_train(comm, "run", more, resume, resume_file, overwrite);
}

static bool there(const char *name) { return dnn_file_exists(in_folder(name)); }

static void going_back_leaves_the_later_course_behind(void **state)
{
    dnn_comm *comm = *state;
    char back[600];
    assert_on_all_ranks(comm, train(comm, NULL, DNN_RESUME_NONE, NULL, true) == DNN_OK);
    assert_on_all_ranks(comm, there("run/checkpoints/step-0000000012.h5") && there("run/checkpoints/step-0000000016.h5"));
    snprintf(back, sizeof back, "%s", in_folder("early.h5"));
    assert_on_all_ranks(comm, train(comm, "training.epochs=1", DNN_RESUME_NONE, NULL, true) == DNN_OK);
    if (dnn_comm_rank(comm) == 0) rename(in_folder("run/checkpoints/step-0000000004.h5"), back);
    assert_on_all_ranks(comm, train(comm, NULL, DNN_RESUME_NONE, NULL, true) == DNN_OK);
    assert_on_all_ranks(comm, train(comm, "training.epochs=2", DNN_RESUME_FILE, back, false) == DNN_OK);
    assert_on_all_ranks(comm, there("run/checkpoints/step-0000000008.h5"));
    assert_on_all_ranks(comm, !there("run/checkpoints/step-0000000012.h5") && !there("run/checkpoints/step-0000000016.h5"));
}

static void damage(const char *path)
{
    const int file = open(path, O_WRONLY);
    if (file < 0 || pwrite(file, "damage", 6, 3000) != 6) fprintf(stderr, "%s: not damaged\n", path);
    if (file >= 0) close(file);
}

static void a_damaged_file_ahead_does_not_push_out_the_good_ones(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, train(comm, NULL, DNN_RESUME_NONE, NULL, true) == DNN_OK);
    if (dnn_comm_rank(comm) == 0) {
        damage(in_folder("run/checkpoints/step-0000000016.h5"));
        rename(in_folder("run/checkpoints/step-0000000016.h5"), in_folder("run/checkpoints/step-0000000020.h5"));
    }
    dnn_comm_barrier(comm);
    assert_on_all_ranks(comm, train(comm, "checkpoint.keep=1", DNN_RESUME_AUTO, NULL, false) == DNN_OK);
    assert_on_all_ranks(comm, there("run/checkpoints/step-0000000016.h5"));
    assert_on_all_ranks(comm, !there("run/checkpoints/step-0000000012.h5") && !there("run/checkpoints/step-0000000020.h5"));
}

static void overwriting_removes_only_what_a_run_has_made(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, train(comm, NULL, DNN_RESUME_NONE, NULL, true) == DNN_OK);
    if (dnn_comm_rank(comm) == 0) {
        dnn_file_write(in_folder("run/prices.h5"), "data", 4);
        dnn_file_write(in_folder("run/checkpoints/step-4.h5"), "mine", 4);
        dnn_file_write(in_folder("run/checkpoints/chosen.h5"), "mine", 4);
    }
    dnn_comm_barrier(comm);
    assert_on_all_ranks(comm, train(comm, "training.epochs=1", DNN_RESUME_NONE, NULL, true) == DNN_OK);
    assert_on_all_ranks(comm, there("run/prices.h5") && there("run/checkpoints/step-4.h5") && there("run/checkpoints/chosen.h5"));
    assert_on_all_ranks(comm, there("run/checkpoints/step-0000000004.h5") && !there("run/checkpoints/step-0000000016.h5"));
}

static void what_a_killed_run_was_writing_goes_when_the_next_one_begins(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, train(comm, "training.epochs=1", DNN_RESUME_NONE, NULL, true) == DNN_OK);
    if (dnn_comm_rank(comm) == 0) {
        dnn_file_write(in_folder("run/model.h5.tmp-4711-0"), "half", 4);
        dnn_file_write(in_folder("run/checkpoints/step-0000000008.h5.tmp-4711-1"), "half", 4);
    }
    dnn_comm_barrier(comm);
    assert_on_all_ranks(comm, train(comm, NULL, DNN_RESUME_AUTO, NULL, false) == DNN_OK);
    assert_on_all_ranks(comm, !there("run/model.h5.tmp-4711-0") && !there("run/checkpoints/step-0000000008.h5.tmp-4711-1"));
}

static void within_an_epoch_a_checkpoint_goes_on_only_with_the_same_batches(void **state)
{
    dnn_comm *comm = *state;
    char half[600];
    snprintf(half, sizeof half, "%s", in_folder("half.h5"));
    assert_on_all_ranks(comm, train(comm, "checkpoint.every={steps: 3}", DNN_RESUME_NONE, NULL, true) == DNN_OK);
    if (dnn_comm_rank(comm) == 0) rename(in_folder("run/checkpoints/step-0000000015.h5"), half);
    dnn_comm_barrier(comm);
    assert_on_all_ranks(comm, train(comm, "training.batch_size=8", DNN_RESUME_FILE, half, false) == DNN_E_CONFIG);
    assert_on_all_ranks(comm, strstr(dnn_fail_text(), "training.batch_size = 8 (was 12)") != NULL);
    /* as many steps, in another order */
    assert_on_all_ranks(comm, train(comm, "data.limit.train=40", DNN_RESUME_FILE, half, false) == DNN_E_CONFIG);
    /* a source may have moved, but not lost rows */
    assert_on_all_ranks(comm, train(comm, "data.source.blobs.n_samples=46", DNN_RESUME_FILE, half, false) == DNN_E_MODEL);
    assert_on_all_ranks(comm, strstr(dnn_fail_text(), "36 samples seen in 3 steps") != NULL);
    assert_on_all_ranks(comm, train(comm, NULL, DNN_RESUME_FILE, half, false) == DNN_OK);
}

static size_t count_lines(const char *name)
{
    char *text = NULL;
    size_t length = 0, lines = 0;
    if (dnn_file_read(in_folder(name), 1 << 20, DNN_E_IO, &text, &length) != DNN_OK) return 0;
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
    dnn_free(text);
    return lines;
}

static void a_file_saved_by_a_callback_knows_what_later_callbacks_decided(void **state)
{
    dnn_comm *comm = *state;
    const char *stops_after_two = "training.callbacks=[{model_checkpoint: {file: each.h5, monitor: loss, save_best_only: false}}, "
                                  "{early_stopping: {monitor: loss, min_delta: 1000, patience: 1}}]";
    assert_on_all_ranks(comm, train(comm, stops_after_two, DNN_RESUME_NONE, NULL, true) == DNN_OK);
    assert_on_all_ranks(comm, count_lines("run/history.csv") == 1 + 2);
    assert_on_all_ranks(comm, train(comm, stops_after_two, DNN_RESUME_FILE, in_folder("run/each.h5"), false) == DNN_OK);
    assert_on_all_ranks(comm, count_lines("run/history.csv") == 1 + 2);
}

static void a_run_that_cannot_begin_leaves_the_one_that_is_there(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, train(comm, NULL, DNN_RESUME_NONE, NULL, true) == DNN_OK);
    assert_on_all_ranks(comm, train(comm, "data.split.validation=60", DNN_RESUME_NONE, NULL, true) != DNN_OK);
    assert_on_all_ranks(comm, there("run/model.h5") && there("run/history.csv") && there("run/checkpoints/step-0000000016.h5"));
}

int main(int argc, char **argv)
{
    dnn_comm *comm = NULL;
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK || runs_begin(comm, run_file) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(going_back_leaves_the_later_course_behind, comm),
        cmocka_unit_test_prestate(a_damaged_file_ahead_does_not_push_out_the_good_ones, comm),
        cmocka_unit_test_prestate(overwriting_removes_only_what_a_run_has_made, comm),
        cmocka_unit_test_prestate(what_a_killed_run_was_writing_goes_when_the_next_one_begins, comm),
        cmocka_unit_test_prestate(within_an_epoch_a_checkpoint_goes_on_only_with_the_same_batches, comm),
        cmocka_unit_test_prestate(a_file_saved_by_a_callback_knows_what_later_callbacks_decided, comm),
        cmocka_unit_test_prestate(a_run_that_cannot_begin_leaves_the_one_that_is_there, comm),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return runs_end(comm, failed);
}
