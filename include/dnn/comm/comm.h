/** Ranks. Every call of MPI is in this room. A NULL `dnn_comm` is one rank without MPI, so that
 * the library and its tests work without a launcher. MPI's own failures end the job (status 70),
 * therefore what only communicates returns void. Main threads alone call what is marked Collective. */
#ifndef DNN_COMM_COMM_H
#define DNN_COMM_COMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "dnn/base/status.h"
#include "dnn/comm/watch.h"

typedef struct dnn_comm dnn_comm;

/** Starts MPI (MPI_THREAD_SERIALIZED) and takes all ranks. Collective. Sets the panic hook to MPI_Abort with
 * status 70. Without mpirun: one rank. Once per process. Fails with DNN_E_RANKS where a launcher made several processes
 * but MPI does not bring them together (`srun` without `--mpi=pmix`); MPI then is not running. */
dnn_status dnn_comm_start(int *argc, char ***argv, dnn_comm **out);
/** Frees it and ends MPI. Collective. NULL is fine. */
void dnn_comm_finish(dnn_comm *comm);
/** Takes all ranks down at once with `status`; for what cannot be agreed on. */
_Noreturn void dnn_comm_abort(dnn_comm *comm, dnn_status status);
/** The ranks of equal `color`, ordered by rank; a negative color joins none and gets NULL. Collective. Destroy
 * before the parent. */
dnn_status dnn_comm_split(dnn_comm *comm, int color, dnn_comm **out);
void dnn_comm_destroy(dnn_comm *comm); /**< Collective over its ranks; NULL is fine */

int dnn_comm_rank(const dnn_comm *comm);         /**< 0 for NULL */
int dnn_comm_size(const dnn_comm *comm);         /**< 1 for NULL */
bool dnn_comm_several_hosts(const dnn_comm *comm); /**< whether the job has; false for NULL */
const char *dnn_comm_host(const dnn_comm *comm); /**< this machine's name, without domain */
/** The rank the launcher gave in the environment (OMPI_COMM_WORLD_RANK, PMIX_RANK, SLURM_PROCID …), before or
 * without MPI; 0 where there is none. Commands that never start MPI act on launcher rank 0 only. Local. */
int dnn_launcher_rank(void);
/** Ranks the launcher says there are; 1 where it says nothing. Local. */
int dnn_launcher_size(void);
/** "Open MPI v4.1.4": the MPI library, one line, before or without MPI. Local. */
const char *dnn_comm_version(void);
/** Processors this process may run on (its affinity, which launchers set). Local. */
int dnn_comm_cores(void);
/** Which: "0-3,8"; cut with "…" where `out` is too short. Local. */
void dnn_comm_core_list(char *out, size_t size);

/* Collective over `comm`; the same arguments in size on all ranks. */
void dnn_comm_barrier(dnn_comm *comm);
void dnn_comm_broadcast(dnn_comm *comm, void *data, size_t bytes, int root);
/** `root` passes a block; the others get one of the same size from dnn_alloc (NUL behind it, not counted). */
dnn_status dnn_comm_broadcast_block(dnn_comm *comm, void **data, size_t *bytes, int root);
void dnn_comm_sum(dnn_comm *comm, double *values, size_t count); /**< in place, same bits on all ranks */
void dnn_comm_max(dnn_comm *comm, double *values, size_t count);
/** `all` [size, bytes]: what each rank passed, in rank order. */
void dnn_comm_gather(dnn_comm *comm, const void *mine, size_t bytes, void *all);
/** True on all ranks if all pass the same bytes; `bytes` may differ (then false). */
bool dnn_comm_same(dnn_comm *comm, const void *mine, size_t bytes);

/* Each call notes where it stands, for the watchdog's message. */
#ifndef DNN_COMM_INSIDE
#define dnn_comm_split(...) DNN_WATCHED(dnn_comm_split(__VA_ARGS__))
#define dnn_comm_destroy(...) DNN_WATCHED(dnn_comm_destroy(__VA_ARGS__))
#define dnn_comm_barrier(...) DNN_WATCHED(dnn_comm_barrier(__VA_ARGS__))
#define dnn_comm_broadcast(...) DNN_WATCHED(dnn_comm_broadcast(__VA_ARGS__))
#define dnn_comm_broadcast_block(...) DNN_WATCHED(dnn_comm_broadcast_block(__VA_ARGS__))
#define dnn_comm_sum(...) DNN_WATCHED(dnn_comm_sum(__VA_ARGS__))
#define dnn_comm_max(...) DNN_WATCHED(dnn_comm_max(__VA_ARGS__))
#define dnn_comm_gather(...) DNN_WATCHED(dnn_comm_gather(__VA_ARGS__))
#define dnn_comm_same(...) DNN_WATCHED(dnn_comm_same(__VA_ARGS__))
#endif

#endif
