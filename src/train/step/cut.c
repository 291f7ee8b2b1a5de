/* A global batch cut into shards. Products run per shard, so their shape depends on the batch and on V alone, never on which worker
 * owns the shard. */
#include "train/step/runner.h"

cut cut_batch(size_t batch, size_t shards, const dnn_team *team)
{
    const size_t v = shards ? shards : (size_t)dnn_team_all_workers(team);
    return (cut){ .batch = batch, .shards = v, .capacity = (batch + v - 1) / v, .exact = shards > 0 };
}

void cut_rows(const cut *c, size_t rows, size_t v, size_t *first, size_t *count, size_t *capacity)
{
    const size_t each = (rows + c->shards - 1) / c->shards;
    const size_t begin = v * each < rows ? v * each : rows;
    *capacity = each;
    *first = begin;
    *count = rows - begin < each ? rows - begin : each;
}

void cut_shards(size_t shards, size_t w, size_t workers, size_t *first, size_t *end)
{
    *first = shards * w / workers;
    *end = shards * (w + 1) / workers;
}
