/* What a rank notes for the watchdogs. Each number has one writer, so a load and a store do for an increment. */
#include "dnn/comm/watch.h"

#include "comm/watchdog.h"

static _Thread_local const char *site_file = "";
static _Thread_local int site_line;

void dnn_watch_site(const char *file, int line)
{
    site_file = file;
    site_line = line;
}

static inline void add(atomic_uint_fast64_t *number)
{
    atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + 1, memory_order_relaxed);
}

static void put_site(board_text *site, atomic_int *line)
{
    board_text_set(site, site_file);
    atomic_store_explicit(line, site_line, memory_order_relaxed);
}

dnn_phase dnn_watch_phase(dnn_phase phase)
{
    board_cell *c = board_my_cell();
    const dnn_phase before = (dnn_phase)atomic_load_explicit(&c->phase, memory_order_relaxed);
    atomic_store_explicit(&c->phase, (unsigned)phase, memory_order_relaxed);
    add(&c->beats);
    return before;
}

void dnn_watch_step(uint64_t epoch, uint64_t step)
{
    board_slot *s = board_mine();
    atomic_store_explicit(&s->epoch, epoch, memory_order_relaxed);
    atomic_store_explicit(&s->step, step, memory_order_relaxed);
}

void dnn_watch_alive(void) { atomic_fetch_add_explicit(&board_mine()->alive, 1, memory_order_relaxed); }

void watch_wait(board_wait what)
{
    static _Thread_local const char *noted;
    static _Thread_local int noted_line;
    board_cell *c = board_my_cell();
    if (what == BOARD_IN_BARRIER) add(&c->barriers);
    if (what != BOARD_WORKS && (noted != site_file || noted_line != site_line)) {
        put_site(&c->site, &c->line);
        noted = site_file;
        noted_line = site_line;
    }
    add(&c->beats);
    atomic_store_explicit(&c->waits, (unsigned)what, memory_order_relaxed);
}

void watch_enter(const char *kind, size_t bytes)
{
    board_slot *s = board_mine();
    board_text_set(&s->kind, kind);
    put_site(&s->site, &s->line);
    atomic_store_explicit(&s->bytes, bytes, memory_order_relaxed);
    atomic_store_explicit(&s->inside, true, memory_order_release);
    add(&board_my_cell()->beats);
}

void watch_exit(void)
{
    board_slot *s = board_mine();
    atomic_store_explicit(&s->inside, false, memory_order_relaxed);
    add(&s->sequence);
    add(&board_my_cell()->beats);
}
