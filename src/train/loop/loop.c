/* The course of a training: epochs of steps, between them validation and callbacks; phases of epochs. Everything decided here is decided from values that
 * are the same on all ranks. */
#include <string.h>

#include "dnn/base/clock.h"
#include "dnn/base/failpoint.h"
#include "dnn/comm/agree.h"
#include "train/loop/loop.h"
#include "train/loop/values.h"
#include "train/step/replicas.h"

typedef struct validation { trainer *t; bool saved; } validation;

static uint64_t asked(void *context)
{
    const validation *v = context;
    /* what the epoch's last step was too late for is asked for as well */
    const uint64_t left = __atomic_fetch_and(&v->t->run.request, ~(uint64_t)FLAGS_GO_ON, __ATOMIC_RELAXED) & FLAGS_GO_ON;
    const uint64_t flags = asked_between_steps(v->t) | (left ? FLAG_WISH_SAVE : 0);
    return v->saved ? flags & ~(uint64_t)FLAG_WISH_SAVE : flags; /* signals of one request reach the ranks one by one */
}

/* A pass over a large part takes its time. A stop ends it, and it begins anew when the training goes on from where it stood, behind the epoch's last step; so it
 * does at once where only a save was asked for. */
static dnn_status evaluate(trainer *t)
{
    validation v = { .t = t };
    part_pass pass = { .part = DNN_VALIDATION, .targets = true, .asked = asked, .context = &v };
    dnn_status st = DNN_OK;
    for (uint64_t flags; st == DNN_OK && (flags = evaluate_part(&t->forward, &pass, t->validation_record)) != 0;) {
        if (flags & FLAG_STOP) return DNN_E_STOPPED;
        v.saved = true;
        st = dnn_agree_root(t->comm, dnn_comm_rank(t->comm) == 0 ? want_checkpoint(t) : DNN_OK);
        if (st == DNN_OK) st = save_wanted(t);
    }
    return st;
}

static dnn_status validate(trainer *t)
{
    if (dnn_dataset_rows(t->dataset, DNN_VALIDATION) == 0) return DNN_OK;
    dnn_report report = report_of(t, 0);
    report.epoch++;
    dnn_status st = watchers_tell(t, offsetof(dnn_callback_kind, test_begin), &report, false);
    if (st == DNN_OK) st = dnn_failpoint_status("evaluation", DNN_E_INTERNAL);
    st = dnn_agree(t->comm, st);
    if (st == DNN_OK) st = evaluate(t);
    if (st != DNN_OK) return st;
    values_of(t->objective, t->graph, t->validation_record, penalties_of_weights(t->graph, t->run.weights), t->values + t->n_train_values);
    report.values = t->values + t->n_train_values;
    report.count = t->n_train_values;
    return dnn_agree(t->comm, watchers_tell(t, offsetof(dnn_callback_kind, test_end), &report, false));
}

/* History, callbacks, checkpoint; rank 0's own outcomes become everybody's. */
static dnn_status end_epoch(trainer *t)
{
    epoch_values(t);
    dnn_status st = validate(t);
    if (st != DNN_OK) return st;
    t->epoch++;
    t->epoch_step = 0;
    t->epoch_first_step = t->step;
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
    epoch_steps(t);
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

dnn_status training_loop(trainer *t)
{
    const double started = dnn_clock_seconds();
    const uint64_t began = t->epoch;
    dnn_status st = DNN_OK;
    t->last_saved = dnn_clock_seconds();
    t->epoch_first_step = t->step - t->epoch_step;
    t->last_rate = t->step ? runner_learning_rate(&t->run, t->step - 1) : runner_learning_rate(&t->run, 0);
    const bool listening = signals_listening();
    if (dnn_comm_rank(t->comm) == 0) t->deadline = deadline_learn();
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
