/** What the files of this room know of each other. */
#ifndef DNN_COMM_INTERNAL_H
#define DNN_COMM_INTERNAL_H

#include "dnn/comm/comm.h"
#include "dnn/comm/team.h"

/** True where there is anybody to talk to: neither NULL nor alone. */
static inline bool dnn_comm_many(const dnn_comm *comm) { return dnn_comm_size(comm) > 1; }

/** Every call that waits for other ranks stands between these two, so that the watchdogs of the machine know where each
 * rank is. Main threads alone. MPI is taken in between. `bytes`: of this rank's part, 0
 * where there are none. A few stores; no lock. */
void dnn_collective_begin(const char *what, size_t bytes);
void dnn_collective_end(void);
/** The collective this rank is in, NULL when in none. */
const char *dnn_collective_now(void);
/** The calling thread becomes the one that may call MPI. */
void dnn_collective_main(void);

/** MPI is for one thread at a time (MPI_THREAD_SERIALIZED): the main thread, or a pump (pump.h) while that one computes. A turn of the pump is short. */
void dnn_mpi_take(void);
bool dnn_mpi_try(void); /**< true: taken */
void dnn_mpi_leave(void);

/** Groups that are made from now on behave as on several hosts, or on one: for tests. */
void dnn_comm_pretend_hosts(dnn_comm *comm, bool several);

/** Ranks of `comm` that share memory with this one; `numa`: and a NUMA domain, as far as ranks are bound to
 * one. A NULL or lone `comm` gives NULL. Collective. */
dnn_status dnn_comm_split_machine(dnn_comm *comm, bool numa, dnn_comm **out);

/** Processors by number, as a set. */
typedef struct dnn_cores {
    uint64_t bits[128];
} dnn_cores;
/** Those this process may run on. Local. */
void dnn_cores_read(dnn_cores *out);
void dnn_cores_add(dnn_cores *to, const dnn_cores *from);
int dnn_cores_count(const dnn_cores *cores);
/** "mpirun --bind-to none" or what it is called by the launcher in use. Local. */
const char *dnn_launcher_unbind(void);
/** True in a job step of Slurm that offers no way (PMIx, PMI-2) for its processes to find each other:
 * `srun --mpi=none`. Local. */
bool dnn_launcher_is_bare_srun(void);
/** Ranks of the job on this machine, 0 where the launcher does not say. Local. */
int dnn_launcher_machine_ranks(void);
/** True where a launcher made several processes and MPI (of `mpi_size` ranks) knows of one only. Local. */
bool dnn_launcher_contradicts(int mpi_size);

/** Bytes that a new shared window may have on this machine: space left where MPI puts windows, and memory left.
 * `where` gets the folder or "memory", whichever is the shorter. 0 when no file can be made there. Local. */
double dnn_space_left(char *where, size_t size);
/** Notes in which folder MPI has put a window, for the next question. */
void dnn_space_learn(const void *window);

#endif
