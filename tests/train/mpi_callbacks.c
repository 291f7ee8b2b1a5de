/* Callbacks within trainings: the same files and weights at every number of ranks, with and without an interruption. */
#include <math.h>

#include "dnn/io/csv.h"
#include "train/runs.h"

static const char *const run_file =
    "seed: 5\noutput: unset\n"
    "data: {source: {blobs: {n_samples: 120, centers: 3, n_features: 4, random_state: 2}}, split: {validation: 30}}\n"
    "model: {layers: [{dense: {units: 8, activation: relu}}, {dense: {units: 3, activation: softmax}}]}\n"
    "training:\n  loss: sparse_categorical_crossentropy\n  metrics: [accuracy]\n  optimizer: {adam: {learning_rate: 0.01}}\n"
    "  batch_size: 30\n  epochs: 6\n  shards: 4\n"
    "checkpoint: {every: {epochs: 1}, keep: 2}\n";

/* By min_delta 1000 no epoch is better than the first: lowered after the epochs 3 and 5, whatever the values. */
static const char *const looking_on =
    "training.callbacks=[{reduce_lr_on_plateau: {patience: 2, factor: 0.5, min_delta: 1000}}, csv_logger, weight_norms, terminate_on_nan, tensorboard,"
    " {exec: {command: 'echo $DNN_EPOCH >> $DNN_OUTPUT/epochs.txt'}}, {exec: {on: train_end, command: 'echo end >> $DNN_OUTPUT/epochs.txt'}}]";

static dnn_status train(dnn_comm *comm, const char *output, const char *callbacks, const char *more, dnn_resume resume)
{
    char out[600];
    snprintf(out, sizeof out, "output=%s", in_folder(output));
    const char *overrides[] = { out, callbacks, more };
    const dnn_train_request request = { .run_file = in_folder("run.yaml"), .overrides = overrides, .n_overrides = more ? 3 : 2,
                                        .resume = resume, .threads = 1 };
    const dnn_status st = dnn_train(comm, &request);
    dnn_comm_barrier(comm);
    return st;
}

/* Whether the learning rates of history.csv are these. */
static bool rates_are(const char *history, const double *rates, size_t n)
{
    dnn_csv table;
    size_t column = 0;
    if (dnn_csv_read(history, &table) != DNN_OK) return false;
    bool are = table.rows == n && dnn_csv_column(&table, "learning_rate", &column) == DNN_OK;
    for (size_t i = 0; i < n && are; i++) {
        double rate = NAN;
        are = dnn_csv_number(table.cell[i * table.columns + column], &rate) && fabs(rate - rates[i]) <= 1e-12 * rates[i];
    }
    dnn_csv_clear(&table);
    return are;
}

static void a_plateau_lowers_the_rate_of_the_epochs_after_it(void **state)
{
    dnn_comm *comm = *state;
    static const double rates[] = { .01, .01, .01, .005, .005, .0025 };
    assert_on_all_ranks(comm, train(comm, "whole", looking_on, NULL, DNN_RESUME_NONE) == DNN_OK);
    assert_on_all_ranks(comm, rates_are(in_folder("whole/history.csv"), rates, 6));
}

static void an_interruption_changes_neither_rates_nor_tables(void **state)
{
    dnn_comm *comm = *state;
    static const double rates[] = { .01, .01, .01, .005, .005, .0025 };
    assert_on_all_ranks(comm, train(comm, "parts", looking_on, "training.epochs=2", DNN_RESUME_NONE) == DNN_OK);
    assert_on_all_ranks(comm, train(comm, "parts", looking_on, "training.epochs=3", DNN_RESUME_AUTO) == DNN_OK);
    assert_on_all_ranks(comm, train(comm, "parts", looking_on, "training.epochs=6", DNN_RESUME_AUTO) == DNN_OK);
    assert_on_all_ranks(comm, rates_are(in_folder("parts/history.csv"), rates, 6));
    assert_on_all_ranks(comm, same_bytes(in_folder("parts/log.csv"), in_folder("whole/log.csv")));
    assert_on_all_ranks(comm, same_bytes(in_folder("parts/weight_norms.csv"), in_folder("whole/weight_norms.csv")));
}

static void a_command_runs_once_an_epoch_whatever_the_number_of_ranks(void **state)
{
    dnn_comm *comm = *state;
    char *text = NULL;
    size_t length = 0;
    assert_on_all_ranks(comm, dnn_file_read(in_folder("whole/epochs.txt"), 1 << 20, DNN_E_IO, &text, &length) == DNN_OK);
    assert_on_all_ranks(comm, strcmp(text, "1\n2\n3\n4\n5\n6\nend\n") == 0);
    dnn_free(text);
}

static void the_norms_of_many_ranks_are_those_of_one(void **state)
{
    dnn_comm *comm = *state, *alone = NULL;
    const int rank = dnn_comm_rank(comm);
    assert_on_all_ranks(comm, dnn_comm_split(comm, rank, &alone) == DNN_OK);
    dnn_status st = DNN_OK;
    if (rank == 0) st = train(alone, "alone", looking_on, NULL, DNN_RESUME_NONE);
    dnn_comm_destroy(alone);
    assert_on_all_ranks(comm, st == DNN_OK);
    dnn_comm_barrier(comm);
    assert_on_all_ranks(comm, same_bytes(in_folder("alone/weight_norms.csv"), in_folder("whole/weight_norms.csv")));
    assert_on_all_ranks(comm, same_bytes(in_folder("alone/log.csv"), in_folder("whole/log.csv")));
}

static void a_scheduler_sets_the_rate_of_each_epoch(void **state)
{
    dnn_comm *comm = *state;
    static const double rates[] = { .01, .02, .02, .003, .003, .003 };
    const char *callbacks = "training.callbacks=[{learning_rate_scheduler: {epochs: {1: 0.02, 3: 0.003}}}]";
    assert_on_all_ranks(comm, train(comm, "scheduled", callbacks, "training.epochs=2", DNN_RESUME_NONE) == DNN_OK);
    assert_on_all_ranks(comm, train(comm, "scheduled", callbacks, NULL, DNN_RESUME_AUTO) == DNN_OK);
    assert_on_all_ranks(comm, rates_are(in_folder("scheduled/history.csv"), rates, 6));
}

static void a_range_test_ends_within_an_epoch_at_the_same_step_whatever_interrupts_it(void **state)
{
    dnn_comm *comm = *state;
    const char *callbacks = "training={loss: mse, metrics: [], optimizer: sgd, batch_size: 5, epochs: 6, shards: 4, callbacks: [{learning_rate_range_test:"
                            " {min: 1e-3, max: 100, smoothing: 0.5}}]}";
    const char *model = "model={layers: [{dense: {units: 1}}]}";
    char *text = NULL;
    size_t length = 0;
    assert_on_all_ranks(comm, train(comm, "range", callbacks, model, DNN_RESUME_NONE) == DNN_OK);
    assert_on_all_ranks(comm, dnn_file_read(in_folder("range/learning_rate_range_test.csv"), 1 << 20, DNN_E_IO, &text, &length) == DNN_OK);
    size_t lines = 0;
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
    dnn_free(text);
    /* 18 steps an epoch, 108 in all; from a rate of about 0.1 on the loss explodes */
    assert_on_all_ranks(comm, lines > 20 && lines < 108);
    assert_on_all_ranks(comm, train(comm, "range", callbacks, model, DNN_RESUME_AUTO) == DNN_OK); /* it has ended: nothing is added */
    assert_on_all_ranks(comm, dnn_file_read(in_folder("range/learning_rate_range_test.csv"), 1 << 20, DNN_E_IO, &text, &length) == DNN_OK);
    for (size_t i = 0; i < length; i++) lines -= text[i] == '\n';
    dnn_free(text);
    assert_on_all_ranks(comm, lines == 0);
}

static void a_file_of_weights_alone_predicts_and_cannot_be_gone_on_from(void **state)
{
    dnn_comm *comm = *state;
    const char *callbacks = "training.callbacks=[{model_checkpoint: {file: weights.h5, save_best_only: false, save_weights_only: true}}]";
    assert_on_all_ranks(comm, train(comm, "weights", callbacks, "training.epochs=2", DNN_RESUME_NONE) == DNN_OK);
    dnn_results whole, weights;
    dnn_apply_request request = { .model_file = in_folder("weights/model.h5"), .threads = 1, .part = DNN_VALIDATION };
    assert_on_all_ranks(comm, dnn_evaluate(comm, &request, &whole) == DNN_OK);
    request.model_file = in_folder("weights/weights.h5");
    assert_on_all_ranks(comm, dnn_evaluate(comm, &request, &weights) == DNN_OK);
    assert_on_all_ranks(comm, whole.count == 2 && weights.count == 2 && whole.values[0] == weights.values[0]);
    dnn_results_clear(&whole);
    dnn_results_clear(&weights);
    char output[600];
    snprintf(output, sizeof output, "output=%s", in_folder("weights"));
    const char *overrides[] = { output, "training.epochs=3" };
    const dnn_train_request on = { .run_file = in_folder("run.yaml"), .overrides = overrides, .n_overrides = 2, .threads = 1,
                                   .resume = DNN_RESUME_FILE, .resume_file = in_folder("weights/weights.h5") };
    assert_on_all_ranks(comm, dnn_train(comm, &on) == DNN_E_MODEL);
    assert_on_all_ranks(comm, strstr(dnn_fail_text(), "no optimizer state") != NULL);
}

static void a_rate_is_ruled_by_one_thing_only(void **state)
{
    dnn_comm *comm = *state;
    const char *decay = "training.optimizer={sgd: {learning_rate: {exponential_decay: {initial_learning_rate: 0.1, decay_steps: 5, decay_rate: 0.9}}}}";
    assert_on_all_ranks(comm, train(comm, "two", "training.callbacks=[reduce_lr_on_plateau]", decay, DNN_RESUME_NONE) == DNN_E_CONFIG);
    assert_on_all_ranks(comm, strstr(dnn_fail_text(), "reduce_lr_on_plateau: the optimizer's learning_rate has the schedule exponential_decay"));
    const char *both = "training.callbacks=[reduce_lr_on_plateau, {learning_rate_scheduler: {epochs: {0: 0.1}}}]";
    assert_on_all_ranks(comm, train(comm, "two", both, NULL, DNN_RESUME_NONE) == DNN_E_CONFIG);
    assert_on_all_ranks(comm, strstr(dnn_fail_text(), "reduce_lr_on_plateau sets the learning rate already"));
}

static void a_log_that_cannot_be_written_ends_the_training_on_all_ranks(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, train(comm, "unwritten", "training.callbacks=[{csv_logger: {filename: none/log.csv}}]", NULL, DNN_RESUME_NONE) == DNN_E_IO);
    assert_on_all_ranks(comm, strstr(dnn_fail_text(), "none/log.csv") != NULL);
}

int main(int argc, char **argv)
{
    dnn_comm *comm = NULL;
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK || runs_begin(comm, run_file) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_plateau_lowers_the_rate_of_the_epochs_after_it, comm),
        cmocka_unit_test_prestate(an_interruption_changes_neither_rates_nor_tables, comm),
        cmocka_unit_test_prestate(a_command_runs_once_an_epoch_whatever_the_number_of_ranks, comm),
        cmocka_unit_test_prestate(the_norms_of_many_ranks_are_those_of_one, comm),
        cmocka_unit_test_prestate(a_scheduler_sets_the_rate_of_each_epoch, comm),
        cmocka_unit_test_prestate(a_range_test_ends_within_an_epoch_at_the_same_step_whatever_interrupts_it, comm),
        cmocka_unit_test_prestate(a_file_of_weights_alone_predicts_and_cannot_be_gone_on_from, comm),
        cmocka_unit_test_prestate(a_rate_is_ruled_by_one_thing_only, comm),
        cmocka_unit_test_prestate(a_log_that_cannot_be_written_ends_the_training_on_all_ranks, comm),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return runs_end(comm, failed);
}
