/* Why a loss is not finite. Workers leave the pass backward out then (worker_goes_backward), so that the gradients of the step before are still there: where
 * one of them was not finite, all weights are not by now, and the rank that it came from is the one to look at. Nothing of this costs anything
 * while all is well. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "train/loop/trainer.h"

enum { LOSS = 1, GRADIENT = 2, INPUT = 4, NAMED = 4 };

static bool gradient_is_finite(const worker *k)
{
    const size_t total = k->r->graph->segments.total;
    for (size_t b = 0; b < k->n_bays; b++)
        for (size_t i = 0; i < total; i++)
            if (!isfinite(k->bays[b].shard.gradient[i])) return false;
    return true;
}

static bool inputs_are_finite(const worker *k)
{
    const dnn_graph *g = k->r->graph;
    for (size_t b = 0; b < k->n_bays; b++)
        for (size_t i = 0; i < g->n_inputs; i++) {
            const size_t n = k->bays[b].shard.rows * dnn_shape_units(&g->inputs[i].shape);
            for (size_t j = 0; j < n; j++)
                if (!isfinite(k->bays[b].x[i][j])) return false;
        }
    return true;
}

static unsigned char findings(const runner *r)
{
    unsigned char found = 0;
    for (int w = 0; w < r->n_workers; w++) {
        const worker *k = &r->workers[w];
        if (k->loss_is_finite) continue;
        found |= LOSS;
        if (!inputs_are_finite(k)) found |= INPUT;
        if (!worker_goes_backward(k) && !gradient_is_finite(k)) found |= GRADIENT;
    }
    return found;
}

/* "rank 2", "ranks 0, 3"; empty where none or all have found it: then it tells nothing. */
static void name_ranks(const unsigned char *all, int ranks, unsigned char what, char *out, size_t size)
{
    int count = 0, named = 0;
    for (int r = 0; r < ranks; r++) count += (all[r] & what) != 0;
    out[0] = '\0';
    if (count == 0 || (count == ranks && ranks > 1)) return;
    size_t used = (size_t)snprintf(out, size, "rank%s ", count == 1 ? "" : "s");
    for (int r = 0; r < ranks && named < NAMED; r++)
        if (all[r] & what) used += (size_t)snprintf(out + used, size - used, "%s%d", named++ ? ", " : "", r);
    if (count > named) snprintf(out + used, size - used, " and %d more", count - named);
}

dnn_status divergence_status(trainer *t)
{
    const int ranks = dnn_comm_size(t->comm);
    unsigned char mine = findings(&t->run), *all = dnn_alloc((size_t)ranks, 1);
    char who[96] = "", cause[192] = "";
    const dnn_status st = dnn_agree(t->comm, all ? DNN_OK : DNN_E_MEMORY);
    if (st == DNN_OK) {
        dnn_comm_gather(t->comm, &mine, 1, all);
        name_ranks(all, ranks, INPUT, who, sizeof who);
        if (who[0]) snprintf(cause, sizeof cause, ", nor are the inputs of %s", who);
        else name_ranks(all, ranks, GRADIENT, who, sizeof who);
        if (who[0] && !cause[0]) snprintf(cause, sizeof cause, ", since the gradient of %s was not in the step before", who);
        if (!who[0]) name_ranks(all, ranks, LOSS, who, sizeof who);
        if (who[0] && !cause[0] && ranks > 1) snprintf(cause, sizeof cause, " on %s", who);
    }
    dnn_free(all);
    if (st != DNN_OK) return st;
    return dnn_fail(DNN_E_DIVERGED, "epoch %llu, step %llu: the loss is not finite%s; nothing was updated or saved since. A smaller learning rate, "
                    "clipping (global_clipnorm: 1.0) or scaled features may help", (unsigned long long)t->epoch + 1, (unsigned long long)t->step + 1, cause);
}
