#include "comm/sum.h"

#include <string.h>

#include "comm/bfloat16.h"
#include "dnn/base/status.h"

enum { ALIGN = 16, AT_ONCE = 512 };

/* Open MPI asks the receiver before it sends what is longer than a limit, 64 KiB for TCP. There the answer waits behind all that is already on its way to the
 * asker, and two who send each other much take turns instead of sending at once: 167 ms in place of 97 for 12 MB each way at 1 Gbit/s. Shorter messages set
 * out unasked. Within a machine long ones are copied once, from process to process. */
enum { UNASKED = 60 * 1024, LONGEST = 1 << 30 };

size_t sum_piece(bool several_hosts) { return several_hosts ? UNASKED : LONGEST; }

static size_t width(const sum_ways *w) { return w->halves ? sizeof(uint16_t) : sizeof(float); }
static size_t piece(const sum_ways *w) { return w->piece / width(w); }

/* Begins with whole cache lines, the first parts the longer ones. */
static size_t part_start(const sum_ways *w, size_t count, int part)
{
    const size_t lines = (count + ALIGN - 1) / ALIGN, at = lines * (size_t)part / (size_t)w->teams * ALIGN;
    return at < count ? at : count;
}

static size_t part_most(const sum_ways *w, size_t count) { return count / (size_t)w->teams + 2 * ALIGN; }

static void share_of(const sum_ways *w, const sum *s, int member, size_t *first, size_t *length)
{
    int from, to;
    hop_share(&w->hops[s->hop], member, &from, &to);
    *first = part_start(w, s->count, from);
    *length = part_start(w, s->count, to) - *first;
}

/* Of the hop that needs most: the first. */
size_t sum_scratch(const sum_ways *w, size_t count)
{
    const hop *h = &w->hops[0];
    int first, end;
    hop_share(h, 0, &first, &end);
    return (size_t)(h->members - 1) * (size_t)(end - first) * part_most(w, count);
}

size_t sum_requests(const sum_ways *w, size_t count)
{
    size_t most = 0;
    for (int i = 0; i < w->n_hops; i++) {
        int first, end;
        hop_share(&w->hops[i], 0, &first, &end);
        const size_t n = (size_t)(w->hops[i].members - 1) * ((size_t)(end - first) * part_most(w, count) / piece(w) + 1) * 2;
        if (n > most) most = n;
    }
    return most;
}

static int partner(const sum_ways *w, const hop *h, int member) { return w->team + (member - h->mine) * h->stride; }

static void receive(const sum_ways *w, sum *s, char *to, size_t count, int from)
{
    for (size_t at = 0; at < count; at += piece(w)) {
        const size_t n = count - at < piece(w) ? count - at : piece(w);
        MPI_Irecv(to + at * width(w), (int)(n * width(w)), MPI_BYTE, from, s->tag, w->mpi, &s->requests[s->posted++]);
    }
}

static void send(const sum_ways *w, sum *s, const char *values, size_t count, int to)
{
    for (size_t at = 0; at < count; at += piece(w)) {
        const size_t n = count - at < piece(w) ? count - at : piece(w);
        MPI_Isend(values + at * width(w), (int)(n * width(w)), MPI_BYTE, to, s->tag, w->mpi, &s->requests[s->posted++]);
    }
}

static void post(const sum_ways *w, sum *s)
{
    const hop *h = &w->hops[s->hop];
    size_t own, own_length, first, length;
    char *scratch = s->scratch;
    s->posted = s->arrived = 0;
    share_of(w, s, h->mine, &own, &own_length);
    for (int m = 0; m < h->members; m++) {
        if (m == h->mine) continue;
        share_of(w, s, m, &first, &length);
        if (!h->adds) receive(w, s, (char *)s->travels + first * width(w), length, partner(w, h, m));
        else receive(w, s, scratch, own_length, partner(w, h, m)), scratch += own_length * width(w);
    }
    for (int m = 0; m < h->members; m++) {
        if (m == h->mine) continue;
        share_of(w, s, m, &first, &length);
        if (h->adds) send(w, s, (char *)s->travels + first * width(w), length, partner(w, h, m));
        else send(w, s, (char *)s->travels + own * width(w), own_length, partner(w, h, m));
    }
}

static void widen(const sum_ways *w, const void *from, size_t n, float *to)
{
    if (!w->halves) memcpy(to, from, n * sizeof *to);
    else
        for (size_t i = 0; i < n; i++) to[i] = float_of_half(((const uint16_t *)from)[i]);
}

static void narrow(const sum_ways *w, const float *from, size_t n, void *to)
{
    if (!w->halves) memcpy(to, from, n * sizeof *from);
    else
        for (size_t i = 0; i < n; i++) ((uint16_t *)to)[i] = half_of_float(from[i]);
}

/* In the order of members, whoever comes first: the same bits everywhere and every time. Between hops values are rounded once. */
static void add(const sum_ways *w, sum *s)
{
    const hop *h = &w->hops[s->hop];
    size_t own, length;
    share_of(w, s, h->mine, &own, &length);
    char *into = (char *)s->travels + own * width(w);
    for (size_t at = 0; at < length; at += AT_ONCE) {
        const size_t n = length - at < AT_ONCE ? length - at : AT_ONCE;
        float total[AT_ONCE], more[AT_ONCE];
        const char *came = s->scratch;
        for (int m = 0; m < h->members; m++) {
            const char *from = m == h->mine ? into : came;
            if (m != h->mine) came += length * width(w);
            widen(w, from + at * width(w), n, m == 0 ? total : more);
            for (size_t i = 0; i < n && m > 0; i++) total[i] += more[i];
        }
        narrow(w, total, n, into + at * width(w));
    }
}

void sum_begin(const sum_ways *w, sum *s)
{
    if (w->halves) narrow(w, s->values, s->count, s->travels);
    s->hop = 0;
    post(w, s);
}

/* Those that have not come or gone yet are asked in the order in which they were posted. */
static bool test(sum *s)
{
    int over = true;
    const int before = s->arrived;
    while (s->arrived < s->posted && over) {
        MPI_Test(&s->requests[s->arrived], &over, MPI_STATUS_IGNORE);
        s->arrived += over;
    }
    return s->arrived > before;
}

bool sum_advance(const sum_ways *w, sum *s)
{
    bool moved = false;
    while (s->hop < w->n_hops) {
        moved |= test(s);
        if (s->arrived < s->posted) break;
        moved = true;
        if (w->hops[s->hop].adds) add(w, s);
        s->hop++;
        if (s->hop < w->n_hops) post(w, s);
        else if (w->halves) widen(w, s->travels, s->count, s->values);
    }
    return moved;
}
