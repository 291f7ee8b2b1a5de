/* What is said of a job that stands still: who did not come, and what every rank last did. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "comm/watchdog.h"

static const char *const phases[DNN_PHASES] = {"starting",  "reading data",  "setting up", "input",      "forward",
                                               "backward",  "reduction",     "update",     "between steps", "evaluation",
                                               "checkpoint", "callbacks",    "finishing"};

enum { MOST_LINES = 64, MOST_NAMED = 8 };

typedef struct text {
    char *at;
    size_t used, room;
} text;

__attribute__((format(printf, 2, 3))) static void put(text *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(t->at + t->used, t->room - t->used, format, arguments);
    va_end(arguments);
    if (n > 0) t->used = t->used + (size_t)n < t->room ? t->used + (size_t)n : t->room - 1;
}

static int count(const rank_report *ranks, int n, seen_state state)
{
    int found = 0;
    for (int i = 0; i < n; i++) found += ranks[i].state == state;
    return found;
}

bool verdict_is_local(const rank_report *ranks, int n, int size, int machine_ranks)
{
    return count(ranks, n, SEEN_WAITS) < n || n == size || n < machine_ranks;
}

static const rank_report *find(const rank_report *ranks, int n, int rank)
{
    for (int i = 0; i < n; i++)
        if (ranks[i].rank == rank) return &ranks[i];
    return NULL;
}

static const char *why_not_running(const rank_report *r)
{
    switch (r->process) {
    case 'T': return "is stopped by a signal";
    case 't': return "is stopped by a debugger";
    case 'D': return "is held in a system call (a disk or network that does not answer?)";
    case 'Z':
    case 0: return "has ended";
    default: return "does not run";
    }
}

static const char *phase_of(const rank_report *r) { return r->phase < DNN_PHASES ? phases[r->phase] : "?"; }

static double seconds(int64_t ns) { return 1e-9 * (double)ns; }

static void put_call(text *t, const rank_report *r)
{
    if (r->call == IN_COLLECTIVE) {
        put(t, "'%s'", r->kind);
        if (r->bytes) put(t, " of %llu bytes", (unsigned long long)r->bytes);
    } else {
        put(t, r->call == IN_BARRIER ? "the team's barrier" : "its threads");
    }
    if (r->site[0]) put(t, " at %s:%d", r->site, (int)r->line);
}

static void put_state(text *t, const rank_report *r)
{
    const char *doing = r->state == SEEN_DOES_NOT_RUN ? why_not_running(r) : r->call == IN_NO_CALL ? "at work" : "waits";
    if (r->state == SEEN_LEFT) {
        put(t, "has left the job, ");
        return;
    }
    if (r->state == SEEN_SILENT) {
        put(t, "no word of it for %.1f s; then ", seconds(r->silent));
        doing = r->call == IN_NO_CALL ? "at work" : "waiting";
    }
    put(t, "%s (%s)", doing, phase_of(r));
    if (r->call == IN_NO_CALL) {
        if (r->state != SEEN_SILENT) put(t, ", silent for %.1f s", seconds(r->silent));
        put(t, ", ");
        if (r->threads > 1) put(t, "worker %d of %d, ", (int)r->worker + 1, (int)r->threads);
    } else {
        if (r->state != SEEN_SILENT) put(t, " for %.1f s", seconds(r->silent));
        put(t, " in ");
        put_call(t, r);
        put(t, ", ");
    }
}

static void put_rank(text *t, const rank_report *r, bool hosts)
{
    put(t, "  rank %d", (int)r->rank);
    if (hosts) put(t, " on %s", r->host);
    if (r->threads == 0) { /* its machine was heard of, but no more than that */
        put(t, ": no word of it so far\n");
        return;
    }
    put(t, ", %llu epochs and step %llu done, ", (unsigned long long)r->epoch, (unsigned long long)r->step);
    put_state(t, r);
    put(t, "after %llu collective calls and %llu barriers\n", (unsigned long long)r->sequence, (unsigned long long)r->barriers);
}

/* Ranks of a state, "rank 1" or "ranks 1, 4, 5 …". */
static void put_names(text *t, const rank_report *ranks, int n, seen_state state)
{
    const int all = count(ranks, n, state);
    int named = 0;
    put(t, "rank%s ", all == 1 ? "" : "s");
    for (int i = 0; i < n && named < MOST_NAMED; i++)
        if (ranks[i].state == state) put(t, "%s%d", named++ ? ", " : "", (int)ranks[i].rank);
    if (all > named) put(t, " and %d more", all - named);
}

static const rank_report *first_of(const rank_report *ranks, int n, seen_state state)
{
    for (int i = 0; i < n; i++)
        if (ranks[i].state == state) return &ranks[i];
    return NULL;
}

/* One that waits in a collective says more than one that waits for its own team. */
static const rank_report *best_waiting(const rank_report *ranks, int n)
{
    for (int i = 0; i < n; i++)
        if (ranks[i].state == SEEN_WAITS && ranks[i].call == IN_COLLECTIVE) return &ranks[i];
    return first_of(ranks, n, SEEN_WAITS);
}

static void put_where_others_wait(text *t, const rank_report *ranks, int n)
{
    const rank_report *waiting = best_waiting(ranks, n);
    if (!waiting) return;
    put(t, "; it did not enter ");
    put_call(t, waiting);
    put(t, ", where rank %d waits", (int)waiting->rank);
}

static bool silent_on(const rank_report *r, const char *host) { return r->state == SEEN_SILENT && strcmp(r->host, host) == 0; }

/* Machines of which nothing is heard, each with its ranks. */
static void put_silent(text *t, const rank_report *ranks, int n)
{
    int named = 0;
    put(t, "no word from ");
    for (int i = 0; i < n; i++) {
        if (ranks[i].state != SEEN_SILENT) continue;
        bool before = false;
        for (int k = 0; k < i && !before; k++) before = silent_on(&ranks[k], ranks[i].host);
        if (before || named >= MOST_NAMED) continue;
        int same = 0, shown = 0;
        for (int k = i; k < n; k++) same += silent_on(&ranks[k], ranks[i].host);
        put(t, "%s%s (rank%s ", named++ ? ", " : "", ranks[i].host, same == 1 ? "" : "s");
        for (int k = i; k < n && shown < MOST_NAMED; k++)
            if (silent_on(&ranks[k], ranks[i].host)) put(t, shown++ ? ", %d" : "%d", (int)ranks[k].rank);
        put(t, "%s)", same > MOST_NAMED ? ", …" : "");
    }
    const rank_report *first = first_of(ranks, n, SEEN_SILENT), *waiting = best_waiting(ranks, n);
    put(t, " for %.1f s: it is down, all it runs is stopped, or the network between does not answer", seconds(first->silent));
    if (waiting) {
        put(t, "; rank %d waits in ", (int)waiting->rank);
        put_call(t, waiting);
    }
}

/* Ranks of the job that are not on this machine's board. */
static void put_absent(text *t, const rank_report *ranks, int n, int size)
{
    int named = 0, absent = 0;
    for (int rank = 0; rank < size; rank++) {
        if (find(ranks, n, rank)) continue;
        if (absent++ < MOST_NAMED) put(t, "%s%d", named++ ? ", " : "", rank);
    }
    if (absent > named) put(t, " and %d more", absent - named);
}

static void put_cause(text *t, const rank_report *ranks, int n, int size)
{
    if (count(ranks, n, SEEN_DOES_NOT_RUN) > 0) {
        put_names(t, ranks, n, SEEN_DOES_NOT_RUN);
        put(t, " %s", why_not_running(first_of(ranks, n, SEEN_DOES_NOT_RUN)));
        put_where_others_wait(t, ranks, n);
    } else if (count(ranks, n, SEEN_SILENT) > 0) {
        put_silent(t, ranks, n);
    } else if (count(ranks, n, SEEN_LEFT) == size) {
        put(t, "all ranks have come to the end of the job, but MPI does not end");
    } else if (count(ranks, n, SEEN_LEFT) > 0) {
        put_names(t, ranks, n, SEEN_LEFT);
        put(t, " left the job");
        put_where_others_wait(t, ranks, n);
    } else if (count(ranks, n, SEEN_WORKS) > 0) {
        put_names(t, ranks, n, SEEN_WORKS);
        put(t, " did not come out of '%s'", phase_of(first_of(ranks, n, SEEN_WORKS)));
        put_where_others_wait(t, ranks, n);
    } else if (n < size) {
        put(t, "all ranks of %s wait: %s", ranks[0].host, size - n == 1 ? "rank " : "one of the ranks ");
        put_absent(t, ranks, n, size);
        put(t, " (on other machines, or not in the job any more) did not enter ");
        put_call(t, best_waiting(ranks, n));
    } else {
        put(t, "all ranks wait, but not in the same call, or what they send each other does not arrive");
    }
}

static bool several_hosts(const rank_report *ranks, int n, int size)
{
    for (int i = 1; i < n; i++)
        if (strcmp(ranks[i].host, ranks[0].host) != 0) return true;
    return n < size;
}

size_t verdict_write(char *out, size_t room, const rank_report *ranks, int n, int size, double silence)
{
    text t = {out, 0, room};
    static const seen_state order[SEEN_STATES] = {SEEN_DOES_NOT_RUN, SEEN_SILENT, SEEN_LEFT, SEEN_WORKS, SEEN_WAITS};
    const bool hosts = several_hosts(ranks, n, size);
    int lines = 0;
    put(&t, "dnn-mpi: stalled: no rank has made progress for %.1f s (comm.timeout): ", silence);
    put_cause(&t, ranks, n, size);
    put(&t, "\n");
    for (int o = 0; o < SEEN_STATES; o++)
        for (int rank = 0; rank < size; rank++) {
            const rank_report *r = find(ranks, n, rank);
            if (r && r->state == order[o] && lines++ < MOST_LINES) put_rank(&t, r, hosts);
        }
    if (lines > MOST_LINES) put(&t, "  and %d ranks more\n", lines - MOST_LINES);
    put(&t, "  where work takes longer without a sign of progress, raise comm.timeout; 'train … --resume auto' goes on from the last "
            "checkpoint\n");
    return t.used;
}
