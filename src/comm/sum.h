/** One sum over the teams on its way: hop by hop, nothing waits. */
#ifndef DNN_COMM_SUM_H
#define DNN_COMM_SUM_H

#include <mpi.h>
#include <stdint.h>

#include "comm/hops.h"

/** What all sums of an exchange have in common. */
typedef struct sum_ways {
    MPI_Comm mpi; /**< the same places of all teams */
    int team, teams, n_hops;
    hop hops[HOPS_MOST];
    bool halves;  /**< values travel as bfloat16 */
    size_t piece; /**< bytes of a message at most: sum_piece */
} sum_ways;

typedef struct sum {
    float *values;
    size_t count;
    void *travels;         /**< [count] what goes over the wire: the values themselves, or halves of them */
    void *scratch;         /**< [sum_scratch] what comes and is to be added */
    MPI_Request *requests; /**< [sum_requests] */
    int tag, hop;          /**< hop == n_hops: done */
    int posted, arrived;   /**< requests of this hop */
} sum;

/** What messages between teams are cut into, where some are on other machines, and where none is. */
size_t sum_piece(bool several_hosts);
/** Room that a sum of `count` values needs: elements, requests. Local. */
size_t sum_scratch(const sum_ways *w, size_t count);
size_t sum_requests(const sum_ways *w, size_t count);
/** Sets out; `s` has its first five fields and its tag. */
void sum_begin(const sum_ways *w, sum *s);
/** Moves on as far as can be without waiting; true when anything has come or gone. At hop n_hops the sum is in the values. */
bool sum_advance(const sum_ways *w, sum *s);

#endif
