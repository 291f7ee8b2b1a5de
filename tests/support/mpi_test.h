/* For cmocka programs that run on several ranks: a bare assertion failing on one rank would leave the others waiting, so verdicts
 * are reduced first and every rank asserts the same. */
#ifndef DNN_TESTS_MPI_TEST_H
#define DNN_TESTS_MPI_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "dnn/comm/comm.h"

#define assert_on_all_ranks(comm, condition) dnn_assert_on_all_ranks((comm), (condition), #condition, __FILE__, __LINE__)

static inline void dnn_assert_on_all_ranks(dnn_comm *comm, bool verdict, const char *text, const char *file, int line)
{
    double failed = verdict ? 0.0 : 1.0;
    if (!verdict) fprintf(stderr, "rank %d: %s:%d: %s\n", dnn_comm_rank(comm), file, line, text);
    dnn_comm_max(comm, &failed, 1);
    _assert_true(failed == 0.0, text, file, line);
}

#endif
