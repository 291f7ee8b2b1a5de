/* What teams say to each other: the k-th ranks of all teams carry the k-th slice. */
#include <limits.h>
#include "comm/ranks.h"
#include "comm/team_internal.h"

enum { ALIGN = 16, PART = 1 << 28 }; /* floats: a cache line; a call */

static size_t slice_start(size_t count, int slice, int slices)
{
    if (slice == slices) return count;
    return count / ALIGN * (size_t)slice / (size_t)slices * ALIGN;
}

void dnn_team_exchange_sum(dnn_team *team, float *values, size_t count)
{
    if (!dnn_comm_many(team->across)) return;
    const size_t end = slice_start(count, team->place + 1, team->places);
    dnn_collective_begin("exchange_sum");
    for (size_t at = slice_start(count, team->place, team->places); at < end; at += PART)
        MPI_Allreduce(MPI_IN_PLACE, values + at, (int)(end - at < PART ? end - at : PART), MPI_FLOAT, MPI_SUM,
                      team->across->mpi);
    dnn_collective_end();
}

/* MPI counts bytes and places in int: blocks beyond go one by one, in parts. */
static void exchange_large(dnn_team *team, char *all, const size_t *offsets)
{
    for (int i = 0; i < team->count; i++)
        dnn_comm_broadcast(team->across, all + offsets[i], offsets[i + 1] - offsets[i], i);
}

void dnn_team_exchange_blocks(dnn_team *team, void *all, const size_t *offsets)
{
    if (team->count == 1) return;
    DNN_ASSERT(dnn_team_leads(team));
    enum { FEW = 256 };
    if (team->count > FEW || offsets[team->count] > INT_MAX) {
        exchange_large(team, all, offsets);
        return;
    }
    int counts[FEW], places[FEW];
    for (int i = 0; i < team->count; i++) {
        places[i] = (int)offsets[i];
        counts[i] = (int)(offsets[i + 1] - offsets[i]);
    }
    dnn_collective_begin("exchange_blocks");
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all, counts, places, MPI_BYTE, team->across->mpi);
    dnn_collective_end();
}
