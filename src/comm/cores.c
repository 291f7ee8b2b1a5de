/* Which processors a rank may run on. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "comm/internal.h"

void dnn_cores_read(dnn_cores *out)
{
    memset(out, 0, sizeof *out);
    /* Larger than cpu_set_t, because the kernel refuses a set that is smaller than the machine. */
    if (sched_getaffinity(0, sizeof out->bits, (cpu_set_t *)(void *)out->bits) != 0) {
        const long online = sysconf(_SC_NPROCESSORS_ONLN);
        for (long i = 0; i < online && i < 64 * 128; i++) out->bits[i / 64] |= UINT64_C(1) << (i % 64);
    }
}

void dnn_cores_add(dnn_cores *to, const dnn_cores *from)
{
    for (size_t i = 0; i < 128; i++) to->bits[i] |= from->bits[i];
}

int dnn_cores_count(const dnn_cores *cores)
{
    int count = 0;
    for (size_t i = 0; i < 128; i++) count += __builtin_popcountll(cores->bits[i]);
    return count > 0 ? count : 1;
}

int dnn_comm_cores(void)
{
    dnn_cores mine;
    dnn_cores_read(&mine);
    return dnn_cores_count(&mine);
}

static bool has(const dnn_cores *cores, int i) { return i < 64 * 128 && (cores->bits[i / 64] >> (i % 64) & 1); }

void dnn_comm_core_list(char *out, size_t size)
{
    dnn_cores mine;
    dnn_cores_read(&mine);
    size_t used = 0;
    out[0] = '\0';
    for (int first = 0; first < 64 * 128; first++) {
        if (!has(&mine, first)) continue;
        int last = first;
        while (has(&mine, last + 1)) last++;
        char one[32];
        const int n = first == last ? snprintf(one, sizeof one, "%s%d", used ? "," : "", first)
                                    : snprintf(one, sizeof one, "%s%d-%d", used ? "," : "", first, last);
        if (used + (size_t)n + sizeof "…" > size) {
            snprintf(out + used, size - used, "…");
            return;
        }
        memcpy(out + used, one, (size_t)n + 1);
        used += (size_t)n;
        first = last;
    }
}
