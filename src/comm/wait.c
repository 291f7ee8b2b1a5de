#include "comm/wait.h"
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* With a core for each, a sleeper's way through the kernel costs 50 us and more, so wait about that long. With more workers
 * than cores whoever spins keeps the one it waits for from running. */
enum { SPINS_ROOMY = 4000, SPINS_CROWDED = 20 };

dnn_waiting dnn_waiting_make(bool roomy, bool shared)
{
    return (dnn_waiting){.spins = roomy ? SPINS_ROOMY : SPINS_CROWDED, .shared = shared};
}

static inline void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield" ::: "memory");
#endif
}

static long futex(atomic_uint *number, int operation, unsigned value, bool shared)
{
    return syscall(SYS_futex, number, shared ? operation : operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

void dnn_wait_while(dnn_waiting how, atomic_uint *number, unsigned old, atomic_uint *sleepers)
{
    for (unsigned i = 0; i < how.spins; i++) {
        if (atomic_load_explicit(number, memory_order_acquire) != old) return;
        pause_briefly();
    }
    /* Announce, then look (in the kernel) - while the other side changes, then looks for announcements: one of the
     * two sees the other, so nobody sleeps through the change. */
    atomic_fetch_add(sleepers, 1);
    while (atomic_load(number) == old) futex(number, FUTEX_WAIT, old, how.shared);
    atomic_fetch_sub(sleepers, 1);
}

void dnn_wait_wake(dnn_waiting how, atomic_uint *number, atomic_uint *sleepers)
{
    if (atomic_load(sleepers) > 0) futex(number, FUTEX_WAKE, INT_MAX, how.shared);
}
