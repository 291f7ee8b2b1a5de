/* The course of a training. Within an epoch every worker runs steps on its own, meeting the others inside each step; the main thread of a rank looks up
 * after each step (signals, steps.csv, saving, progress), and between epochs validates and asks the callbacks. Everything decided
 * here is decided from values that are the same on all ranks. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "dnn/base/clock.h"
#include "dnn/base/failpoint.h"
#include "dnn/base/log.h"
#include "dnn/comm/agree.h"
#include "dnn/math/blas.h"
#include "train/loop/deadline.h"
#include "train/loop/trainer.h"
#include "train/loop/values.h"
#include "train/observe/diagnosis.h"
#include "train/step/replicas.h"

static const double show_every = 0.1;  /* seconds */
static const double least_between_saves = 1.0; /* that signals ask for */

static dnn_report report_of(trainer *t, size_t count)
{
    return (dnn_report){ .epoch = t->epoch, .step = t->step, .learning_rate = t->last_rate, .seconds = t->epoch_seconds,
                         .names = t->names, .values = t->values, .count = count, .writes = dnn_comm_rank(t->comm) == 0,
                         .output = t->config.output, .segments = &t->graph->segments, .weights = t->run.weights,
                         .gradients = t->run.keeps_gradient ? t->run.reduced : NULL };
}

/* Values of the epoch so far: batch losses with the penalties of their moment, weighted by batch rows. */
static void epoch_values(trainer *t)
{
    const double samples = dnn_objective_samples(t->epoch_record);
    values_of(t->objective, t->graph, t->epoch_record, samples > 0 ? t->epoch_penalty / samples : 0.0, t->values);
}

static void show(trainer *t)
{
    if (!t->progress || !t->progress->step) return;
    const double at = dnn_clock_seconds();
    if (at - t->last_shown < show_every) return;
    t->last_shown = at;
    epoch_values(t);
    dnn_report running = report_of(t, t->n_train_values);
    running.epoch++;
    running.seconds = t->epoch_seconds + at - t->epoch_began;
    t->progress->step(t->progress->context, t->epoch_step, &running);
}

/* By number of steps: known to every worker. What rank 0 alone knows, the clock and signals, comes as a flag. */
static bool save_due(const trainer *t, const worker *k)
{
    const dnn_every_config *every = &t->config.checkpoint.every;
    return (k->flags & FLAG_SAVE) || (every->steps == every->steps && k->step % (uint64_t)every->steps == 0);
}

static bool time_to_save(trainer *t, const worker *k, bool asked)
{
    const dnn_every_config *every = &t->config.checkpoint.every;
    if (asked || (k->flags & FLAG_WISH_SAVE)) t->save_wished = true;
    if (k->flags & FLAG_SAVE) return false; /* this very step's serves */
    const double since = dnn_clock_seconds() - t->last_saved;
    /* signals reach all ranks of a job, not all at once: they mean one save */
    if (t->save_wished && since >= least_between_saves) return true;
    return every->seconds == every->seconds && since >= every->seconds;
}

static double wall_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The batch system says when, we end before; NaN is never reached. */
static bool time_is_up(trainer *t)
{
    const double at = dnn_clock_seconds();
    if (at - t->last_look > t->longest_look) t->longest_look = at - t->last_look;
    t->last_look = at;
    if (wall_clock() >= t->job_end - deadline_margin(t->job_given, t->saver.last_seconds, t->longest_look)) t->out_of_time = true;
    return t->out_of_time;
}

static void learn_deadline(trainer *t)
{
    t->last_look = dnn_clock_seconds();
    t->job_end = NAN;
    if (dnn_comm_rank(t->comm) != 0) return;
    t->job_end = deadline_of_job();
    t->job_given = t->job_end - wall_clock();
    if (isnan(t->job_end)) return;
    dnn_info("the batch job ends in %.0f minutes; the training saves and stops %.0f seconds before", t->job_given / 60.0,
             deadline_margin(t->job_given, 0.0, 0.0));
}

/* Rank 0, its copy being complete. */
static dnn_status hand_over(trainer *t)
{
    const dnn_status st = t->saver.n_targets > 0 ? saver_hand_over(t) : DNN_OK;
    t->save_wished = false;
    t->last_saved = dnn_clock_seconds();
    return st;
}

/* Rank 0. A checkpoint must not stand beyond the lines of the history: what cannot take those is not asked for more. */
static dnn_status want_checkpoint(trainer *t)
{
    const dnn_status st = history_flush(&t->history);
    return st == DNN_OK ? saver_want_checkpoint(t) : saver_failed(t, st);
}

/* Every worker, after a step after which a checkpoint is due. */
static void save_in_epoch(trainer *t, worker *k)
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

static dnn_status log_step(trainer *t, const worker *k)
{
    double values[MAX_VALUES];
    values_of(t->objective, t->graph, k->outcome, penalties_of_step(&t->run), values);
    return history_step(&t->history, &(step_line){ .step = t->step, .epoch = t->epoch + 1, .learning_rate = t->last_rate, .loss = values[0],
                                                   .gradient_norm = k->gradient_norm, .clip_factor = k->clip_factor });
}

/* Main thread of each rank, after a step: the other workers are already in the next one, which cannot change weights before this
 * worker has joined it. */
static void after_step(trainer *t, const worker *k)
{
    t->last_rate = runner_learning_rate(&t->run, t->step);
    t->step++;
    t->epoch_step++;
    dnn_watch_step(t->epoch, t->step);
    for (size_t i = 0; i < t->run.record; i++) t->epoch_record[i] += k->outcome[i];
    t->epoch_penalty += penalties_of_step(&t->run) * dnn_objective_samples(k->outcome);
    uint64_t asked = signals_asked() | watchers_step_end(t, k->outcome);
    const bool wished = asked & FLAG_WISH_SAVE;
    if (t->side_status == DNN_OK) t->side_status = t->run.fault;
    if (dnn_comm_rank(t->comm) == 0 && t->side_status == DNN_OK) {
        if (t->run.log_every && t->step % t->run.log_every == 0) t->side_status = log_step(t, k);
        if (t->side_status == DNN_OK) t->side_status = saver_collect(t);
        if (time_to_save(t, k, wished)) asked |= FLAG_SAVE;
        if (time_is_up(t)) asked |= FLAG_STOP;
        if (k->diagnoses && t->side_status == DNN_OK) t->side_status = diagnosis_write(&t->run, &t->history.diagnosis, t->epoch + 1);
        show(t);
    }
    if (t->side_status != DNN_OK) asked |= FLAG_FAILED;
    __atomic_store_n(&t->run.request, asked, __ATOMIC_RELAXED);
    stragglers_look(&t->stragglers, &t->run, t->step);
}

/* Main thread of each rank, before a step: what is asked for here goes into the record of this very step. */
static void before_step(trainer *t)
{
    const uint64_t asked = watchers_step_begin(t) | signals_asked();
    if (asked) __atomic_fetch_or(&t->run.request, asked, __ATOMIC_RELAXED);
}

static void epoch_worker(void *context, int index)
{
    trainer *t = context;
    worker *k = &t->run.workers[index - dnn_team_first_worker(t->team)];
    dnn_blas_use_one_thread();
    const uint64_t epoch = t->epoch + 1, last = t->run.steps_per_epoch;
    for (uint64_t s = k->step - t->epoch_first_step; s < last; s++) {
        if (k->main) before_step(t);
        const bool finite = train_step(k, epoch, s);
        if (k->main) {
            if (finite) after_step(t, k);
            t->drifted = (k->flags & FLAG_DRIFT) != 0;
            t->diverged = !finite && !t->drifted;
            t->interrupted = (k->flags & FLAG_STOP) != 0;
            if (k->flags & FLAG_END) t->stop = t->end = true;
        }
        if (finite && save_due(t, k)) {
            if (!replicas_meet(k)) {
                if (k->main) t->drifted = true;
                return;
            }
            save_in_epoch(t, k);
        }
        if (!finite || (k->flags & ~(uint64_t)FLAGS_GO_ON)) return;
    }
}

static dnn_status validate(trainer *t)
{
    if (dnn_dataset_rows(t->dataset, DNN_VALIDATION) == 0) return DNN_OK;
    part_pass pass = { .part = DNN_VALIDATION, .targets = true };
    dnn_report report = report_of(t, 0);
    dnn_status st = watchers_tell(t, offsetof(dnn_callback_kind, test_begin), &report, false);
    if (st == DNN_OK) st = dnn_failpoint_status("evaluation", DNN_E_INTERNAL);
    evaluate_part(&t->forward, &pass, t->validation_record);
    values_of(t->objective, t->graph, t->validation_record, penalties_of_weights(t->graph, t->run.weights), t->values + t->n_train_values);
    report.values = t->values + t->n_train_values;
    report.count = t->n_train_values;
    const dnn_status told = watchers_tell(t, offsetof(dnn_callback_kind, test_end), &report, false);
    return st == DNN_OK ? told : st;
}

static void copy_worker(void *context, int index)
{
    trainer *t = context;
    saver_copy(t, &t->run.workers[index - dnn_team_first_worker(t->team)]);
}

/* Collective, between steps: the files that rank 0 has noted are on their way. */
static dnn_status save_wanted(trainer *t)
{
    bool any = t->saver.n_targets > 0 && !t->saver.handed_over;
    dnn_comm_broadcast(t->comm, &any, sizeof any, 0);
    if (!any) return DNN_OK;
    dnn_team_run(t->team, copy_worker, t);
    return dnn_agree_root(t->comm, dnn_comm_rank(t->comm) == 0 ? hand_over(t) : DNN_OK);
}

/* History, callbacks, checkpoint; rank 0's own outcomes become everybody's. */
static dnn_status end_epoch(trainer *t)
{
    t->epoch++;
    t->epoch_step = 0;
    t->epoch_first_step = t->step;
    epoch_values(t);
    dnn_status st = validate(t);
    const dnn_report report = report_of(t, t->n_names);
    if (report.writes && st == DNN_OK) st = saver_collect(t);
    if (report.writes && st == DNN_OK) st = history_epoch(&t->history, &report);
    memset(t->epoch_record, 0, t->run.record * sizeof *t->epoch_record);
    t->epoch_penalty = 0.0;
    t->epoch_seconds = 0.0;
    if (t->progress && t->progress->epoch_end) t->progress->epoch_end(t->progress->context, &report);
    dnn_watch_phase(DNN_PHASE_CALLBACKS);
    const dnn_status watched = watchers_epoch_end(t, &report);
    dnn_watch_phase(DNN_PHASE_BETWEEN);
    if (st == DNN_OK) st = watched;
    const dnn_every_config *every = &t->config.checkpoint.every;
    if (report.writes && st == DNN_OK && every->epochs == every->epochs && t->epoch % (uint64_t)every->epochs == 0) st = want_checkpoint(t);
    if (!report.writes && st == DNN_OK) st = dnn_failpoint_status("checkpoint", DNN_E_IO); /* on ranks that wait for it */
    st = dnn_agree(t->comm, st);
    return st == DNN_OK ? save_wanted(t) : st;
}

/* Fewer than the run file says where a phase was stopped early. */
static uint64_t epochs_to_do(const trainer *t)
{
    uint64_t epochs = t->phase_first_epoch;
    for (size_t p = t->phase; p < t->phases.count; p++) epochs += t->phases.at[p].epochs;
    return epochs;
}

/* A stop wished for here comes before any step of the epoch. */
static dnn_status begin_epoch(trainer *t)
{
    dnn_report report = report_of(t, 0);
    report.epoch++;
    return dnn_agree(t->comm, watchers_tell(t, offsetof(dnn_callback_kind, epoch_begin), &report, false));
}

static dnn_status run_epoch(trainer *t)
{
    const dnn_status begun = begin_epoch(t);
    if (begun != DNN_OK || t->stop) return begun;
    if (t->progress && t->progress->epoch_begin)
        t->progress->epoch_begin(t->progress->context, t->epoch + 1, epochs_to_do(t), t->run.steps_per_epoch);
    t->diverged = t->interrupted = t->drifted = false;
    t->epoch_began = t->last_shown = dnn_clock_seconds();
    dnn_team_run(t->team, epoch_worker, t);
    t->epoch_seconds += dnn_clock_seconds() - t->epoch_began;
    dnn_status st = dnn_agree(t->comm, t->side_status);
    if (st != DNN_OK) return st;
    if (t->drifted) {
        st = replicas_check(&t->run, t->step);
        return st == DNN_OK ? dnn_fail(DNN_E_INTERNAL, "the copies of the teams differed in step %llu and are the same now", (unsigned long long)t->step + 1) : st;
    }
    if (t->diverged) return divergence_status(t);
    st = replicas_check(&t->run, t->step);
    if (st == DNN_OK && t->interrupted && t->epoch_step < t->run.steps_per_epoch) return DNN_E_STOPPED;
    if (st == DNN_OK) st = end_epoch(t);
    return st == DNN_OK && t->interrupted ? DNN_E_STOPPED : st;
}

/* Interrupted on request: a checkpoint of this very step, then out. */
static dnn_status save_and_stop(trainer *t)
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

/* With a moving average of the weights a training ends on it (Polyak and Juditsky 1992), before a callback restores what it kept. */
static void take_average(trainer *t)
{
    const size_t vector = dnn_optimizer_average(t->run.optimizer);
    if (vector == SIZE_MAX || t->step == t->run.first_step || !dnn_team_leads(t->team)) return;
    for (size_t s = 0; s < t->graph->segments.count; s++) {
        const dnn_segment *g = &t->graph->segments.at[s];
        if (g->trainable) memcpy(t->run.weights + g->offset, t->run.slots[vector] + g->offset, g->length * sizeof(float));
    }
}

static dnn_status run_phase(trainer *t)
{
    const uint64_t end = t->phase_first_epoch + t->phases.at[t->phase].epochs;
    const dnn_report report = report_of(t, 0);
    dnn_status st = dnn_agree(t->comm, watchers_tell(t, offsetof(dnn_callback_kind, train_begin), &report, t->begun));
    t->begun = true;
    while (st == DNN_OK && t->epoch < end && !t->stop) st = run_epoch(t);
    return st;
}

static dnn_status end_phase(trainer *t, uint64_t began, bool last)
{
    const dnn_report report = report_of(t, t->epoch > began ? t->n_names : 0);
    take_average(t);
    dnn_status st = watchers_train_end(t, &report, last);
    dnn_comm_barrier(t->comm); /* restored weights are seen by all */
    st = dnn_agree(t->comm, st);
    if (st == DNN_OK) st = save_wanted(t);
    /* what is being written is of this phase's network */
    return st == DNN_OK ? dnn_agree_root(t->comm, dnn_comm_rank(t->comm) == 0 ? saver_finish(t) : DNN_OK) : st;
}

static dnn_status next_phase(trainer *t)
{
    const dnn_status st = phase_start(t, t->phase + 1, t->epoch, t->step);
    return st == DNN_OK ? dnn_agree(t->comm, watchers_phase_begin(t)) : st;
}

/* Rank 0. */
static void tell_waiting(const trainer *t, double began)
{
    const double waited = t->saver.waited, all = dnn_clock_seconds() - began;
    if (waited < 1.0 || waited < 0.1 * all) return;
    dnn_advise("the training has waited %.1f of its %.1f seconds for checkpoints that were still being written: checkpoint.every may be larger", waited, all);
}

dnn_status training_loop(trainer *t)
{
    const double started = dnn_clock_seconds();
    const uint64_t began = t->epoch;
    dnn_status st = DNN_OK;
    t->last_saved = dnn_clock_seconds();
    t->epoch_first_step = t->step - t->epoch_step;
    t->last_rate = t->step ? runner_learning_rate(&t->run, t->step - 1) : runner_learning_rate(&t->run, 0);
    const bool listening = signals_listening();
    learn_deadline(t);
    signals_install();
    for (bool more = true; more && st == DNN_OK;) {
        phase_announce(t);
        st = run_phase(t);
        if (st != DNN_OK) break;
        more = !t->end && t->phase + 1 < t->phases.count;
        st = end_phase(t, began, !more);
        if (st == DNN_OK && more) st = next_phase(t);
    }
    signals_remove(listening);
    tell_waiting(t, started);
    return st == DNN_E_STOPPED ? save_and_stop(t) : st;
}
