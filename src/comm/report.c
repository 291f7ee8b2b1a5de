#include "comm/report.h"

#include <stdio.h>
#include <string.h>

#include "comm/watchdog.h"

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

/* The first worker that is at work, -1: none. */
static int working_cell(const board_slot *s)
{
    for (int i = 0; i < BOARD_CELLS; i++)
        if (atomic_load(&s->cells[i].taken) && atomic_load(&s->cells[i].waits) == BOARD_WORKS && !(i == 0 && atomic_load(&s->inside))) return i;
    return -1;
}

static int count_workers(const board_slot *s)
{
    int n = 0;
    for (int i = 0; i < BOARD_CELLS; i++) n += atomic_load(&s->cells[i].taken);
    return n;
}

static bool is_at_the_end(const board_slot *s)
{
    char kind[BOARD_SITE];
    board_text_get(&s->kind, kind);
    return atomic_load(&s->left) || (atomic_load(&s->inside) && strcmp(kind, WATCH_LAST) == 0);
}

static seen_state judge(const board_slot *s, bool works, int64_t now, int64_t lifeless)
{
    if (is_at_the_end(s)) return SEEN_LEFT;
    if (now - atomic_load(&s->heartbeat) > lifeless) return SEEN_DOES_NOT_RUN;
    return works ? SEEN_WORKS : SEEN_WAITS;
}

static report_call call_of(const board_slot *s, bool works)
{
    if (atomic_load(&s->inside)) return IN_COLLECTIVE;
    if (works) return IN_NO_CALL;
    return atomic_load(&s->cells[0].waits) == BOARD_IN_BARRIER ? IN_BARRIER : IN_THREADS;
}

rank_report report_make(const board_slot *s, int64_t changed, int64_t now, int64_t lifeless)
{
    const int working = working_cell(s), worker = working < 0 ? 0 : working;
    const board_cell *main_cell = &s->cells[0];
    rank_report r = {
        .sequence = atomic_load(&s->sequence),
        .barriers = atomic_load(&main_cell->barriers),
        .epoch = atomic_load(&s->epoch),
        .step = atomic_load(&s->step),
        .silent = now - changed,
        .rank = atomic_load(&s->rank),
        .threads = count_workers(s),
        .worker = worker,
        .phase = atomic_load(&s->cells[worker].phase),
        .call = call_of(s, working >= 0),
        .state = judge(s, working >= 0, now, lifeless),
    };
    if (r.call == IN_COLLECTIVE) {
        r.bytes = atomic_load(&s->bytes);
        r.line = atomic_load(&s->line);
        board_text_get(&s->kind, r.kind);
        board_text_get(&s->site, r.site);
    } else if (r.call == IN_BARRIER) {
        r.line = atomic_load(&main_cell->line);
        board_text_get(&main_cell->site, r.site);
    }
    memcpy(r.host, s->host, sizeof r.host - 1);
    if (r.state == SEEN_DOES_NOT_RUN) r.process = state_of_process(atomic_load(&s->pid));
    return r;
}
