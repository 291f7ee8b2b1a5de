/* What moves from epoch to epoch and from phase to phase, all of it together: frozen layers, averages, accumulated gradients, schedules, plateaus, noise,
 * class weights, the best weights kept by one value and the best model by another. */
#include "train/runs.h"

/* 5 steps an epoch, 3 to an update: gradients of steps are left over where the first phase ends. Nothing is drawn by the number of a step, so that a phase
 * can be a training of its own. */
#define FIRST "{adam: {learning_rate: 0.02, gradient_accumulation_steps: 3, use_ema: true, ema_momentum: 0.8, ema_overwrite_frequency: 2}}"
#define SECOND "{sgd: {learning_rate: {one_cycle: {max_rate: 0.1, cycle_momentum: true}}, momentum: 0.9, global_clipnorm: 0.5, use_ema: true}}"
static const char *const run_file =
    "seed: 4\noutput: unset\n"
    "data: {source: {blobs: {n_samples: 200, centers: 3, n_features: 4, cluster_std: 4.0, random_state: 5}}, split: {validation: 40}}\n"
    "model: {layers: [{dense: {units: 8, name: low}}, batch_normalization, {activation: relu}, {dense: {units: 3, activation: softmax, name: top}}]}\n"
    "training:\n  loss: sparse_categorical_crossentropy\n  metrics: [accuracy]\n  batch_size: 32\n  shards: 4\n  shuffle: false\n  log_every: 1\n"
    "  optimizer: " FIRST "\n"
    "  phases: [{epochs: 3, freeze: [low]}, {epochs: 4, optimizer: " SECOND "}]\n"
    "  callbacks: [{early_stopping: {monitor: val_accuracy, patience: 2, restore_best_weights: true}}]\n";

/* All that is drawn, and saves in between. The model that is best by accuracy is another than the one that is best by loss. */
static const char *const noisy[] = {
    "training={loss: sparse_categorical_crossentropy, metrics: [accuracy], batch_size: 32, shards: 4, log_every: 1, class_weights: balanced, "
    "weight_noise: {stddev: 0.01}, gradient_noise: {stddev: 0.05}, label_noise: 0.1, phases: [{epochs: 3, freeze: [low], optimizer: {adam: {learning_rate: 0.05, "
    "use_ema: true}}}, {epochs: 3, optimizer: {sgd: {learning_rate: 0.3, momentum: 0.5, gradient_accumulation_steps: 3, use_ema: true, clipnorm: 1.0}}}], "
    "callbacks: [{early_stopping: {monitor: val_loss, patience: 20, restore_best_weights: true}}, {model_checkpoint: {monitor: accuracy}}, "
    "{reduce_lr_on_plateau: {patience: 1, factor: 0.5, min_delta: 0.05}}]}",
    "checkpoint={every: {steps: 7, epochs: 3}, keep: 100}",
};
enum { NOISY = sizeof noisy / sizeof *noisy };

static bool succeeds(dnn_comm *comm, const char *output, const char *const *more, size_t n)
{
    const dnn_status st = runs_with(comm, output, DNN_RESUME_NONE, NULL, more, n);
    if (st != DNN_OK && dnn_comm_rank(comm) == 0) fprintf(stderr, "# %s: %s\n", output, dnn_fail_text());
    return st == DNN_OK;
}

/* The first ranks of `comm` alone. */
static bool succeeds_on(dnn_comm *comm, int ranks, const char *output, const char *const *more, size_t n)
{
    dnn_comm *part = NULL;
    if (dnn_comm_split(comm, dnn_comm_rank(comm) < ranks ? 0 : -1, &part) != DNN_OK) return false;
    const bool good = dnn_comm_rank(comm) >= ranks || succeeds(part, output, more, n);
    dnn_comm_destroy(part);
    dnn_comm_barrier(comm);
    return good;
}

/* What the second begins from is what the first ended with: its average, or the weights that it restored. */
static bool is_two_trainings(dnn_comm *comm, const char *callbacks)
{
    char weights[700];
    snprintf(weights, sizeof weights, "model.weights=%s", in_folder("first/model.h5"));
    const char *const both[] = { callbacks };
    const char *const first[] = { callbacks, "training.phases=null", "training.epochs=3", "model.layers.0.dense.trainable=false" };
    const char *const second[] = { callbacks, "training.phases=null", "training.epochs=4", "training.optimizer=" SECOND, weights };
    const bool good = succeeds(comm, "both", both, 1) && succeeds(comm, "first", first, 4) && succeeds(comm, "second", second, 5);
    return good && !same_arrays(in_folder("both/model.h5"), in_folder("first/model.h5")) &&
           arrays_differ(in_folder("both/model.h5"), in_folder("second/model.h5"), true) == 0.0;
}

static void phases_are_trainings_one_after_the_other(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, is_two_trainings(comm, "training.callbacks=[]"));
    assert_on_all_ranks(comm, is_two_trainings(comm, "training.callbacks=[{early_stopping: {monitor: val_accuracy, patience: 2, restore_best_weights: true}}]"));
}

static void whatever_is_drawn_and_kept_is_the_same_at_any_number_of_ranks(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, succeeds_on(comm, 1, "alone", noisy, NOISY) && succeeds(comm, "noisy", noisy, NOISY));
    assert_on_all_ranks(comm, same_bytes(in_folder("alone/steps.csv"), in_folder("noisy/steps.csv")));
    assert_on_all_ranks(comm, same_arrays(in_folder("alone/model.h5"), in_folder("noisy/model.h5")));
    assert_on_all_ranks(comm, same_arrays(in_folder("alone/best.h5"), in_folder("noisy/best.h5")));
    assert_on_all_ranks(comm, !same_arrays(in_folder("alone/best.h5"), in_folder("alone/model.h5")));
}

/* Within an update and between two, around the borders of epochs and of phases. */
static void it_goes_on_from_any_step_as_if_nothing_had_been(void **state)
{
    dnn_comm *comm = *state;
    static const int steps[] = { 7, 14, 15, 21 };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char from[600];
        snprintf(from, sizeof from, "%s", checkpoint("alone", steps[i]));
        const dnn_status st = runs_with(comm, "noisy", DNN_RESUME_FILE, from, (const char *const[]){ noisy[0], "checkpoint.every={epochs: 100}" }, 2);
        if (st != DNN_OK && dnn_comm_rank(comm) == 0) fprintf(stderr, "# from step %d: %s\n", steps[i], dnn_fail_text());
        assert_on_all_ranks(comm, st == DNN_OK && same_arrays(in_folder("alone/model.h5"), in_folder("noisy/model.h5")));
        assert_on_all_ranks(comm, same_bytes(in_folder("alone/steps.csv"), in_folder("noisy/steps.csv")));
    }
}

/* Each team has a copy of its own of all that moves; with a sentinel at each step a difference would end the training. */
static void teams_of_one_rank_take_the_same_course(void **state)
{
    dnn_comm *comm = *state;
    const char *const exact[] = { "comm={team: rank, sentinel: 1}" };
    const char *const fast[] = { "comm={team: rank, sentinel: 1}", "training.shards=auto" };
    const char *const overlapping[] = { "comm={team: rank, sentinel: 1, overlap: always}", "training.shards=auto" };
    assert_on_all_ranks(comm, succeeds_on(comm, 1, "one", NULL, 0));
    assert_on_all_ranks(comm, succeeds(comm, "exact", exact, 1) && same_arrays(in_folder("one/model.h5"), in_folder("exact/model.h5")));
    assert_on_all_ranks(comm, succeeds(comm, "fast", fast, 2) && arrays_differ(in_folder("one/model.h5"), in_folder("fast/model.h5"), false) < 1e-4);
    assert_on_all_ranks(comm, succeeds(comm, "over", overlapping, 2) && arrays_differ(in_folder("one/model.h5"), in_folder("over/model.h5"), false) < 1e-4);
}

int main(int argc, char **argv)
{
    dnn_comm *comm = NULL;
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK || runs_begin(comm, run_file) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(phases_are_trainings_one_after_the_other, comm),
        cmocka_unit_test_prestate(whatever_is_drawn_and_kept_is_the_same_at_any_number_of_ranks, comm),
        cmocka_unit_test_prestate(it_goes_on_from_any_step_as_if_nothing_had_been, comm),
        cmocka_unit_test_prestate(teams_of_one_rank_take_the_same_course, comm),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return runs_end(comm, failed);
}
