/* The frame of this room's programs on several ranks: starts MPI, hands the ranks to every test as its state, sees to
 * it that all memory is given back on all ranks. */
#ifndef DNN_TESTS_COMM_MPI_MAIN_H
#define DNN_TESTS_COMM_MPI_MAIN_H

#include <stdlib.h>
#include <string.h>
#include "support/mpi_test.h"
#include "dnn/base/memory.h"

static dnn_comm *world;
static size_t balance_at_start;

static int hand_over_ranks(void **state)
{
    *state = world;
    balance_at_start = dnn_memory_balance();
    return 0;
}

static int memory_is_in_balance_on_all_ranks(void **state)
{
    (void)state;
    double left = (double)dnn_memory_balance() - (double)balance_at_start;
    dnn_comm_max(world, &left, 1);
    if (left > 0.0 && dnn_comm_rank(world) == 0) fprintf(stderr, "%.0f blocks are left on some rank\n", left);
    return left == 0.0 ? 0 : -1;
}

static inline int run_on_all_ranks(int argc, char **argv, const struct CMUnitTest *tests, size_t count)
{
    if (dnn_comm_start(&argc, &argv, &world) != DNN_OK) {
        fprintf(stderr, "%s\n", dnn_fail_text());
        return 1;
    }
    if (dnn_comm_rank(world) > 0 && !freopen("/dev/null", "w", stdout)) return 1; /* rank 0 alone lists the tests */
    const int failed =
        _cmocka_run_group_tests("comm", tests, count, hand_over_ranks, memory_is_in_balance_on_all_ranks);
    dnn_comm_finish(world);
    return failed;
}

#endif
