#include "train/observe/stragglers.h"

#include <stdlib.h>
#include <string.h>

#include "dnn/base/clock.h"
#include "dnn/base/log.h"
#include "dnn/base/memory.h"

enum { EVERY = 256 };                                               /* steps between looks; a look is one small gather */
static const double shortest_window = 2.0, between_warnings = 60.0; /* seconds */
static const double slow = 2.0;
static const char *const names[STRAGGLER_PHASES] = { "input", "forward", "backward", "update" };
static const trace_phase traced[STRAGGLER_PHASES] = { TRACE_INPUT, TRACE_FORWARD, TRACE_BACKWARD, TRACE_UPDATE };

dnn_status stragglers_create(stragglers *s, int ranks, int workers)
{
    *s = (stragglers){ .workers = workers };
    if (ranks == 1) return DNN_OK;
    s->window = dnn_alloc((size_t)ranks, sizeof *s->window);
    s->begun = dnn_alloc((size_t)workers, sizeof *s->begun);
    s->sums = dnn_alloc((size_t)workers, sizeof *s->sums);
    s->sorted = dnn_alloc((size_t)ranks, sizeof *s->sorted);
    return s->window && s->begun && s->sums && s->sorted ? DNN_OK : DNN_E_MEMORY;
}

void stragglers_clear(stragglers *s)
{
    dnn_free(s->window);
    dnn_free(s->begun);
    dnn_free(s->sums);
    dnn_free(s->sorted);
    *s = (stragglers){ 0 };
}

/* Without the update, which is as long where a rank has no rows. */
static double compute(const straggler_times *t) { return t->phase[0] + t->phase[1] + t->phase[2]; }

static double all_work(const straggler_times *t) { return compute(t) + t->phase[3]; }

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the ranks with rows; `phase` -1: of all work. The lower median, so that of two ranks the slower one can be twice it. */
static double median(const straggler_times *window, int ranks, int phase, double *sorted)
{
    size_t n = 0;
    for (int r = 0; r < ranks; r++)
        if (compute(&window[r]) > 0.0) sorted[n++] = phase < 0 ? all_work(&window[r]) : window[r].phase[phase];
    if (n == 0) return 0.0;
    qsort(sorted, n, sizeof *sorted, ascending);
    return sorted[(n - 1) / 2];
}

bool stragglers_find(const straggler_times *window, int ranks, double *sorted, straggler *out)
{
    const double usual = median(window, ranks, -1, sorted);
    int slowest = 0;
    for (int r = 1; r < ranks; r++)
        if (all_work(&window[r]) > all_work(&window[slowest])) slowest = r;
    const double own = all_work(&window[slowest]);
    if (usual <= 0.0 || own < slow * usual) return false;
    *out = (straggler){ .rank = slowest, .times = own / usual };
    double most = -1.0;
    for (int p = 0; p < STRAGGLER_PHASES; p++) {
        const double others = median(window, ranks, p, sorted), excess = window[slowest].phase[p] - others;
        if (excess <= most) continue;
        most = excess;
        out->phase = p;
        out->own = window[slowest].phase[p];
        out->usual = others;
    }
    return true;
}

straggler_times stragglers_longest(const straggler_times *begun, const straggler_times *sums, int n)
{
    straggler_times longest = { { 0 } };
    for (int w = 0; w < n; w++) {
        straggler_times t;
        for (int p = 0; p < STRAGGLER_PHASES; p++) t.phase[p] = sums[w].phase[p] - begun[w].phase[p];
        if (all_work(&t) > all_work(&longest)) longest = t;
    }
    return longest;
}

/* What this rank's workers have spent so far; all 0: one without rows. */
static void add_up(stragglers *s, const runner *r)
{
    for (int w = 0; w < s->workers; w++) {
        s->sums[w] = (straggler_times){ { 0 } };
        if (w >= r->n_workers || r->workers[w].n_bays == 0) continue;
        const worker *k = &r->workers[w];
        for (int p = 0; p < STRAGGLER_PHASES; p++)
            s->sums[w].phase[p] = trace_spent(&k->trace, traced[p]) / (p < 3 ? (double)k->n_bays : 1.0);
    }
}

static void warn(stragglers *s, const straggler *found, uint64_t steps)
{
    const double at = dnn_clock_seconds(), a_step = 1e3 / (double)steps;
    if (s->warned > 0.0 && at - s->warned < between_warnings) return;
    s->warned = at;
    dnn_warn("rank %d is slow: its work takes %.1f times what it takes the others, most of that in %s (%.3g ms a step and shard, the others %.3g); all wait "
             "for it: look what else runs there, or how it is bound", found->rank, found->times, names[found->phase], found->own * a_step,
             found->usual * a_step);
}

void stragglers_look(stragglers *s, const runner *r, uint64_t step)
{
    if (!s->window || step % EVERY != 0) return;
    dnn_comm *comm = dnn_team_comm(r->team);
    const int ranks = dnn_comm_size(comm);
    add_up(s, r);
    const straggler_times mine = stragglers_longest(s->begun, s->sums, s->workers);
    dnn_comm_gather(comm, &mine, sizeof mine, s->window);
    double longest = 0.0;
    for (int i = 0; i < ranks; i++)
        if (all_work(&s->window[i]) > longest) longest = all_work(&s->window[i]);
    if (longest < shortest_window) return; /* all ranks have the same numbers and decide alike */
    straggler found;
    if (dnn_comm_rank(comm) == 0 && stragglers_find(s->window, ranks, s->sorted, &found)) warn(s, &found, step - s->step_before);
    memcpy(s->begun, s->sums, (size_t)s->workers * sizeof *s->begun);
    s->step_before = step;
}
