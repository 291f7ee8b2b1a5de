/* A loss that is not finite ends the training with the rank that it came from, as far as that can be known. */
#include <math.h>
#include <stdlib.h>

#include "train/loop/trainer.h"
#include "trial.h"

static dnn_comm *comm;

#define NETWORK(layer, more) \
    "output: unused\ndata: {source: {moons: {n_samples: 240, noise: 0.1, random_state: 1}}}\n" \
    "model: {layers: [{dense: {units: 6}}, " layer ", {activation: relu}, {dense: {units: 1, activation: sigmoid}}]}\n" \
    "training: {loss: binary_crossentropy, batch_size: 24, optimizer: {sgd: {learning_rate: 0.1, momentum: 0.9}}}\n" more
#define NORM "batch_normalization"
#define PLAIN "{dropout: {rate: 0.1}}"

static const char *const networks[] = {
    NETWORK(PLAIN, ""), NETWORK(NORM, ""), NETWORK(PLAIN, "comm: {team: rank}\n"), NETWORK(NORM, "comm: {team: rank}\n"),
    NETWORK(PLAIN, "comm: {team: rank, overlap: always}\n"), NETWORK(NORM, "comm: {team: rank, overlap: always}\n"),
};
enum { NETWORKS = sizeof networks / sizeof *networks };

static bool says(trial *t, const char *words)
{
    char wanted[100];
    trainer ended = { .comm = comm, .run = t->run, .step = t->run.workers[0].step };
    const int last = dnn_comm_size(comm) - 1;
    snprintf(wanted, sizeof wanted, words, last);
    const dnn_status st = divergence_status(&ended);
    const bool said = st == DNN_E_DIVERGED && strstr(dnn_fail_text(), wanted);
    if (!said && dnn_comm_rank(comm) == 0) fprintf(stderr, "# \"%s\" is not in: %s\n", wanted, dnn_fail_text());
    return said;
}

/* As it is after a step in which the last rank's gradient was not finite: its own, and then all weights. */
static void the_rank_whose_gradient_was_not_finite_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < NETWORKS; i++) {
        trial t;
        assert_on_all_ranks(comm, trial_open(comm, networks[i], 1, &t) == DNN_OK && trial_steps(&t, 1, 3));
        if (dnn_comm_rank(comm) == dnn_comm_size(comm) - 1) t.run.workers[0].bays[0].shard.gradient[0] = NAN;
        if (dnn_team_leads(t.team)) t.run.weights[t.graph->segments.at[0].offset] = NAN;
        dnn_comm_barrier(comm);
        assert_on_all_ranks(comm, !trial_steps(&t, 1, 1) && says(&t, "since the gradient of rank %d was not"));
        trial_close(&t);
    }
}

/* Rows are checked when they are read; what augments them, or memory, may spoil them later. */
static void the_rank_whose_inputs_are_not_finite_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < NETWORKS; i++) {
        trial t;
        assert_on_all_ranks(comm, trial_open(comm, networks[i], 1, &t) == DNN_OK && trial_steps(&t, 1, 3));
        if (dnn_comm_rank(comm) == dnn_comm_size(comm) - 1) t.run.workers[0].bays[0].x[0][0] = INFINITY;
        t.run.workers[0].loss_is_finite = false;
        assert_on_all_ranks(comm, says(&t, "nor are the inputs of rank %d"));
        trial_close(&t);
    }
}

int main(int argc, char **argv)
{
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rank_whose_gradient_was_not_finite_is_named),
        cmocka_unit_test(the_rank_whose_inputs_are_not_finite_is_named),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dnn_comm_finish(comm);
    return failed;
}
