#include "train/step/replicas.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"

enum { LANES = 64 }; /* so many side by side that the multiplications need not wait for each other */

/* A lane takes every 64th word through steps that can be undone, so one bit that differs changes it for certain, and so the block's hash but by a chance
 * of 2^-64 where several lanes differ (odd multiplier and shift of MurmurHash3's finalizer, Appleby). */
static uint64_t hash_block(const float *values, size_t n, uint64_t place)
{
    uint32_t lane[LANES], word[LANES];
    for (uint32_t j = 0; j < LANES; j++) lane[j] = j * 0x9e3779b9u + 1u;
    for (size_t i = 0; i < n; i += LANES) {
        const size_t left = n - i < LANES ? n - i : LANES;
        if (left < LANES) memset(word, 0, sizeof word);
        memcpy(word, values + i, left * sizeof *word);
        for (size_t j = 0; j < LANES; j++) {
            lane[j] = (lane[j] ^ word[j]) * 0x85ebca6bu;
            lane[j] ^= lane[j] >> 13;
        }
    }
    uint64_t hash = (place + 1) * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t j = 0; j < LANES; j++) {
        hash = (hash ^ lane[j]) * UINT64_C(0xbf58476d1ce4e5b9);
        hash ^= hash >> 29;
    }
    return hash;
}

static size_t vectors_of(const runner *r) { return 1 + r->n_slots; }
static const float *vector_of(const runner *r, size_t v) { return v == 0 ? r->weights : r->slots[v - 1]; }

/* Blocks [first, end) of a segment in one of the vectors. */
static uint64_t hash_stretch(const runner *r, size_t vector, size_t segment, size_t first, size_t end)
{
    const dnn_segment *g = &r->graph->segments.at[segment];
    uint64_t sum = 0;
    for (size_t b = first; b < end; b++) {
        const size_t at = b * DNN_BLOCK, n = g->length - at < DNN_BLOCK ? g->length - at : DNN_BLOCK;
        sum += hash_block(vector_of(r, vector) + g->offset + at, n, vector * r->graph->segments.total + g->offset + at);
    }
    return sum;
}

bool replicas_due(const runner *r, uint64_t step) { return r->sentinel > 0 && step % r->sentinel == 0 && dnn_team_count(r->team) > 1; }

/* The blocks of all weights in slices; moving statistics are worker 0's, who alone writes them. */
static uint64_t hash_of_share(const worker *k)
{
    const runner *r = k->r;
    const dnn_segments *all = &r->graph->segments;
    size_t blocks = 0, first, end, seen = 0;
    uint64_t sum = 0;
    for (size_t s = 0; s < all->count; s++) blocks += all->at[s].weight ? dnn_segment_blocks(&all->at[s]) : 0;
    slice_of(k, blocks, &first, &end);
    for (size_t s = 0; s < all->count; s++) {
        const size_t own = dnn_segment_blocks(&all->at[s]);
        if (!all->at[s].weight) {
            if (k->index == 0) sum += hash_stretch(r, 0, s, 0, own);
            continue;
        }
        const size_t from = first > seen ? first - seen : 0, to = end < seen + own ? (end > seen ? end - seen : 0) : own;
        for (size_t v = 0; v < vectors_of(r) && from < to; v++) sum += hash_stretch(r, v, s, from, to);
        seen += own;
    }
    return sum;
}

/* The word behind a worker's flags. Its bits are no number: it is copied, never computed with. */
void replicas_put_hash(const worker *k, double *records)
{
    const uint64_t hash = hash_of_share(k);
    memcpy(records + k->r->flags_at[dnn_team_first_of_all(k->r->team) + k->index] + 1, &hash, sizeof hash);
}

static uint64_t hash_of_team(const runner *r, const double *records, int team)
{
    uint64_t sum = 0, word;
    for (int w = dnn_team_first_worker_of(r->team, team); w < dnn_team_first_worker_of(r->team, team + 1); w++) {
        memcpy(&word, records + r->flags_at[w] + 1, sizeof word);
        sum += word;
    }
    return sum;
}

bool replicas_same(const runner *r, const double *records)
{
    for (int t = 1; t < dnn_team_count(r->team); t++)
        if (hash_of_team(r, records, t) != hash_of_team(r, records, 0)) return false;
    return true;
}

/* In the record of the step that has just ended: who writes there next has passed the next step's meeting. */
bool replicas_meet(worker *k)
{
    double *records = k->r->records[(k->step + 1) % 2];
    if (dnn_team_count(k->r->team) == 1) return true;
    replicas_put_hash(k, records);
    meet(k, records, k->r->record_offsets);
    return replicas_same(k->r, records);
}

/* ---- whose copy, and what of it ---- */

typedef struct owner { int team; char host[64]; } owner;

/* A hash for each tensor of each vector, as this rank sees its team's copy. */
static void hash_tensors(const runner *r, uint64_t *out)
{
    const dnn_segments *all = &r->graph->segments;
    for (size_t v = 0; v < vectors_of(r); v++)
        for (size_t s = 0; s < all->count; s++)
            out[v * all->count + s] = v == 0 || all->at[s].weight ? hash_stretch(r, v, s, 0, dnn_segment_blocks(&all->at[s])) : 0;
}

/* One rank speaks for each team. */
static bool speaks(const owner *owners, int rank)
{
    for (int i = 0; i < rank; i++)
        if (owners[i].team == owners[rank].team) return false;
    return true;
}

/* Teams that have `hash` at `tensor`. */
static int holders(const uint64_t *all, const owner *owners, int ranks, size_t tensors, size_t tensor, uint64_t hash)
{
    int count = 0;
    for (int i = 0; i < ranks; i++) count += speaks(owners, i) && all[(size_t)i * tensors + tensor] == hash;
    return count;
}

static dnn_status name_difference(const runner *r, uint64_t step, const uint64_t *all, const owner *owners, size_t tensors)
{
    const int ranks = dnn_comm_size(dnn_team_comm(r->team)), teams = dnn_team_count(r->team);
    size_t tensor = 0;
    while (tensor < tensors && holders(all, owners, ranks, tensors, tensor, all[tensor]) == teams) tensor++;
    if (tensor == tensors) return dnn_fail(DNN_E_INTERNAL, "the hashes of the teams' copies differ, but those of no tensor");
    int most = 0;
    for (int i = 0; i < ranks; i++) {
        const int n = holders(all, owners, ranks, tensors, tensor, all[(size_t)i * tensors + tensor]);
        most = n > most ? n : most;
    }
    char who[512] = "";
    for (int i = 0; i < ranks; i++) {
        const int n = holders(all, owners, ranks, tensors, tensor, all[(size_t)i * tensors + tensor]);
        const size_t used = strlen(who);
        if (speaks(owners, i) && (n < most || most * 2 <= teams))
            snprintf(who + used, sizeof who - used, "%steam %d (rank %d on %s)", used ? ", " : "", owners[i].team, i, owners[i].host);
    }
    const size_t vector = tensor / r->graph->segments.count;
    const dnn_segment *g = &r->graph->segments.at[tensor % r->graph->segments.count];
    return dnn_fail(DNN_E_REPLICAS, "after step %llu the copies of the %d teams differ, first in %s%s%s: %s %s; they were last seen the same after step %llu. A "
                    "memory is at fault, or the machines compute differently (processors, math libraries or builds are not the same); go on from the last "
                    "checkpoint (--resume auto) on machines that are sound and alike", (unsigned long long)step, teams,
                    vector ? dnn_optimizer_vector_name(r->optimizer, vector - 1) : "", vector ? " of " : "", g->name, who,
                    most * 2 > teams ? "has other bits than the rest" : "have other bits each than the others", (unsigned long long)r->last_same);
}

dnn_status replicas_check(runner *r, uint64_t step)
{
    dnn_comm *comm = dnn_team_comm(r->team);
    if (dnn_team_count(r->team) == 1) return DNN_OK;
    const size_t tensors = vectors_of(r) * r->graph->segments.count, ranks = (size_t)dnn_comm_size(comm);
    uint64_t *mine = dnn_alloc(tensors, sizeof *mine), *all = dnn_alloc(tensors * ranks, sizeof *all);
    owner *owners = dnn_alloc(ranks, sizeof *owners);
    dnn_status st = dnn_agree(comm, mine && all && owners ? DNN_OK : DNN_E_MEMORY);
    if (st == DNN_OK) {
        hash_tensors(r, mine);
        if (dnn_comm_same(comm, mine, tensors * sizeof *mine)) {
            r->last_same = step;
        } else {
            owner own = { .team = dnn_team_index(r->team) };
            snprintf(own.host, sizeof own.host, "%s", dnn_comm_host(comm));
            dnn_comm_gather(comm, mine, tensors * sizeof *mine, all);
            dnn_comm_gather(comm, &own, sizeof own, owners);
            st = name_difference(r, step, all, owners, tensors);
        }
    }
    dnn_free(mine);
    dnn_free(all);
    dnn_free(owners);
    return st;
}
