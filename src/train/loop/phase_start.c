/* A phase begins: a new compile. What its optimizer keeps starts anew, weights and moving statistics stay. */
#include <string.h>

#include "dnn/base/log.h"
#include "dnn/comm/agree.h"
#include "train/loop/trainer.h"

/* The leader's copy is the team's. */
static void start_slots(trainer *t)
{
    const dnn_component *optimizer = t->run.optimizer;
    const dnn_optimizer_kind *kind = (const dnn_optimizer_kind *)optimizer->kind;
    const size_t own = dnn_optimizer_first_slot(optimizer), total = t->graph->segments.total;
    for (size_t s = 0; s < t->run.n_slots; s++) {
        const float start = s >= own && kind->slot_start ? kind->slot_start(optimizer->params, s - own) : 0.0f;
        for (size_t i = 0; i < total; i++) t->run.slots[s][i] = start;
    }
    memset(t->run.reduced, 0, total * sizeof *t->run.reduced); /* teams add it up whole: what is frozen now must not grow there */
}

dnn_status phase_start(trainer *t, size_t number, uint64_t first_epoch, uint64_t first_step)
{
    static const double no_scalars[DNN_MAX_SCALARS];
    const phase *p = &t->phases.at[number];
    t->phase = number;
    t->phase_first_epoch = first_epoch;
    t->stop = false;
    dnn_comm_barrier(t->comm); /* nobody reads the old state any more */
    phases_freeze(p, t->graph);
    const dnn_status st = dnn_agree(t->comm, runner_begin(&t->run, &p->optimizer, first_step, p->epochs));
    if (st != DNN_OK) return st;
    if (dnn_team_leads(t->team)) start_slots(t);
    runner_set_step(&t->run, first_step, no_scalars);
    dnn_comm_barrier(t->comm);
    return DNN_OK;
}

void phase_announce(const trainer *t)
{
    size_t weights = 0, trainable = 0;
    if (t->phases.count == 1 || dnn_comm_rank(t->comm) != 0) return;
    dnn_graph_count(t->graph, &weights, &trainable);
    dnn_info("phase %zu of %zu: from epoch %llu, %zu of %zu parameters trainable", t->phase + 1, t->phases.count,
             (unsigned long long)t->phase_first_epoch + 1, trainable, weights);
}
