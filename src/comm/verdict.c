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

static int rank_of(const seen_rank *r) { return atomic_load(&r->slot->rank); }

static int count(const seen_rank *ranks, int n, seen_state state)
{
    int found = 0;
    for (int i = 0; i < n; i++) found += ranks[i].state == state;
    return found;
}

bool verdict_is_local(const seen_rank *ranks, int n, int size, int machine_ranks)
{
    return count(ranks, n, SEEN_WAITS) < n || n == size || n < machine_ranks;
}

static const seen_rank *find(const seen_rank *ranks, int n, int rank)
{
    for (int i = 0; i < n; i++)
        if (rank_of(&ranks[i]) == rank) return &ranks[i];
    return NULL;
}

/* T: stopped by a signal, t: by a debugger, D: in a system call that cannot be interrupted, Z or nothing: it has ended. */
static char state_of_process(int pid)
{
    char path[64], line[512] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    if (!fgets(line, sizeof line, f)) line[0] = '\0';
    fclose(f);
    const char *end = strrchr(line, ')');
    return end && end[1] == ' ' ? end[2] : 0;
}

static const char *why_not_running(const board_slot *s)
{
    switch (state_of_process(atomic_load(&s->pid))) {
    case 'T': return "is stopped by a signal";
    case 't': return "is stopped by a debugger";
    case 'D': return "is held in a system call (a disk or network that does not answer?)";
    case 'Z':
    case 0: return "has ended";
    default: return "does not run";
    }
}

/* The worker whose doings stand for the rank's: one that works, else the first. */
static int telling_cell(const board_slot *s)
{
    for (int i = 0; i < s->threads; i++)
        if (atomic_load(&s->cells[i].waits) == BOARD_WORKS && !(i == 0 && atomic_load(&s->inside))) return i;
    return 0;
}

static void put_call(text *t, const board_slot *s)
{
    const board_cell *c = &s->cells[0];
    if (atomic_load(&s->inside)) {
        put(t, "'%s'", s->kind);
        if (atomic_load(&s->bytes)) put(t, " of %llu bytes", (unsigned long long)atomic_load(&s->bytes));
        if (s->site[0]) put(t, " at %s:%d", s->site, s->line);
    } else if (atomic_load(&c->waits) == BOARD_IN_BARRIER) {
        put(t, "the team's barrier at %s:%d", c->site, c->line);
    } else {
        put(t, "its threads");
    }
}

static void put_numbers(text *t, const board_slot *s)
{
    put(t, "after %llu collective calls and %llu barriers", (unsigned long long)atomic_load(&s->sequence),
        (unsigned long long)atomic_load(&s->cells[0].barriers));
}

static void put_rank(text *t, const seen_rank *r, int64_t now, bool hosts)
{
    const board_slot *s = r->slot;
    const int worker = telling_cell(s);
    put(t, "  rank %d", rank_of(r));
    if (hosts) put(t, " on %s", s->host);
    put(t, ", %llu epochs and step %llu done, ", (unsigned long long)atomic_load(&s->epoch), (unsigned long long)atomic_load(&s->step));
    const unsigned phase = atomic_load(&s->cells[worker].phase);
    const char *where = phase < DNN_PHASES ? phases[phase] : "?";
    const double silent = 1e-9 * (double)(now - r->changed);
    if (r->state == SEEN_LEFT) {
        put(t, "has left the job, ");
    } else if (atomic_load(&s->inside) || atomic_load(&s->cells[worker].waits) != BOARD_WORKS) {
        put(t, "%s (%s) for %.1f s in ", r->state == SEEN_DOES_NOT_RUN ? why_not_running(s) : "waits", where, silent);
        put_call(t, s);
        put(t, ", ");
    } else {
        put(t, "%s (%s), silent for %.1f s, ", r->state == SEEN_DOES_NOT_RUN ? why_not_running(s) : "at work", where, silent);
        if (s->threads > 1) put(t, "worker %d of %d, ", worker + 1, s->threads);
    }
    put_numbers(t, s);
    put(t, "\n");
}

/* Ranks of a state, "rank 1" or "ranks 1, 4, 5 …". */
static void put_names(text *t, const seen_rank *ranks, int n, seen_state state)
{
    const int all = count(ranks, n, state);
    int named = 0;
    put(t, "rank%s ", all == 1 ? "" : "s");
    for (int i = 0; i < n && named < MOST_NAMED; i++)
        if (ranks[i].state == state) put(t, "%s%d", named++ ? ", " : "", rank_of(&ranks[i]));
    if (all > named) put(t, " and %d more", all - named);
}

static const seen_rank *first_of(const seen_rank *ranks, int n, seen_state state)
{
    for (int i = 0; i < n; i++)
        if (ranks[i].state == state) return &ranks[i];
    return NULL;
}

/* One that waits in a collective says more than one that waits for its own team. */
static const seen_rank *best_waiting(const seen_rank *ranks, int n)
{
    for (int i = 0; i < n; i++)
        if (ranks[i].state == SEEN_WAITS && atomic_load(&ranks[i].slot->inside)) return &ranks[i];
    return first_of(ranks, n, SEEN_WAITS);
}

static void put_where_others_wait(text *t, const seen_rank *ranks, int n)
{
    const seen_rank *waiting = best_waiting(ranks, n);
    if (!waiting) return;
    put(t, "; it did not enter ");
    put_call(t, waiting->slot);
    put(t, ", where rank %d waits", rank_of(waiting));
}

/* Ranks of the job that are not on this machine's board. */
static void put_absent(text *t, const seen_rank *ranks, int n, int size)
{
    int named = 0, absent = 0;
    for (int rank = 0; rank < size; rank++) {
        if (find(ranks, n, rank)) continue;
        if (absent++ < MOST_NAMED) put(t, "%s%d", named++ ? ", " : "", rank);
    }
    if (absent > named) put(t, " and %d more", absent - named);
}

static void put_cause(text *t, const seen_rank *ranks, int n, int size)
{
    if (count(ranks, n, SEEN_DOES_NOT_RUN) > 0) {
        put_names(t, ranks, n, SEEN_DOES_NOT_RUN);
        put(t, " %s", why_not_running(first_of(ranks, n, SEEN_DOES_NOT_RUN)->slot));
        put_where_others_wait(t, ranks, n);
    } else if (count(ranks, n, SEEN_LEFT) > 0) {
        put_names(t, ranks, n, SEEN_LEFT);
        put(t, " left the job");
        put_where_others_wait(t, ranks, n);
    } else if (count(ranks, n, SEEN_WORKS) > 0) {
        const seen_rank *first = first_of(ranks, n, SEEN_WORKS);
        const unsigned phase = atomic_load(&first->slot->cells[telling_cell(first->slot)].phase);
        put_names(t, ranks, n, SEEN_WORKS);
        put(t, " did not come out of '%s'", phase < DNN_PHASES ? phases[phase] : "?");
        put_where_others_wait(t, ranks, n);
    } else if (n < size) {
        put(t, "all ranks of %s wait: %s", ranks[0].slot->host, size - n == 1 ? "rank " : "one of the ranks ");
        put_absent(t, ranks, n, size);
        put(t, " (on other machines, or not in the job any more) did not enter ");
        put_call(t, best_waiting(ranks, n)->slot);
    } else {
        put(t, "all ranks wait, but not in the same call");
    }
}

size_t verdict_write(char *out, size_t room, const seen_rank *ranks, int n, int size, double silence, int64_t now)
{
    text t = {out, 0, room};
    static const seen_state order[] = {SEEN_DOES_NOT_RUN, SEEN_LEFT, SEEN_WORKS, SEEN_WAITS};
    int lines = 0;
    put(&t, "dnn-mpi: stalled: no rank has made progress for %.1f s (comm.timeout): ", silence);
    put_cause(&t, ranks, n, size);
    put(&t, "\n");
    for (size_t o = 0; o < sizeof order / sizeof *order; o++)
        for (int rank = 0; rank < size; rank++) {
            const seen_rank *r = find(ranks, n, rank);
            if (r && r->state == order[o] && lines++ < MOST_LINES) put_rank(&t, r, now, n < size);
        }
    if (lines > MOST_LINES) put(&t, "  and %d ranks more\n", lines - MOST_LINES);
    put(&t, "  where work takes longer without a sign of progress, raise comm.timeout; 'train … --resume auto' goes on from the last "
            "checkpoint\n");
    return t.used;
}
