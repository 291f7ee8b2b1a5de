/** Teams, workers, shared memory. A team is the set of ranks that share one copy of the weights; a worker is a rank or
 * one of a rank's threads: one process with four threads and four ranks of one thread are the same arrangement. Workers
 * of a team are numbered by rank, then thread; all workers likewise over the teams in order. Memory of a window is seen
 * by every worker of the team. */
#ifndef DNN_COMM_TEAM_H
#define DNN_COMM_TEAM_H

#include "dnn/comm/comm.h"

typedef enum dnn_team_scope { DNN_TEAM_NODE, DNN_TEAM_NUMA, DNN_TEAM_RANK } dnn_team_scope;

typedef struct dnn_team dnn_team;

/** Collective. `threads` >= 1 workers in this rank (may differ between ranks). Threads are started here and
 * sleep until dnn_team_run. Where shared memory cannot be had, all ranks agree on DNN_TEAM_RANK and a warning says so.
 * Also warns (rank 0) where a launcher bound a rank to fewer cores than it has threads. */
dnn_status dnn_team_create(dnn_comm *comm, dnn_team_scope scope, int threads, dnn_team **out);
void dnn_team_destroy(dnn_team *team); /**< Collective */

dnn_comm *dnn_team_comm(const dnn_team *team);   /**< all ranks of all teams; may be NULL */
int dnn_team_threads(const dnn_team *team);      /**< workers in this rank */
int dnn_team_first_worker(const dnn_team *team); /**< number in the team of this rank's first worker */
int dnn_team_workers(const dnn_team *team);      /**< workers of this team */
int dnn_team_all_workers(const dnn_team *team);  /**< over all teams */
int dnn_team_first_of_all(const dnn_team *team); /**< number over all teams of this team's worker 0 */
/** Number over all teams of team `t`'s worker 0; `t` = count of teams: all workers. */
int dnn_team_first_worker_of(const dnn_team *team, int t);
int dnn_team_count(const dnn_team *team);  /**< teams */
int dnn_team_index(const dnn_team *team);  /**< which of them this is */
bool dnn_team_leads(const dnn_team *team); /**< this rank holds worker 0 of its team */
/** Processors that the ranks on this machine, of all teams, may use together. */
int dnn_team_cores(const dnn_team *team);
/** Workers on this machine, of all teams: more than cores is too many. */
int dnn_team_machine_workers(const dnn_team *team);

/** Runs `work(context, worker)` on every worker of this rank at once, the calling thread being the first; `worker` is
 * the number within the team. Returns when all have ended. No allocation. */
void dnn_team_run(dnn_team *team, void (*work)(void *context, int worker), void *context);
/** All workers of the team (all its ranks' threads) wait for each other. Spins briefly, then sleeps on a futex. What
 * was written before is seen by all after. */
void dnn_team_barrier(dnn_team *team);

/** Memory that all workers of the team see, zeroed, 64-byte aligned. Each rank has its own address of it. Collective
 * over all ranks of all teams, which get the same status; `bytes` are the same within a team. Where the machine has not
 * the space (checked first: MPI would grant it and the first write beyond be death by SIGBUS), fails with DNN_E_MEMORY
 * and a text with needed, left and the way out. */
/** Bytes that windows of this machine could take now. Local. */
double dnn_window_room(void);
typedef struct dnn_window {
    void *base;
    size_t bytes;
    void *handle;
} dnn_window;
dnn_status dnn_window_create(dnn_team *team, size_t bytes, dnn_window *out);
void dnn_window_destroy(dnn_team *team, dnn_window *window); /**< Collective */

/** Puts the teams' blocks side by side: `all` (shared in the team) holds at [offset of the team] what its team
 * wrote there; afterwards it is whole in every team. `offsets` [teams + 1] in bytes. Main thread of the rank that leads
 * its team alone calls it; the caller makes the barriers. Nothing happens with one team. */
void dnn_team_exchange_blocks(dnn_team *team, void *all, const size_t *offsets);

#ifndef DNN_COMM_INSIDE
#define dnn_team_create(...) DNN_WATCHED(dnn_team_create(__VA_ARGS__))
#define dnn_team_destroy(...) DNN_WATCHED(dnn_team_destroy(__VA_ARGS__))
#define dnn_team_barrier(...) DNN_WATCHED(dnn_team_barrier(__VA_ARGS__))
#define dnn_window_create(...) DNN_WATCHED(dnn_window_create(__VA_ARGS__))
#define dnn_window_destroy(...) DNN_WATCHED(dnn_window_destroy(__VA_ARGS__))
#define dnn_team_exchange_blocks(...) DNN_WATCHED(dnn_team_exchange_blocks(__VA_ARGS__))
#endif

#endif
