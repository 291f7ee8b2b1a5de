/* Blocks of the teams side by side: what each team has, all get. */
#include <limits.h>
#include "comm/ranks.h"
#include "comm/team_internal.h"

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
    dnn_collective_begin("exchange_blocks", offsets[team->count]);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all, counts, places, MPI_BYTE, team->across->mpi);
    dnn_collective_end();
}
