/* Blocks of the teams side by side: what each team has, all get. */
#include <limits.h>
#include "comm/ranks.h"
#include "comm/sum.h"
#include "comm/team_internal.h"

/* MPI counts bytes and places in int: blocks beyond go one by one, in parts. */
static void exchange_large(dnn_team *team, char *all, const size_t *offsets)
{
    for (int i = 0; i < team->count; i++)
        dnn_comm_broadcast(team->across, all + offsets[i], offsets[i + 1] - offsets[i], i);
}

/* This team's block to one other, and a block from another, in messages that set out unasked, some of them at once. */
static void swap(const dnn_team *team, const char *mine, size_t bytes, int to, char *theirs, size_t their_bytes, int from)
{
    enum { AT_ONCE = 32 };
    MPI_Request requests[2 * AT_ONCE];
    const size_t piece = sum_piece(true), turn = AT_ONCE * piece;
    for (size_t at = 0; at < bytes || at < their_bytes; at += turn) {
        int n = 0;
        for (size_t i = at; i < at + turn && i < their_bytes; i += piece)
            MPI_Irecv(theirs + i, (int)(their_bytes - i < piece ? their_bytes - i : piece), MPI_BYTE, from, 0, team->across->mpi, &requests[n++]);
        for (size_t i = at; i < at + turn && i < bytes; i += piece)
            MPI_Isend(mine + i, (int)(bytes - i < piece ? bytes - i : piece), MPI_BYTE, to, 0, team->across->mpi, &requests[n++]);
        MPI_Waitall(n, requests, MPI_STATUSES_IGNORE);
    }
}

static bool long_ones(const dnn_team *team, const size_t *offsets)
{
    for (int i = 0; i < team->count; i++)
        if (offsets[i + 1] - offsets[i] > sum_piece(true)) return true;
    return false;
}

/* Between hosts, for the reason that sum.c has: MPI's own way takes twice as long. */
static void exchange_in_pieces(dnn_team *team, char *all, const size_t *offsets)
{
    const int p = team->count, me = team->index;
    dnn_collective_begin("exchange_blocks", offsets[p]);
    for (int d = 1; d < p; d++) {
        const int to = (me + d) % p, from = (me + p - d) % p;
        swap(team, all + offsets[me], offsets[me + 1] - offsets[me], to, all + offsets[from], offsets[from + 1] - offsets[from], from);
    }
    dnn_collective_end();
}

void dnn_team_exchange_blocks(dnn_team *team, void *all, const size_t *offsets)
{
    if (team->count == 1) return;
    DNN_ASSERT(dnn_team_leads(team));
    enum { FEW = 256 };
    if (team->across->several_hosts && long_ones(team, offsets)) {
        exchange_in_pieces(team, all, offsets);
        return;
    }
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
