/* Groups of ranks and what they say to each other. MPI counts in int, memory in size_t: long messages go in parts. */
#include <string.h>
#include "comm/ranks.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"

enum { PART = 1 << 30 }; /* bytes or elements in one call */

int dnn_comm_rank(const dnn_comm *comm) { return comm ? comm->rank : 0; }
int dnn_comm_size(const dnn_comm *comm) { return comm ? comm->size : 1; }
void dnn_comm_pretend_hosts(dnn_comm *comm, bool several) { if (comm) comm->several_hosts = several; }
bool dnn_comm_several_hosts(const dnn_comm *comm) { return comm && comm->several_hosts; }

/* Takes a new MPI communicator over; MPI_COMM_NULL where this rank is in none. */
static void adopt(dnn_comm *child, const dnn_comm *parent, MPI_Comm mpi, dnn_comm **out)
{
    *out = NULL;
    if (mpi == MPI_COMM_NULL) {
        dnn_free(child);
        return;
    }
    *child = (dnn_comm){.mpi = mpi, .job_rank = parent->job_rank, .several_hosts = parent->several_hosts};
    MPI_Comm_rank(mpi, &child->rank);
    MPI_Comm_size(mpi, &child->size);
    *out = child;
}

dnn_status dnn_comm_split(dnn_comm *comm, int color, dnn_comm **out)
{
    *out = NULL;
    if (!comm) return DNN_OK;
    dnn_comm *child = dnn_alloc(1, sizeof *child);
    const dnn_status st = dnn_agree(comm, child ? DNN_OK : DNN_E_MEMORY);
    if (st != DNN_OK) {
        dnn_free(child);
        return st;
    }
    MPI_Comm mpi;
    dnn_collective_begin("comm_split", 0);
    MPI_Comm_split(comm->mpi, color >= 0 ? color : MPI_UNDEFINED, comm->rank, &mpi);
    dnn_collective_end();
    adopt(child, comm, mpi, out);
    return DNN_OK;
}

dnn_status dnn_comm_split_machine(dnn_comm *comm, bool numa, dnn_comm **out)
{
    *out = NULL;
    if (!dnn_comm_many(comm)) return DNN_OK;
    dnn_comm *child = dnn_alloc(1, sizeof *child);
    const dnn_status st = dnn_agree(comm, child ? DNN_OK : DNN_E_MEMORY);
    if (st != DNN_OK) {
        dnn_free(child);
        return st;
    }
    int type = MPI_COMM_TYPE_SHARED;
#ifdef OPEN_MPI
    if (numa) type = OMPI_COMM_TYPE_NUMA;
#else
    (void)numa; /* MPI itself has no name for it */
#endif
    MPI_Comm mpi;
    dnn_collective_begin("comm_split_machine", 0);
    MPI_Comm_split_type(comm->mpi, type, comm->rank, MPI_INFO_NULL, &mpi);
    dnn_collective_end();
    adopt(child, comm, mpi, out);
    return DNN_OK;
}

void dnn_comm_destroy(dnn_comm *comm)
{
    if (!comm) return;
    dnn_collective_begin("comm_destroy", 0);
    MPI_Comm_free(&comm->mpi);
    dnn_collective_end();
    dnn_free(comm);
}

void dnn_comm_barrier(dnn_comm *comm)
{
    if (!dnn_comm_many(comm)) return;
    dnn_collective_begin("barrier", 0);
    MPI_Barrier(comm->mpi);
    dnn_collective_end();
}

void dnn_comm_broadcast(dnn_comm *comm, void *data, size_t bytes, int root)
{
    if (!dnn_comm_many(comm)) return;
    dnn_collective_begin("broadcast", bytes);
    for (size_t at = 0; at < bytes; at += PART)
        MPI_Bcast((char *)data + at, (int)(bytes - at < PART ? bytes - at : PART), MPI_BYTE, root, comm->mpi);
    dnn_collective_end();
}

dnn_status dnn_comm_broadcast_block(dnn_comm *comm, void **data, size_t *bytes, int root)
{
    if (!dnn_comm_many(comm)) return DNN_OK;
    const bool mine = comm->rank == root;
    uint64_t size = mine ? *bytes : 0;
    dnn_comm_broadcast(comm, &size, sizeof size, root);
    void *block = mine ? *data : dnn_alloc(1, (size_t)size + 1);
    const dnn_status st = dnn_agree(comm, block || mine ? DNN_OK : DNN_E_MEMORY);
    if (st != DNN_OK) {
        if (!mine) dnn_free(block);
        return st;
    }
    dnn_comm_broadcast(comm, block, (size_t)size, root);
    *data = block;
    *bytes = (size_t)size;
    return DNN_OK;
}

static void reduce(dnn_comm *comm, double *values, size_t count, MPI_Op op, const char *what)
{
    if (!dnn_comm_many(comm)) return;
    dnn_collective_begin(what, count * sizeof *values);
    for (size_t at = 0; at < count; at += PART)
        MPI_Allreduce(MPI_IN_PLACE, values + at, (int)(count - at < PART ? count - at : PART), MPI_DOUBLE, op,
                      comm->mpi);
    dnn_collective_end();
}

void dnn_comm_sum(dnn_comm *comm, double *values, size_t count) { reduce(comm, values, count, MPI_SUM, "sum"); }
void dnn_comm_max(dnn_comm *comm, double *values, size_t count) { reduce(comm, values, count, MPI_MAX, "max"); }

void dnn_comm_gather(dnn_comm *comm, const void *mine, size_t bytes, void *all)
{
    if (!dnn_comm_many(comm)) {
        if (bytes) memcpy(all, mine, bytes);
        return;
    }
    if (bytes <= PART) {
        dnn_collective_begin("gather", bytes);
        MPI_Allgather(mine, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, comm->mpi);
        dnn_collective_end();
        return;
    }
    memcpy((char *)all + (size_t)comm->rank * bytes, mine, bytes);
    for (int rank = 0; rank < comm->size; rank++)
        dnn_comm_broadcast(comm, (char *)all + (size_t)rank * bytes, bytes, rank);
}

bool dnn_comm_same(dnn_comm *comm, const void *mine, size_t bytes)
{
    if (!dnn_comm_many(comm)) return true;
    /* Sizes first: parts that do not match in number would never end. */
    double sizes[2] = {(double)bytes, -(double)bytes};
    dnn_comm_max(comm, sizes, 2);
    if (sizes[0] != -sizes[1]) return false;
    double differs = 0.0;
    char theirs[8192];
    for (size_t at = 0; at < bytes; at += sizeof theirs) {
        const size_t n = bytes - at < sizeof theirs ? bytes - at : sizeof theirs;
        if (comm->rank == 0) memcpy(theirs, (const char *)mine + at, n);
        dnn_comm_broadcast(comm, theirs, n, 0);
        if (memcmp(theirs, (const char *)mine + at, n) != 0) differs = 1.0;
    }
    dnn_comm_max(comm, &differs, 1);
    return differs == 0.0;
}
