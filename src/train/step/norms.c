/* What takes whole tensors: clipping by norm, and optimizers that scale by norms of directions and weights (LAMB, LARS) or turn a tensor's direction as
 * one. All blocks are reduced by then. */
#include <math.h>

#include "dnn/base/failpoint.h"
#include "train/step/plants.h"
#include "train/step/update.h"

/* Norms per segment from sums of squares per block, added in block order: the same bits on every worker. Returns that of all. */
static double find_norms(const runner *r, const double *squares, double *norms)
{
    double all = 0.0;
    for (size_t s = 0; s < r->graph->segments.count; s++) {
        double sum = 0.0;
        for (size_t b = r->segment_first_block[s]; b < r->segment_first_block[s + 1]; b++) sum += squares[b];
        norms[s] = sqrt(sum);
        all += sum;
    }
    return sqrt(all);
}

void clip_blocks(worker *k, const step_plan *p, size_t first, size_t end)
{
    runner *r = k->r;
    if (r->clip.needs_norms || p->wants_norm) {
        dnn_team_barrier(r->team);
        k->gradient_norm = find_norms(r, r->squares, k->norms);
        if (DNN_PLANT(norm_of_own_slice)) k->gradient_norm = plant_norm_of_slice(k);
        k->clip_factor = dnn_clip_factors(&r->clip, &r->graph->segments, k->norms, k->gradient_norm, k->factors);
    }
    if (!p->updates) k->clip_factor = 1.0; /* only means are clipped */
    if (!r->clip.any || !p->updates) return;
    for (size_t i = first; i < end; i++)
        dnn_clip_apply(&r->clip, r->clip.needs_norms ? k->factors[r->blocks[i].segment] : 1.0, r->reduced + r->blocks[i].offset,
                       r->blocks[i].length);
}

/* Where a direction takes the whole tensor, tensors are shared among the workers in place of blocks. */
static void find_tensor_directions(worker *k, const step_plan *p)
{
    runner *r = k->r;
    size_t first, end;
    slice_of(k, r->graph->segments.count, &first, &end);
    for (size_t s = first; s < end; s++) {
        const dnn_segment *g = &r->graph->segments.at[s];
        if (r->segment_first_block[s] == r->segment_first_block[s + 1]) continue;
        const slice_block whole = { .segment = (uint32_t)s, .offset = g->offset, .length = (uint32_t)g->length };
        dnn_update u = update_of(k, &whole, p, r->reduced + g->offset);
        u.n = g->length;
        rule_of(r)->tensor_direction(r->optimizer->params, &u, &g->shape, r->reduced + g->offset);
    }
    dnn_team_barrier(r->team);
}

/* Directions in place of gradients, then the norms of tensors and of their directions. The rule moves weights that have decayed,
 * hence their norm. */
void find_rule_norms(worker *k, const step_plan *p, size_t first, size_t end)
{
    runner *r = k->r;
    dnn_team_barrier(r->team); /* everybody has done with the norms of gradients, and with its blocks of them */
    if (rule_of(r)->tensor_direction) find_tensor_directions(k, p);
    for (size_t i = first; i < end; i++) {
        const slice_block *b = &r->blocks[i];
        float *g = r->reduced + b->offset;
        const dnn_update u = update_of(k, b, p, g);
        if (rule_of(r)->direction) rule_of(r)->direction(r->optimizer->params, &u, g);
        r->squares[i] = dnn_square_sum(g, b->length);
        r->weight_squares[i] = dnn_square_sum(r->weights + b->offset, b->length);
    }
    dnn_team_barrier(r->team);
    find_norms(r, r->squares, k->norms);
    if (DNN_PLANT(trust_ratio_of_first_block)) k->norms[r->blocks[0].segment] = sqrt(r->squares[0]);
    find_norms(r, r->weight_squares, k->weight_norms);
    for (size_t s = 0; s < r->graph->segments.count; s++)
        k->weight_norms[s] *= fabs(1.0 - p->learning_rate * dnn_optimizer_weight_decay(r->optimizer, r->graph->segments.at[s].name));
}
