/* When checkpoints are written, and where the loop hands them to the saver. */
#include "dnn/base/clock.h"
#include "dnn/base/log.h"
#include "dnn/comm/agree.h"
#include "train/loop/loop.h"

static const double least_between_saves = 1.0; /* seconds, that signals ask for */

/* By number of steps: known to every worker. What rank 0 alone knows, the clock and signals, comes as a flag. */
bool save_due(const trainer *t, const worker *k)
{
    const dnn_every_config *every = &t->config.checkpoint.every;
    return (k->flags & FLAG_SAVE) || (every->steps == every->steps && k->step % (uint64_t)every->steps == 0);
}

bool time_to_save(trainer *t, const worker *k, bool asked)
{
    const dnn_every_config *every = &t->config.checkpoint.every;
    if (asked || (k->flags & FLAG_WISH_SAVE)) t->save_wished = true;
    if (k->flags & FLAG_SAVE) return false; /* this very step's serves */
    const double since = dnn_clock_seconds() - t->last_saved;
    /* signals reach all ranks of a job, not all at once: they mean one save */
    if (t->save_wished && since >= least_between_saves) return true;
    return every->seconds == every->seconds && since >= every->seconds;
}

/* Rank 0, its copy being complete. */
static dnn_status hand_over(trainer *t)
{
    const dnn_status st = t->saver.n_targets > 0 ? saver_hand_over(t) : DNN_OK;
    t->save_wished = false;
    t->last_saved = dnn_clock_seconds();
    return st;
}

/* A checkpoint must not stand beyond the lines of the history: what cannot take those is not asked for more. */
dnn_status want_checkpoint(trainer *t)
{
    const dnn_status st = history_flush(&t->history);
    return st == DNN_OK ? saver_want_checkpoint(t) : saver_failed(t, st);
}

void save_in_epoch(trainer *t, worker *k)
{
    const bool writes = k->main && dnn_comm_rank(t->comm) == 0;
    if (writes) t->epoch_seconds += dnn_clock_seconds() - t->epoch_began;
    saver_copy(t, k);
    if (!writes) return;
    if (t->side_status == DNN_OK) t->side_status = want_checkpoint(t);
    if (t->side_status == DNN_OK) t->side_status = hand_over(t);
    if (t->side_status != DNN_OK) __atomic_fetch_or(&t->run.request, FLAG_FAILED, __ATOMIC_RELAXED);
    t->epoch_began = dnn_clock_seconds();
}

static void copy_worker(void *context, int index)
{
    trainer *t = context;
    saver_copy(t, &t->run.workers[index - dnn_team_first_worker(t->team)]);
}

dnn_status save_wanted(trainer *t)
{
    bool any = t->saver.n_targets > 0 && !t->saver.handed_over;
    dnn_comm_broadcast(t->comm, &any, sizeof any, 0);
    if (!any) return DNN_OK;
    dnn_team_run(t->team, copy_worker, t);
    return dnn_agree_root(t->comm, dnn_comm_rank(t->comm) == 0 ? hand_over(t) : DNN_OK);
}

dnn_status save_and_stop(trainer *t)
{
    dnn_status st = DNN_OK;
    if (dnn_comm_rank(t->comm) == 0) st = history_flush(&t->history);
    if (dnn_comm_rank(t->comm) == 0 && st == DNN_OK) st = saver_save_now(t);
    if (st != DNN_OK && st != DNN_E_DIVERGED) st = dnn_fail(st, "stopped on request after step %llu, but it could not be saved: %s", (unsigned long long)t->step, dnn_fail_text());
    st = dnn_agree_root(t->comm, st);
    if (st != DNN_OK) return st;
    return dnn_fail(DNN_E_STOPPED, "stopped %s after step %llu, checkpoint saved; go on with --resume auto",
                    t->out_of_time ? "before the batch job's end" : "on request", (unsigned long long)t->step);
}

void tell_waiting(const trainer *t, double began)
{
    const double waited = t->saver.waited, all = dnn_clock_seconds() - began;
    if (waited < 1.0 || waited < 0.1 * all) return;
    dnn_advise("the training has waited %.1f of its %.1f seconds for checkpoints that were still being written: checkpoint.every may be larger", waited, all);
}
