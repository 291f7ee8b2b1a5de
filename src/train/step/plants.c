#include "train/step/plants.h"

#ifdef DNN_FAILPOINTS

#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"

static size_t total_of(const runner *r) { return r->graph->segments.total; }

void plant_clip_shards(worker *k)
{
    const double limit = k->r->clip.global_clipnorm;
    for (size_t i = 0; i < k->n_bays; i++) {
        float *g = k->bays[i].shard.gradient;
        const double rows = (double)k->bays[i].shard.rows, norm = sqrt(dnn_square_sum(g, total_of(k->r))) / (rows > 0.0 ? rows : 1.0);
        for (size_t j = 0; j < total_of(k->r) && norm > limit; j++) g[j] *= (float)(limit / norm);
    }
}

void plant_mean_of_means(worker *k, size_t rows)
{
    for (size_t i = 0; i < k->n_bays; i++) {
        float *g = k->bays[i].shard.gradient;
        const double own = (double)k->bays[i].shard.rows, factor = own > 0.0 ? (double)rows / (own * (double)k->r->cut.shards) : 0.0;
        for (size_t j = 0; j < total_of(k->r); j++) g[j] *= (float)factor;
    }
}

double plant_own_rows(const worker *k)
{
    double rows = 0.0;
    for (size_t i = 0; i < k->n_bays; i++) rows += (double)k->bays[i].shard.rows;
    return rows > 0.0 ? rows : 1.0;
}

const float *plant_stale_weights(worker *k)
{
    static float *old, *now; /* of the one worker this happens to */
    const runner *r = k->r;
    const size_t bytes = total_of(r) * sizeof *old;
    if (dnn_team_first_of_all(r->team) + k->index != dnn_team_all_workers(r->team) - 1) return r->weights;
    if (!old) {
        old = dnn_alloc_aligned(bytes);
        now = dnn_alloc_aligned(bytes);
        memcpy(now, r->weights, bytes);
    }
    memcpy(old, now, bytes);
    memcpy(now, r->weights, bytes);
    return old;
}

void plant_class_weights(runner *r)
{
    const dnn_comm *comm = dnn_team_comm(r->team);
    const uint64_t n = dnn_dataset_rows(r->dataset, DNN_TRAIN), ranks = (uint64_t)dnn_comm_size(comm), rank = (uint64_t)dnn_comm_rank(comm);
    const uint64_t first = n * rank / ranks, end = n * (rank + 1) / ranks;
    for (uint64_t i = first; i < end; i++) {
        float label = 0.0f;
        dnn_dataset_gather_target(r->dataset, DNN_TRAIN, &i, 1, 0, &label);
        r->class_weight[(size_t)label]++;
    }
    for (size_t c = 0; c < r->classes; c++)
        r->class_weight[c] = r->class_weight[c] > 0.0 ? (double)(end - first) / ((double)r->classes * r->class_weight[c]) : 1.0;
}

void plant_normalize_weights(bay *b)
{
    double sum = 0.0;
    for (size_t i = 0; i < b->shard.rows; i++) sum += (double)b->weight[i];
    for (size_t i = 0; i < b->shard.rows && sum > 0.0; i++) b->weight[i] *= (float)((double)b->shard.rows / sum);
}

void plant_average_metrics(worker *k, const double *records)
{
    const runner *r = k->r;
    const size_t at = r->record - 2;
    double sum = 0.0, shards = 0.0;
    for (size_t v = 0; v < r->cut.shards; v++) {
        const double *record = records + r->record_at[v];
        if (record[at + 1] > 0.0) sum += record[at] / record[at + 1], shards++;
    }
    k->outcome[at] = k->outcome[at + 1] * sum / shards;
}

void plant_leave_out_record(worker *k, const double *record)
{
    for (size_t i = 0; i < k->r->record; i++) k->outcome[i] -= record[i];
}

void plant_add_last_shard(const runner *r, const slice_block *b, float scale, float *out)
{
    const float *last = r->gradients + (r->team_shards - 1) * total_of(r) + b->offset;
    for (size_t i = 0; i < b->length; i++) out[i] += last[i] * scale;
}

void plant_add_in_another_order(const runner *r, const slice_block *b, float scale, float *out)
{
    memset(out, 0, b->length * sizeof *out);
    for (size_t s = 0; s < r->team_shards; s++) {
        const size_t from = (s + (size_t)dnn_team_all_workers(r->team)) % r->team_shards;
        const float *g = r->gradients + from * total_of(r) + b->offset;
        for (size_t i = 0; i < b->length; i++) out[i] += g[i];
    }
    for (size_t i = 0; i < b->length; i++) out[i] *= scale;
}

double plant_norm_of_slice(const worker *k)
{
    size_t first, end;
    double sum = 0.0;
    slice_of(k, k->r->n_blocks, &first, &end);
    for (size_t i = first; i < end; i++) sum += k->r->squares[i];
    return sqrt(sum);
}

void plant_flip(const runner *r, float *vector)
{
    const slice_block *last = &r->blocks[r->n_blocks - 1];
    uint32_t word;
    memcpy(&word, vector + last->offset + last->length / 2, sizeof word);
    word ^= 1u << 9;
    memcpy(vector + last->offset + last->length / 2, &word, sizeof word);
}

#endif
