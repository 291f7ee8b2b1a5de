/* A thread of each rank. It never calls MPI and takes no lock that another thread might hold while it hangs, so nothing that the
 * ranks wait for can hold it up; a rank that is stopped takes its own watchdog with it, hence each judges all. */
#include "comm/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "comm/far.h"
#include "comm/internal.h"
#include "dnn/base/log.h"
#include "dnn/base/memory.h"

static const double longest_nap = 0.5, shortest_nap = 0.02; /* seconds */
/* One machine has the word; the others leave it the time to say it and to tell them. Where machines do not hear each other, who has nobody to
 * blame on its own leaves the word to those who have, and then to the machine of rank 0. */
static const double courtesy = 0.8, more_courtesy = 1.2;
/* mpirun takes some 3.4 seconds to end a job of which a rank is stopped on another machine. What is promised is an end within 5. */
static const double launchers_least = 3.5, launchers_most = 4.3;

static pthread_t thread;
static bool begun;
static pthread_mutex_t nap_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t nap_end = PTHREAD_COND_INITIALIZER;
static bool stop;
static _Atomic double timeout = 600.0;
static int own_rank, job_size, local_ranks;
/** A rank of this machine, from look to look. */
typedef struct seen_rank {
    const board_slot *slot;
    uint64_t beats;  /**< sum of all its numbers, to see a change */
    int64_t changed; /**< monotonic ns when they last did */
} seen_rank;
static seen_rank *seen;
static rank_report *reports; /* of this machine's ranks, then of the others' */
static char status_file[4096];
static atomic_bool status_known;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t ns(double seconds) { return (int64_t)(seconds * 1e9); }

static double nap_length(void)
{
    const double part = atomic_load(&timeout) / 10.0;
    return part > longest_nap ? longest_nap : part < shortest_nap ? shortest_nap : part;
}

/* True: it is over. */
static bool nap(double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const int64_t end = (int64_t)until.tv_sec * 1000000000 + until.tv_nsec + ns(seconds);
    until = (struct timespec){end / 1000000000, end % 1000000000};
    pthread_mutex_lock(&nap_lock);
    int outcome = 0;
    while (!stop && outcome != ETIMEDOUT) outcome = pthread_cond_clockwait(&nap_end, &nap_lock, CLOCK_MONOTONIC, &until);
    const bool over = stop;
    pthread_mutex_unlock(&nap_lock);
    return over;
}

/* Of all cells, used or not: the sum never falls. */
static uint64_t all_beats(const board_slot *s)
{
    uint64_t sum = atomic_load_explicit(&s->alive, memory_order_relaxed);
    for (int i = 0; i < BOARD_CELLS; i++) sum += atomic_load_explicit(&s->cells[i].beats, memory_order_relaxed);
    return sum;
}

/* ns without a sign of its watchdog after which a rank does not run. */
static int64_t lifeless(void) { return ns(5.0 * nap_length() + 0.3); }

/* Looks at all slots; returns how many there are. `progress`: something has changed since the last look. */
static int look(int64_t now, bool *progress)
{
    const board *b = board_shared();
    int n = b ? atomic_load(&b->joined) : 1;
    if (n > job_size) n = job_size;
    *progress = false;
    for (int i = 0; i < n; i++) {
        const board_slot *s = b ? &b->slots[i] : board_mine();
        const uint64_t beats = all_beats(s);
        if (beats != seen[i].beats || seen[i].slot != s) {
            *progress = true;
            seen[i] = (seen_rank){.slot = s, .beats = beats, .changed = now};
        }
    }
    return n;
}

/* Whether this rank speaks for its machine: the first whose watchdog runs. */
static bool is_first(int n, int64_t now)
{
    for (int i = 0; i < n && seen[i].slot != board_mine(); i++)
        if (!atomic_load(&seen[i].slot->left) && now - atomic_load(&seen[i].slot->heartbeat) < lifeless()) return false;
    return true;
}

static void make_reports(int n, int64_t now)
{
    for (int i = 0; i < n; i++) reports[i] = report_make(seen[i].slot, seen[i].changed, now, lifeless());
}

/* Every how many looks to send a word: a machine of a thousand must not be kept busy by reading them. */
static int looks_between_words(void) { return 1 + far_machines() / 64; }

static void tell_others(int n, int64_t now, bool all, far_end end)
{
    if (!far_machines()) return;
    uint64_t beats = 0;
    for (int i = 0; i < n; i++) beats += seen[i].beats;
    make_reports(n, now);
    far_tell(reports, n, beats, all, end, now);
}

/* As a file that was written: whole or not at all. Plain system calls: the memory of this process may be in any state. */
static void write_status(void)
{
    char path[sizeof status_file + 16], text[160];
    if (!atomic_load_explicit(&status_known, memory_order_acquire)) return;
    const board_slot *s = board_mine();
    const int length = snprintf(text, sizeof text, "{\"state\": \"stalled\", \"epoch\": %llu, \"step\": %llu, \"code\": %d}\n",
                                (unsigned long long)atomic_load(&s->epoch), (unsigned long long)atomic_load(&s->step), DNN_E_STALLED);
    snprintf(path, sizeof path, "%s.%d", status_file, own_rank);
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file < 0) return;
    const bool whole = write(file, text, (size_t)length) == length;
    if (close(file) != 0 || !whole || rename(path, status_file) != 0) unlink(path);
}

static void say(const char *text, size_t length)
{
    while (length > 0) {
        const ssize_t n = write(STDERR_FILENO, text, length);
        if (n <= 0) return;
        text += n;
        length -= (size_t)n;
    }
}

bool dnn_watch_stalled(void)
{
    const board *b = board_shared();
    return far_ended() != FAR_GOES_ON || (b && atomic_load(&b->speaker) != 0);
}

/* One rank of a machine hears that another machine is ending the job: the others have it from the board. */
static void pass_on(void)
{
    board *b = board_shared();
    int nobody = 0;
    if (far_ended() == FAR_CUT_OFF) watch_outlive_launcher(launchers_least);
    if (b) atomic_compare_exchange_strong(&b->speaker, &nobody, -1);
}

/* Another rank speaks. Where it was this one that was stopped and is let go on for its last second, a status that it was about to
 * write comes after the right one. */
static _Noreturn void yield_and_leave(void)
{
    nap(0.7);
    if (own_rank == 0) write_status();
    _exit(DNN_E_STALLED);
}

/* One rank speaks. The others leave it the time to, but not more: its file system may be what hangs. */
static _Noreturn void end_job(int n, int known, int64_t now, double silence, bool cut_off)
{
    static char text[16384];
    board *b = board_shared();
    int nobody = 0;
    if (b && !atomic_compare_exchange_strong(&b->speaker, &nobody, 1 + own_rank)) yield_and_leave();
    if (cut_off) {
        const double left = launchers_most - (silence - atomic_load(&timeout));
        watch_outlive_launcher(left > launchers_least ? left : launchers_least);
    }
    say(text, verdict_write(text, sizeof text, reports, known, job_size, silence));
    for (int i = 0; i < 2; i++) tell_others(n, now, true, cut_off ? FAR_CUT_OFF : FAR_ENDS); /* one may be lost */
    write_status();
    _exit(DNN_E_STALLED);
}

/* Seconds to leave the word to another machine. */
static double patience(int n, const far_view *view)
{
    if (view->all_heard) return view->first ? 0.0 : courtesy;
    if (verdict_is_local(reports, n, job_size, local_ranks)) return 0.0;
    for (int i = 0; i < n; i++)
        if (reports[i].rank == 0) return courtesy;
    return more_courtesy;
}

static void *watch(void *unused)
{
    (void)unused;
    int64_t last = now_ns(), since = last, awake = last;
    for (int turn = 0;; turn++) {
        const double length = nap_length();
        if (nap(length)) return NULL;
        const int64_t now = now_ns();
        atomic_store(&board_mine()->heartbeat, now);
        bool progress = far_hear(now), here;
        if (dnn_watch_stalled()) {
            pass_on();
            yield_and_leave();
        }
        const int n = look(now, &here);
        progress |= here;
        /* A nap that took far longer than asked: the machine slept, or the whole job was stopped, and nobody could do anything. */
        const bool overslept = now - last > ns(2.0 * length + 1.0);
        if (overslept) awake = now;
        if (progress || overslept) since = now;
        last = now;
        const double silence = 1e-9 * (double)(now - since), limit = atomic_load(&timeout);
        if (turn % looks_between_words() == 0 && is_first(n, now)) tell_others(n, now, silence > 0.4 * limit, FAR_GOES_ON);
        if (silence < limit) continue;
        far_view view;
        make_reports(n, now);
        const double wordless = 5.0 * length * looks_between_words() + 0.5;
        const int known = far_reports(reports, n, now, awake, ns(wordless < 0.8 * limit ? wordless : 0.8 * limit), &view);
        if (silence < limit + patience(n, &view)) continue;
        const bool cut_off = view.silent || (!view.all_heard && !verdict_is_local(reports, n, job_size, local_ranks));
        end_job(n, known, now, silence, cut_off);
    }
}

/* Signals are for the thread the program began with. */
static int start_thread(void)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int failed = pthread_create(&thread, NULL, watch, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

void watchdog_start(int rank, int size, int machine_ranks)
{
    own_rank = rank;
    job_size = size;
    local_ranks = machine_ranks;
    stop = false;
    board_join(rank, size);
    atomic_store(&board_mine()->heartbeat, now_ns());
    seen = dnn_alloc((size_t)size, sizeof *seen);
    reports = dnn_alloc((size_t)size, sizeof *reports);
    begun = seen && reports && start_thread() == 0;
    if (!begun) dnn_warn("rank %d: no thread to watch for stalls: a job that hangs will not be ended", rank);
}

void watchdog_stop(void)
{
    pthread_mutex_lock(&nap_lock);
    stop = true;
    pthread_cond_broadcast(&nap_end);
    pthread_mutex_unlock(&nap_lock);
    if (begun) pthread_join(thread, NULL);
    begun = false;
    far_part();
    board_leave();
    dnn_free(seen);
    dnn_free(reports);
    seen = NULL;
    reports = NULL;
    atomic_store(&status_known, false);
}

void dnn_watch_timeout(double seconds) { atomic_store(&timeout, seconds); }

void dnn_watch_status_file(const char *path)
{
    atomic_store(&status_known, false);
    if (!path) return;
    snprintf(status_file, sizeof status_file, "%s", path);
    atomic_store_explicit(&status_known, true, memory_order_release);
}
