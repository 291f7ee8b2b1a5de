/* The steps of an epoch. Every worker runs them on its own, meeting the others inside each step; the main thread of a rank looks up after each: signals,
 * steps.csv, saving, progress. */
#include "dnn/base/clock.h"
#include "dnn/math/blas.h"
#include "train/loop/loop.h"
#include "train/loop/values.h"
#include "train/observe/diagnosis.h"
#include "train/step/replicas.h"

static const double show_every = 0.1; /* seconds */

dnn_report report_of(trainer *t, size_t count)
{
    return (dnn_report){ .epoch = t->epoch, .step = t->step, .learning_rate = t->last_rate, .seconds = t->epoch_seconds,
                         .names = t->names, .values = t->values, .count = count, .writes = dnn_comm_rank(t->comm) == 0,
                         .output = t->config.output, .segments = &t->graph->segments, .weights = t->run.weights,
                         .gradients = t->run.keeps_gradient ? t->run.reduced : NULL };
}

void epoch_values(trainer *t)
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

static dnn_status log_step(trainer *t, const worker *k)
{
    double values[MAX_VALUES];
    values_of(t->objective, t->graph, k->outcome, penalties_of_step(&t->run), values);
    return history_step(&t->history, &(step_line){ .step = t->step, .epoch = t->epoch + 1, .learning_rate = t->last_rate, .loss = values[0],
                                                   .gradient_norm = k->gradient_norm, .clip_factor = k->clip_factor });
}

uint64_t asked_between_steps(trainer *t)
{
    uint64_t flags = signals_asked();
    if (dnn_comm_rank(t->comm) != 0) return flags;
    if (deadline_near(&t->deadline, t->saver.last_seconds)) t->out_of_time = true;
    return t->out_of_time ? flags | FLAG_STOP : flags;
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
    uint64_t asked = asked_between_steps(t) | watchers_step_end(t, k->outcome);
    const bool wished = asked & FLAG_WISH_SAVE;
    if (t->side_status == DNN_OK) t->side_status = t->run.fault;
    if (dnn_comm_rank(t->comm) == 0 && t->side_status == DNN_OK) {
        if (t->run.log_every && t->step % t->run.log_every == 0) t->side_status = log_step(t, k);
        if (t->side_status == DNN_OK) t->side_status = saver_collect(t);
        if (time_to_save(t, k, wished)) asked |= FLAG_SAVE;
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

void epoch_steps(trainer *t) { dnn_team_run(t->team, epoch_worker, t); }
