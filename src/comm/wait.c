#include "comm/wait.h"
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A look takes some 15 ns. With a core for each, a sleeper's way through the kernel costs 50 us and more, so looking on
 * for about that long pays; with more workers than cores whoever spins keeps the one it waits for from running. */
enum { SPINS_ALWAYS = 20, SPINS_MOST = 4000, SPINS_MORE = 32, LONG_NS = 120000 };

dnn_waiting dnn_waiting_make(bool roomy, bool shared) { return (dnn_waiting){.roomy = roomy, .shared = shared}; }

static inline void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield" ::: "memory");
#endif
}

static inline bool spin(atomic_uint *number, unsigned old, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        if (atomic_load_explicit(number, memory_order_acquire) != old) return true;
        pause_briefly();
    }
    return false;
}

static long futex(atomic_uint *number, int operation, unsigned value, bool shared)
{
    return syscall(SYS_futex, number, shared ? operation : operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void sleep_until_changed(dnn_waiting how, atomic_uint *number, unsigned old, atomic_uint *sleepers)
{
    /* Announce, then look (in the kernel) - while the other side changes, then looks for announcements: one of the
     * two sees the other, so nobody sleeps through the change. */
    atomic_fetch_add(sleepers, 1);
    while (atomic_load(number) == old) futex(number, FUTEX_WAIT, old, how.shared);
    atomic_fetch_sub(sleepers, 1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void dnn_wait_while(dnn_waiting how, atomic_uint *number, unsigned old, atomic_uint *sleepers)
{
    if (spin(number, old, SPINS_ALWAYS)) return;
    if (!how.roomy) {
        sleep_until_changed(how, number, old, sleepers);
        return;
    }
    /* The cores may belong to others as well: whoever spins then loses its turn when it is needed. Waits so long that
     * spinning was in vain cut it to a quarter, others lengthen it step by step. */
    static _Thread_local unsigned spins = SPINS_MOST;
    const int64_t begin = now_ns();
    if (!spin(number, old, spins)) sleep_until_changed(how, number, old, sleepers);
    if (now_ns() - begin > LONG_NS)
        spins /= 4;
    else if (spins < SPINS_MOST)
        spins += SPINS_MORE;
}

void dnn_wait_wake(dnn_waiting how, atomic_uint *number, atomic_uint *sleepers)
{
    if (atomic_load(sleepers) > 0) futex(number, FUTEX_WAKE, INT_MAX, how.shared);
}
