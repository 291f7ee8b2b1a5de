/* Memory seen by all ranks of a team. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "comm/ranks.h"
#include "comm/team_internal.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"

enum {
    LINE = 64,
    SLACK = 1 << 20,   /* the library's own part in each window */
    SEGMENT = 5 << 20, /* its segment for messages (btl vader), a rank: sparse too, and in the same place */
};

/* Windows of all teams of a machine lie in one file system: it must hold their sum. */
static dnn_status check_space(dnn_team *team, size_t bytes)
{
    const bool asks = dnn_comm_many(team->ranks) && team->ranks->rank == 0;
    double need = asks ? (double)bytes + SLACK : 0.0;
    dnn_comm_sum(team->machine, &need, 1);
    if (dnn_comm_rank(team->machine) != 0 || need == 0.0) return DNN_OK;
    need += (double)SEGMENT * dnn_comm_size(team->machine);
    char where[4096];
    const double left = dnn_space_left(where, sizeof where);
    if (need <= left) return DNN_OK;
    return dnn_fail(
        DNN_E_MEMORY,
        "shared memory: %.1f MB needed, %.1f MB left in %s: make room there, or give each rank its own copy "
        "with `comm.team: rank`",
        need / 1e6, left / 1e6, where);
}

/* Takes the pages of this rank's part now, near the rank that will work on them, and while a lack of them is an error
 * code and not yet a signal. */
static dnn_status take_pages(const dnn_comm *ranks, char *base, size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), parts = (size_t)ranks->size, part = (size_t)ranks->rank;
    const size_t pages = (bytes + page - 1) / page;
    char *from = base + pages * part / parts * page, *to = base + pages * (part + 1) / parts * page;
    if (to > base + bytes) to = base + bytes;
    if (from >= to) return DNN_OK;
#ifdef MADV_POPULATE_WRITE
    char *aligned = (char *)((uintptr_t)from & ~(uintptr_t)(page - 1));
    if (madvise(aligned, (size_t)(to - aligned), MADV_POPULATE_WRITE) == 0) return DNN_OK;
    if (errno != EINVAL) /* EINVAL: a kernel before 5.14 */
        return dnn_fail(DNN_E_MEMORY,
                        "shared memory: the machine ran out of it while %.1f MB were being taken: %s: give each rank "
                        "its own copy with `comm.team: rank`",
                        (double)bytes / 1e6, strerror(errno));
#endif
    memset(from, 0, (size_t)(to - from));
    return DNN_OK;
}

double dnn_window_room(void)
{
    char where[4096];
    return dnn_space_left(where, sizeof where);
}

static dnn_status allocate(dnn_team *team, size_t bytes, dnn_window *out)
{
    MPI_Win *win = dnn_alloc(1, sizeof *win);
    double missing = win ? 0.0 : 1.0;
    dnn_comm_max(team->ranks, &missing, 1);
    if (missing > 0.0) {
        dnn_free(win);
        return DNN_E_MEMORY;
    }
    void *base;
    MPI_Aint size;
    int unit;
    dnn_collective_begin("window", bytes);
    /* Rank 0 takes all; Open MPI's blocks are not aligned to a line, so there is room to move. Errors stay fatal: where
     * Open MPI 4.1 fails to make the file it returns on rank 0 and leaves the others waiting. */
    const MPI_Aint mine = team->ranks->rank == 0 ? (MPI_Aint)bytes + LINE : 0;
    MPI_Win_allocate_shared(mine, 1, MPI_INFO_NULL, team->ranks->mpi, &base, win);
    MPI_Win_shared_query(*win, 0, &size, &unit, &base);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, *win); /* plain loads and stores from here on */
    dnn_collective_end();
    dnn_space_learn(base);
    /* Rank 0 says how far in: all map whole pages, yet a rank must not trust that its own remainder is the same. */
    uint64_t skip = (LINE - (uintptr_t)base % LINE) % LINE;
    dnn_comm_broadcast(team->ranks, &skip, sizeof skip, 0);
    out->base = (char *)base + skip;
    out->bytes = bytes;
    out->handle = win;
    DNN_ASSERT((uintptr_t)out->base % LINE == 0);
    return take_pages(team->ranks, out->base, bytes);
}

static void release(dnn_window *window)
{
    if (window->handle) {
        MPI_Win *win = window->handle;
        dnn_collective_begin("window_free", 0);
        MPI_Win_unlock_all(*win);
        MPI_Win_free(win);
        dnn_collective_end();
        dnn_free(win);
    } else {
        dnn_free(window->base);
    }
    *window = (dnn_window){0};
}

dnn_status dnn_window_create(dnn_team *team, size_t bytes, dnn_window *out)
{
    *out = (dnn_window){0};
    const bool alone = !dnn_comm_many(team->ranks);
    dnn_status mine = DNN_OK;
    if (dnn_team_shares(team)) mine = check_space(team, bytes);
    if (alone && mine == DNN_OK) {
        out->base = dnn_alloc_aligned(bytes ? bytes : LINE);
        out->bytes = bytes;
        if (!out->base) mine = DNN_E_MEMORY;
    }
    dnn_status st = dnn_agree(team->comm, mine);
    if (dnn_team_shares(team) && st == DNN_OK) {
        mine = alone ? DNN_OK : allocate(team, bytes ? bytes : LINE, out);
        st = dnn_agree(team->comm, mine);
    }
    if (st != DNN_OK)
        dnn_window_destroy(team, out);
    else
        out->bytes = bytes;
    return st;
}

void dnn_window_destroy(dnn_team *team, dnn_window *window)
{
    (void)team;
    if (window->base) release(window);
}
