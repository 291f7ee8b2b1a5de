#include "train/replicas.h"

#include <string.h>

/* Any bit that differs changes it: each word is mixed into all bits before the next one comes (multiplier of splitmix64, Steele et al. 2014). */
static uint64_t hash_of(const float *values, size_t n)
{
    uint64_t hash = n;
    for (size_t i = 0; i < n; i++) {
        uint32_t word;
        memcpy(&word, &values[i], sizeof word);
        hash = (hash ^ word) * UINT64_C(0xbf58476d1ce4e5b9);
        hash ^= hash >> 29;
    }
    return hash;
}

dnn_status replicas_check(const runner *r, uint64_t step)
{
    if (dnn_team_count(r->team) == 1) return DNN_OK;
    const uint64_t hash = hash_of(r->weights, r->graph->segments.total);
    if (dnn_comm_same(dnn_team_comm(r->team), &hash, sizeof hash)) return DNN_OK;
    return dnn_fail(DNN_E_REPLICAS, "after step %llu the weights of the %d teams differ: the machines compute differently (processors, math libraries or "
                    "builds are not the same), or a memory is at fault; go on from the last checkpoint on machines that are alike",
                    (unsigned long long)step, dnn_team_count(r->team));
}
