/* What a step says to other ranks: nothing within a team, and between teams every gradient once there and once back. Counted where MPI is called: these
 * stand in for MPI's functions, which can also be called by their other names (MPI 3.1, 14.2). */
#include "trial.h"

#include <mpi.h>
#include <stdatomic.h>

static dnn_comm *comm;
static atomic_size_t messages, bytes, gathers, others;

int MPI_Isend(const void *from, int count, MPI_Datatype type, int to, int tag, MPI_Comm c, MPI_Request *request)
{
    int size;
    MPI_Type_size(type, &size);
    messages++;
    bytes += (size_t)count * (size_t)size;
    return PMPI_Isend(from, count, type, to, tag, c, request);
}

int MPI_Allgatherv(const void *from, int count, MPI_Datatype type, void *to, const int counts[], const int places[], MPI_Datatype to_type, MPI_Comm c)
{
    gathers++;
    return PMPI_Allgatherv(from, count, type, to, counts, places, to_type, c);
}

int MPI_Allreduce(const void *from, void *to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm c)
{
    others++;
    return PMPI_Allreduce(from, to, count, type, op, c);
}

int MPI_Allgather(const void *from, int count, MPI_Datatype type, void *to, int to_count, MPI_Datatype to_type, MPI_Comm c)
{
    others++;
    return PMPI_Allgather(from, count, type, to, to_count, to_type, c);
}

int MPI_Bcast(void *data, int count, MPI_Datatype type, int root, MPI_Comm c)
{
    others++;
    return PMPI_Bcast(data, count, type, root, c);
}

int MPI_Barrier(MPI_Comm c)
{
    others++;
    return PMPI_Barrier(c);
}

typedef struct traffic { double messages, bytes, gathers, others; } traffic; /* of all ranks, a step */

#define RUN(more)                                                                                                                       \
    "seed: 3\noutput: unused\n"                                                                                                        \
    "data: {source: {blobs: {n_samples: 200, centers: 4, n_features: 60, random_state: 5}}}\n"                                         \
    "model: {layers: [{dense: {units: 96, activation: relu}}, batch_normalization, {dense: {units: 16, activation: softmax}}]}\n"       \
    "training: {loss: sparse_categorical_crossentropy, metrics: [accuracy], batch_size: 20, optimizer: adam}\n" more

/* Whole cache lines, so that none is sent but the weights, in two stretches: the moving statistics between them are nobody's gradient. */
enum { STEPS = 5, WEIGHTS = 60 * 96 + 96 + 2 * 96 + 96 * 16 + 16, STRETCHES = 2 };

static traffic of_a_step(const char *text, int threads)
{
    trial t;
    assert_on_all_ranks(comm, trial_open(comm, text, threads, &t) == DNN_OK);
    assert_on_all_ranks(comm, trial_steps(&t, 1, STEPS));
    dnn_comm_barrier(comm);
    messages = bytes = gathers = others = 0;
    const bool finite = trial_steps(&t, 2, STEPS);
    double seen[] = { (double)messages, (double)bytes, (double)gathers, (double)others };
    assert_on_all_ranks(comm, finite);
    dnn_comm_sum(comm, seen, 4);
    trial_close(&t);
    return (traffic){ seen[0] / STEPS, seen[1] / STEPS, seen[2] / STEPS, seen[3] / STEPS };
}

static void ranks_of_a_team_call_mpi_for_nothing_in_a_step(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        const traffic t = of_a_step(RUN(""), threads);
        assert_on_all_ranks(comm, t.messages == 0 && t.bytes == 0 && t.gathers == 0 && t.others == 0);
    }
}

/* Of n values every team sends (p - 1) / p twice. Records meet once, sums of batch norm once forward and once backward. */
static void teams_send_each_gradient_once_there_and_once_back_and_meet_as_often_as_layers_ask(void **state)
{
    (void)state;
    const double p = dnn_comm_size(comm);
    for (int threads = 1; threads <= 2; threads++) {
        const traffic t = of_a_step(RUN("comm: {team: rank}\n"), threads);
        assert_on_all_ranks(comm, t.bytes == 2 * (p - 1) * WEIGHTS * sizeof(float));
        assert_on_all_ranks(comm, t.messages == STRETCHES * (p == 1 ? 0 : p == 2 ? 2 : p * 2 * (p - 1))); /* two send each other all they have */
        assert_on_all_ranks(comm, t.gathers == (p > 1 ? 3 * p : 0));
        assert_on_all_ranks(comm, t.others == 0);
    }
}

static void bfloat16_halves_the_bytes(void **state)
{
    (void)state;
    const double p = dnn_comm_size(comm);
    const traffic t = of_a_step(RUN("comm: {team: rank, compression: bfloat16}\n"), 1);
    assert_on_all_ranks(comm, t.bytes == (p - 1) * WEIGHTS * sizeof(float));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_of_a_team_call_mpi_for_nothing_in_a_step),
        cmocka_unit_test(teams_send_each_gradient_once_there_and_once_back_and_meet_as_often_as_layers_ask),
        cmocka_unit_test(bfloat16_halves_the_bytes),
    };
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK) return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dnn_comm_finish(comm);
    return failed;
}
