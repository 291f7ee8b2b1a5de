/** What a team consists of. */
#ifndef DNN_COMM_TEAM_INTERNAL_H
#define DNN_COMM_TEAM_INTERNAL_H

#include "comm/barrier.h"
#include "comm/internal.h"
#include "comm/threads.h"

struct dnn_team {
    dnn_comm *comm;    /**< all ranks, borrowed */
    dnn_comm *machine; /**< ranks that share this machine's memory */
    dnn_comm *ranks;   /**< those of this team; NULL where it has one */
    dnn_comm *across; /**< the ranks that hold the same place in their teams; NULL where some team has no such place, or
                           there is one team */
    int place;        /**< this rank's place in its team */
    int places;       /**< ranks of the smallest team: the slices of an exchange */
    int n_threads, first_worker, workers, all_workers, first_of_all, count, index;
    int *first_of; /**< [count + 1] first worker of each team among all, owned */
    int machine_workers, machine_cores;
    dnn_waiting how;
    dnn_threads *threads;
    dnn_window window; /**< holds the barrier */
    dnn_barrier *barrier;
};

/** As dnn_team_create, with the ranks of equal `color` >= 0 (on one machine) as teams: for tests, since teams of unlike
 * sizes come from several machines else. */
dnn_status dnn_team_create_by_color(dnn_comm *comm, int color, int threads, dnn_team **out);

/** True where some team has several ranks, so that memory must be shared between processes. */
static inline bool dnn_team_shares(const dnn_team *team) { return team->count < dnn_comm_size(team->comm); }

#endif
