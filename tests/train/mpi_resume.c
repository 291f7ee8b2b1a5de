/* Going on from checkpoints: at any number of ranks after any other, across phases, with another run file, after a best model of a course that was left. */
#include <sys/stat.h>
#include <unistd.h>

#include "dnn/base/log.h"
#include "train/runs.h"

/* Several steps make an update, weights are averaged, layers frozen in between, the best are kept: whatever a restart could forget. 5 steps an epoch. */
static const char *const run_file =
    "seed: 11\noutput: unset\n"
    "data: {source: {blobs: {n_samples: 200, centers: 3, n_features: 4, random_state: 2}}, split: {validation: 40}}\n"
    "model:\n  layers: [{dense: {units: 12, use_bias: false}}, batch_normalization, {activation: relu}, {dropout: {rate: 0.2}},\n"
    "           {dense: {units: 3, activation: softmax}}]\n"
    "training:\n  loss: sparse_categorical_crossentropy\n  metrics: [accuracy]\n"
    "  optimizer: {adam: {learning_rate: 0.01, gradient_accumulation_steps: 3, use_ema: true, ema_momentum: 0.9}}\n"
    "  batch_size: 32\n  shards: 4\n  log_every: 1\n"
    "  phases: [{epochs: 2, freeze: [dense]}, {epochs: 2, optimizer: {sgd: {learning_rate: 0.05, momentum: 0.9, gradient_accumulation_steps: 2}}}]\n"
    "  callbacks: [{early_stopping: {patience: 50, restore_best_weights: true}}, model_checkpoint]\n"
    "checkpoint: {every: {steps: 2, epochs: 1}, keep: 100}\n";

enum { STEPS = 20 };

/* Lines without the two times. */
static bool same_history(const char *a, const char *b)
{
    char *text[2] = { NULL, NULL };
    size_t length[2];
    bool same = dnn_file_read(a, 1 << 20, DNN_E_IO, &text[0], &length[0]) == DNN_OK && dnn_file_read(b, 1 << 20, DNN_E_IO, &text[1], &length[1]) == DNN_OK;
    char *rest[2] = { text[0], text[1] }, *line[2];
    while (same && (line[0] = strsep(&rest[0], "\n")) && (line[1] = strsep(&rest[1], "\n"))) {
        for (int field = 0; same && line[0] && line[1]; field++) {
            const char *x = strsep(&line[0], ","), *y = strsep(&line[1], ",");
            same = field == 2 || field == 3 || strcmp(x, y) == 0;
        }
        same = same && !line[0] && !line[1];
    }
    same = same && !rest[0] && !rest[1];
    dnn_free(text[0]);
    dnn_free(text[1]);
    return same;
}

/* Begun on `first` ranks and left after `step` steps, ended on `then`: is it the run that one rank made alone? */
static bool pair_is_whole(dnn_comm *comm, int first, int then, int step)
{
    dnn_comm *part = NULL;
    char from[600];
    dnn_status st = DNN_OK;
    snprintf(from, sizeof from, "%s", checkpoint(first == 1 ? "on-1" : first == 2 ? "on-2" : first == 3 ? "on-3" : "on-4", step));
    if (dnn_comm_split(comm, dnn_comm_rank(comm) < then ? 0 : -1, &part) != DNN_OK) return false;
    if (dnn_comm_rank(comm) < then) st = runs_with(part, "pair", DNN_RESUME_FILE, from, (const char *const[]){ "checkpoint.every={epochs: 2}" }, 1);
    if (st != DNN_OK) fprintf(stderr, "# %s\n", dnn_fail_text());
    dnn_comm_destroy(part);
    dnn_comm_barrier(comm);
    bool same = st == DNN_OK && same_arrays(checkpoint("pair", STEPS), checkpoint("on-1", STEPS)) && same_arrays(in_folder("pair/model.h5"), in_folder("on-1/model.h5"));
    double differ = same ? 0.0 : 1.0;
    dnn_comm_max(comm, &differ, 1);
    if (dnn_comm_rank(comm) == 0) {
        char command[700];
        snprintf(command, sizeof command, "rm -rf '%s'", in_folder("pair"));
        if (system(command) != 0) differ = 1.0;
    }
    dnn_comm_barrier(comm);
    if (differ > 0.0 && dnn_comm_rank(comm) == 0) fprintf(stderr, "# %d ranks, from step %d on %d: another training\n", first, step, then);
    return differ == 0.0;
}

/* In mid-epoch between two updates, at the border of epochs and of phases, and behind it. */
static void every_number_of_ranks_goes_on_where_any_other_left_off(void **state)
{
    dnn_comm *comm = *state;
    static const int steps[] = { 4, 10, 12, 15 };
    const int most = dnn_comm_size(comm);
    for (int first = 1; first <= most; first++) {
        char name[16];
        dnn_comm *part = NULL;
        dnn_status st = DNN_OK;
        snprintf(name, sizeof name, "on-%d", first);
        assert_on_all_ranks(comm, dnn_comm_split(comm, dnn_comm_rank(comm) < first ? 0 : -1, &part) == DNN_OK);
        if (dnn_comm_rank(comm) < first) st = runs_with(part, name, DNN_RESUME_NONE, NULL, NULL, 0);
        dnn_comm_destroy(part);
        assert_on_all_ranks(comm, st == DNN_OK);
        dnn_comm_barrier(comm);
        assert_on_all_ranks(comm, same_bytes(in_folder("on-1/steps.csv"), in_folder(first == 1 ? "on-1/steps.csv" : first == 2 ? "on-2/steps.csv" : first == 3 ? "on-3/steps.csv" : "on-4/steps.csv")));
    }
    for (int first = 1; first <= most; first++)
        for (int then = 1; then <= most && (most == 1 || most == 4); then++) { /* four ranks have the pairs of two and three */
            const int step = steps[(first + then) % 4];
            assert_on_all_ranks(comm, pair_is_whole(comm, first, then, step));
        }
    for (int i = 0; i < 4; i++) assert_on_all_ranks(comm, pair_is_whole(comm, most, 1, steps[i]));
}

static void going_on_in_the_same_folder_leaves_one_history(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, runs_with(comm, "again", DNN_RESUME_NONE, NULL, NULL, 0) == DNN_OK);
    char from[600], early[600];
    snprintf(from, sizeof from, "%s", checkpoint("again", 12));
    snprintf(early, sizeof early, "%s", in_folder("early.h5"));
    if (dnn_comm_rank(comm) == 0) rename(from, early);
    dnn_comm_barrier(comm);
    assert_on_all_ranks(comm, runs_with(comm, "again", DNN_RESUME_FILE, early, NULL, 0) == DNN_OK);
    assert_on_all_ranks(comm, same_history(in_folder("again/history.csv"), in_folder("on-1/history.csv")));
    assert_on_all_ranks(comm, same_bytes(in_folder("again/steps.csv"), in_folder("on-1/steps.csv")));
    assert_on_all_ranks(comm, same_arrays(in_folder("again/best.h5"), in_folder("on-1/best.h5")));
}

/* ---- another run file ---- */

static char warned[2048];

static void note_warning(void *context, dnn_log_level level, const char *line)
{
    (void)context;
    const size_t used = strlen(warned);
    if (level == DNN_LOG_WARNING) snprintf(warned + used, sizeof warned - used, "%s\n", line);
}

static void what_changes_the_course_is_named(void **state)
{
    dnn_comm *comm = *state;
    const bool speaks = dnn_comm_rank(comm) == 0;
    char between[600], within[600];
    snprintf(between, sizeof between, "%s", checkpoint("on-1", 15));
    snprintf(within, sizeof within, "%s", checkpoint("on-1", 12));
    dnn_log_set_sink(note_warning, NULL);
    const char *const other[] = { "seed=12", "training.optimizer.adam.learning_rate=0.02", "data.split.validation=40" };
    warned[0] = '\0';
    dnn_status st = runs_with(comm, "other", DNN_RESUME_FILE, within, other, 3);
    assert_on_all_ranks(comm, st == DNN_E_CONFIG);
    assert_on_all_ranks(comm, strstr(dnn_fail_text(), "seed = 12 (was 11)") && !strstr(dnn_fail_text(), "learning_rate") && !strstr(dnn_fail_text(), "split"));
    st = runs_with(comm, "other", DNN_RESUME_FILE, within, (const char *const[]){ "training.metrics=[sparse_top_k_categorical_accuracy]" }, 1);
    assert_on_all_ranks(comm, st == DNN_E_CONFIG && strstr(dnn_fail_text(), "training.metrics"));
    st = runs_with(comm, "other", DNN_RESUME_FILE, between, other, 3);
    assert_on_all_ranks(comm, st == DNN_OK);
    assert_on_all_ranks(comm, !speaks || (strstr(warned, "seed = 12 (was 11)") && strstr(warned, "learning_rate.constant.value = 0.02 (was 0.01)") && !strstr(warned, "split")));
    /* what leaves the course alone is not worth a word */
    warned[0] = '\0';
    const char *const harmless[] = { "training.phases.1.epochs=3", "checkpoint.keep=7", "training.log_every=0", "comm.timeout=500" };
    st = runs_with(comm, "longer", DNN_RESUME_FILE, between, harmless, 4);
    if (st != DNN_OK && speaks) fprintf(stderr, "# %s\n", dnn_fail_text());
    if (warned[0] && speaks) fprintf(stderr, "# %s\n", warned);
    assert_on_all_ranks(comm, st == DNN_OK && !strstr(warned, "course"));
    dnn_log_set_sink(NULL, NULL);
}

static void a_best_model_of_a_course_that_was_left_goes(void **state)
{
    dnn_comm *comm = *state;
    char early[600];
    assert_on_all_ranks(comm, runs_with(comm, "left", DNN_RESUME_NONE, NULL, NULL, 0) == DNN_OK);
    snprintf(early, sizeof early, "%s", checkpoint("on-1", 5));
    /* the new course is so bad that the old best would never be beaten */
    const char *const bad[] = { "training.optimizer.adam.learning_rate=1.0e-9", "training.phases.1.optimizer.sgd.learning_rate=1.0e-9" };
    assert_on_all_ranks(comm, same_arrays(in_folder("left/best.h5"), in_folder("on-1/best.h5")));
    assert_on_all_ranks(comm, runs_with(comm, "left", DNN_RESUME_FILE, early, bad, 2) == DNN_OK);
    assert_on_all_ranks(comm, !same_arrays(in_folder("left/best.h5"), in_folder("on-1/best.h5")) && dnn_file_exists(in_folder("left/best.h5")));
}

static void a_run_that_fails_before_its_first_step_says_so_in_status_json(void **state)
{
    dnn_comm *comm = *state;
    char *text = NULL;
    size_t length = 0;
    assert_on_all_ranks(comm, runs_with(comm, "again", DNN_RESUME_AUTO, NULL, (const char *const[]){ "data.source={csv: {path: no-such.csv, target: y}}" }, 1) != DNN_OK);
    assert_on_all_ranks(comm, dnn_file_read(in_folder("again/status.json"), 4096, DNN_E_IO, &text, &length) == DNN_OK);
    assert_on_all_ranks(comm, strstr(text, "\"state\": \"failed\"") && strstr(text, "\"step\": 20") && strstr(text, "\"code\": 3"));
    dnn_free(text);
}

/* The run file that a start from a model file leaves behind says all of that start. */
static void the_resolved_run_file_of_a_start_from_a_model_file_repeats_it(void **state)
{
    dnn_comm *comm = *state;
    char model[700], out[600];
    snprintf(model, sizeof model, "model={file: %s}", checkpoint("on-1", 15));
    snprintf(out, sizeof out, "output=%s", in_folder("started"));
    const char *const once[] = { out, model, "training={epochs: 2, batch_size: 32, shards: 4}" };
    dnn_train_request request = { .run_file = in_folder("run.yaml"), .overrides = once, .n_overrides = 3, .threads = 1 };
    dnn_status st = dnn_train(comm, &request);
    dnn_comm_barrier(comm);
    if (st != DNN_OK && dnn_comm_rank(comm) == 0) fprintf(stderr, "# %s\n", dnn_fail_text());
    assert_on_all_ranks(comm, st == DNN_OK);
    char again[600];
    snprintf(again, sizeof again, "output=%s", in_folder("restarted"));
    request = (dnn_train_request){ .run_file = in_folder("started/run.yaml"), .overrides = (const char *const[]){ again }, .n_overrides = 1, .threads = 1 };
    st = dnn_train(comm, &request);
    dnn_comm_barrier(comm);
    if (st != DNN_OK && dnn_comm_rank(comm) == 0) fprintf(stderr, "# %s\n", dnn_fail_text());
    assert_on_all_ranks(comm, st == DNN_OK && same_arrays(in_folder("started/model.h5"), in_folder("restarted/model.h5")));
}

int main(int argc, char **argv)
{
    dnn_comm *comm = NULL;
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK || runs_begin(comm, run_file) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(every_number_of_ranks_goes_on_where_any_other_left_off, comm),
        cmocka_unit_test_prestate(going_on_in_the_same_folder_leaves_one_history, comm),
        cmocka_unit_test_prestate(what_changes_the_course_is_named, comm),
        cmocka_unit_test_prestate(a_best_model_of_a_course_that_was_left_goes, comm),
        cmocka_unit_test_prestate(the_resolved_run_file_of_a_start_from_a_model_file_repeats_it, comm),
        cmocka_unit_test_prestate(a_run_that_fails_before_its_first_step_says_so_in_status_json, comm),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return runs_end(comm, failed);
}
