/* Who works with whom: teams over the ranks, workers over the teams. */
#include <string.h>
#include <unistd.h>
#include "comm/team_internal.h"
#include "comm/watchdog.h"
#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"

typedef struct member {
    int32_t leader, threads, ranks;
} member;

/* Teams are numbered by their first ranks, workers by team, rank, thread. Everyone works it out from the same table. */
static void number(dnn_team *team, const member *table, int size, int rank)
{
    const int leader = table[rank].leader;
    team->count = team->place = team->first_worker = team->workers = team->all_workers = team->first_of_all = 0;
    team->places = table[rank].ranks;
    for (int r = 0; r < size; r++) {
        const bool ours = table[r].leader == leader;
        if (table[r].leader == r) {
            if (r == leader) team->index = team->count;
            team->count++;
        }
        if (table[r].ranks < team->places) team->places = table[r].ranks;
        if (ours && r < rank) {
            team->place++;
            team->first_worker += table[r].threads;
        }
        if (ours) team->workers += table[r].threads;
        if (table[r].leader < leader) team->first_of_all += table[r].threads;
        team->all_workers += table[r].threads;
    }
}

/* first_of [count + 1]: where each team's workers begin among all. */
static dnn_status number_firsts(dnn_team *team, const member *table, int size)
{
    dnn_free(team->first_of);
    team->first_of = dnn_alloc((size_t)team->count + 1, sizeof *team->first_of);
    if (!team->first_of) return DNN_E_MEMORY;
    for (int t = 0, leader = 0; leader < size; leader++) {
        if (table[leader].leader != leader) continue;
        team->first_of[t + 1] = team->first_of[t];
        for (int r = leader; r < size; r++)
            if (table[r].leader == leader) team->first_of[t + 1] += table[r].threads;
        t++;
    }
    return DNN_OK;
}

static dnn_status take_numbers(dnn_team *team)
{
    const int size = dnn_comm_size(team->comm), rank = dnn_comm_rank(team->comm);
    member *table = dnn_alloc((size_t)size, sizeof *table);
    dnn_status st = dnn_agree(team->comm, table ? DNN_OK : DNN_E_MEMORY);
    if (st == DNN_OK) {
        member mine = {rank, team->n_threads, dnn_comm_size(team->ranks)};
        dnn_comm_broadcast(team->ranks, &mine.leader, sizeof mine.leader, 0);
        dnn_comm_gather(team->comm, &mine, sizeof mine, table);
        number(team, table, size, rank);
        st = dnn_agree(team->comm, number_firsts(team, table, size));
    }
    dnn_free(table);
    return st;
}

static dnn_status count_cores(dnn_team *team)
{
    const size_t size = (size_t)dnn_comm_size(team->machine);
    dnn_cores mine, *all = dnn_alloc(size, sizeof *all);
    const dnn_status st = dnn_agree(team->comm, all ? DNN_OK : DNN_E_MEMORY);
    if (st == DNN_OK) {
        dnn_cores_read(&mine);
        dnn_comm_gather(team->machine, &mine, sizeof mine, all);
        for (size_t i = 0; i < size; i++) dnn_cores_add(&mine, &all[i]);
        team->machine_cores = dnn_cores_count(&mine);
        double workers = team->n_threads;
        dnn_comm_sum(team->machine, &workers, 1);
        team->machine_workers = (int)workers;
    }
    dnn_free(all);
    return st;
}

/* Threads of one rank pushed onto fewer cores than there are threads, by the launcher and not for want of cores:
 * `mpirun -n 2` of Open MPI binds each rank to one. Rank 0 speaks for the first rank that is so bound. Returns whether
 * this rank is. */
static bool warn_of_binding(dnn_team *team)
{
    const int cores = dnn_comm_cores(), size = dnn_comm_size(team->comm), rank = dnn_comm_rank(team->comm);
    const bool bound = team->n_threads > cores && cores < (int)sysconf(_SC_NPROCESSORS_ONLN);
    double first = bound ? (double)(size - rank) : 0.0;
    dnn_comm_max(team->comm, &first, 1);
    if (first > 0.0) {
        const int victim = size - (int)first;
        int32_t facts[2] = {team->n_threads, cores};
        dnn_comm_broadcast(team->comm, facts, sizeof facts, victim);
        if (rank == 0)
            dnn_warn("rank %d is bound to %d core%s but runs %d threads, which then wait for each other: start with %s",
                     victim, (int)facts[1], facts[1] == 1 ? "" : "s", (int)facts[0], dnn_launcher_unbind());
    }
    return bound;
}

static dnn_status form(dnn_team *team, dnn_team_scope scope, int color)
{
    dnn_status st = DNN_OK;
    if (color >= 0)
        st = dnn_comm_split(team->comm, color, &team->ranks);
    else if (scope != DNN_TEAM_RANK)
        st = dnn_comm_split_machine(team->comm, scope == DNN_TEAM_NUMA, &team->ranks);
    if (st == DNN_OK) st = take_numbers(team);
    if (st == DNN_OK && team->count > 1)
        st = dnn_comm_split(team->comm, team->place < team->places ? team->place : -1, &team->across);
    if (st == DNN_OK) st = dnn_window_create(team, sizeof *team->barrier, &team->window);
    if (st == DNN_OK) team->barrier = team->window.base;
    return st;
}

static void disband(dnn_team *team)
{
    dnn_window_destroy(team, &team->window);
    dnn_comm_destroy(team->across);
    dnn_comm_destroy(team->ranks);
    team->across = team->ranks = NULL;
    team->barrier = NULL;
}

static dnn_status form_or_part(dnn_team *team, dnn_team_scope scope, int color)
{
    const dnn_status st = form(team, scope, color);
    if (st == DNN_OK || !dnn_comm_many(team->comm) || scope == DNN_TEAM_RANK) return st;
    if (dnn_comm_rank(team->comm) == 0)
        dnn_warn("no memory can be shared, each rank keeps a copy of its own, as with `comm.team: rank`: %s",
                 dnn_fail_text());
    dnn_fail_clear();
    disband(team);
    return form(team, DNN_TEAM_RANK, -1);
}

static dnn_status start_threads(dnn_team *team)
{
    const bool bound = warn_of_binding(team);
    const bool roomy = !bound && team->machine_workers <= team->machine_cores;
    team->how = dnn_waiting_make(roomy, dnn_comm_many(team->ranks));
    const dnn_waiting within = dnn_waiting_make(roomy, false);
    return dnn_agree(team->comm, dnn_threads_create(team->n_threads, team->first_worker, within, &team->threads));
}

static dnn_status create(dnn_comm *comm, dnn_team_scope scope, int color, int threads, dnn_team **out)
{
    *out = NULL;
    dnn_status st = DNN_OK;
    dnn_team *team = dnn_alloc(1, sizeof *team);
    if (!team)
        st = DNN_E_MEMORY;
    else if (threads < 1)
        st = dnn_fail(DNN_E_CONFIG, "threads = %d: must be at least 1", threads);
    st = dnn_agree(comm, st);
    if (st != DNN_OK) {
        dnn_free(team);
        return st;
    }
    team->comm = comm;
    team->n_threads = threads;
    st = dnn_comm_split_machine(comm, false, &team->machine);
    if (st == DNN_OK) st = count_cores(team);
    if (st == DNN_OK) st = form_or_part(team, scope, color);
    if (st == DNN_OK) st = start_threads(team);
    if (st == DNN_OK)
        *out = team;
    else
        dnn_team_destroy(team);
    return st;
}

dnn_status dnn_team_create(dnn_comm *comm, dnn_team_scope scope, int threads, dnn_team **out)
{
    return create(comm, scope, -1, threads, out);
}

dnn_status dnn_team_create_by_color(dnn_comm *comm, int color, int threads, dnn_team **out)
{
    return create(comm, DNN_TEAM_NODE, color, threads, out);
}

void dnn_team_destroy(dnn_team *team)
{
    if (!team) return;
    dnn_threads_destroy(team->threads);
    disband(team);
    dnn_comm_destroy(team->machine);
    dnn_free(team->first_of);
    dnn_free(team);
}

dnn_comm *dnn_team_comm(const dnn_team *team) { return team->comm; }
int dnn_team_threads(const dnn_team *team) { return team->n_threads; }
int dnn_team_first_worker(const dnn_team *team) { return team->first_worker; }
int dnn_team_workers(const dnn_team *team) { return team->workers; }
int dnn_team_all_workers(const dnn_team *team) { return team->all_workers; }
int dnn_team_first_of_all(const dnn_team *team) { return team->first_of_all; }
int dnn_team_first_worker_of(const dnn_team *team, int t) { return team->first_of[t]; }
int dnn_team_count(const dnn_team *team) { return team->count; }
int dnn_team_index(const dnn_team *team) { return team->index; }
bool dnn_team_leads(const dnn_team *team) { return team->place == 0; }
int dnn_team_cores(const dnn_team *team) { return team->machine_cores; }
int dnn_team_machine_workers(const dnn_team *team) { return team->machine_workers; }

void dnn_team_run(dnn_team *team, void (*work)(void *context, int worker), void *context)
{
    dnn_threads_run(team->threads, work, context);
}

void dnn_team_barrier(dnn_team *team)
{
    if (team->workers == 1) return;
    watch_wait(BOARD_IN_BARRIER);
    dnn_barrier_wait(team->barrier, (unsigned)team->workers, team->how);
    watch_wait(BOARD_WORKS);
}
