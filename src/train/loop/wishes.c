/* What callbacks wish for after they were told how the training stands, and how it comes true. All ranks see the same values and decide alike; each team's
 * leader holds the kept weights, rank 0 writes files. */
#include <stdio.h>
#include <string.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "train/loop/trainer.h"
#include "train/loop/values.h"

static dnn_status keep(trainer *t, watcher *w)
{
    const size_t total = t->graph->segments.total;
    if (!dnn_team_leads(t->team)) return DNN_OK;
    if (w->lent) {
        float *lent = w->kept;
        w->kept = w->spare;
        w->spare = lent;
        w->lent = false;
    }
    if (!w->kept) w->kept = dnn_alloc(total, sizeof *w->kept);
    if (!w->kept) return DNN_E_MEMORY;
    memcpy(w->kept, t->run.weights, total * sizeof *w->kept);
    return DNN_OK;
}

static dnn_status fulfil(trainer *t, watcher *w, const dnn_wish *wish)
{
    dnn_status st = wish->status;
    if (st == DNN_OK && wish->keep) st = keep(t, w);
    if (wish->restore && w->kept) memcpy(t->run.weights, w->kept, t->graph->segments.total * sizeof *w->kept);
    if (wish->plot && t->progress && t->progress->plot && t->progress->plot(t->progress->context, t->folder.path, wish->plot) != DNN_OK)
        dnn_warn("%s: %s", wish->plot->file, dnn_fail_text());
    if (wish->stop) t->stop = true;
    if (wish->stop && !w->kind->by_phase) t->end = true;
    if (wish->scale) t->run.rate_factor *= wish->learning_rate_factor;
    return st;
}

/* After all callbacks have had their say: what is saved holds the states of all as they are after the epoch. */
static dnn_status want_files(trainer *t, const dnn_wish *wishes)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < t->n_watchers && st == DNN_OK && dnn_comm_rank(t->comm) == 0; i++)
        if (wishes[i].save_as) st = saver_want_file(t, wishes[i].save_as, wishes[i].weights_only);
    return st;
}

size_t watchers_lend(trainer *t, dnn_model_array *arrays)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_watchers; i++) {
        watcher *w = &t->watchers[i];
        if (!w->kept) continue;
        snprintf(arrays[n].name, sizeof arrays[n].name, "kept_%zu", i);
        arrays[n].values = w->kept;
        arrays[n++].count = t->graph->segments.total;
        w->lent = true;
    }
    return n;
}

void watchers_take_back(trainer *t)
{
    for (size_t i = 0; i < t->n_watchers; i++) t->watchers[i].lent = false;
}

static dnn_callback_hook *hook_of(const watcher *w, size_t hook)
{
    dnn_callback_hook *function;
    memcpy(&function, (const char *)w->kind + hook, sizeof function);
    return function;
}

/* Built-in callbacks wish alike on all ranks; one of a user's may look at a clock or a file. Any rank's stop is everybody's, and so that
 * weights stay the same everywhere all else is rank 0's word. */
static void agree_wishes(trainer *t, dnn_wish *wishes)
{
    double stops[MAX_CALLBACKS];
    dnn_wish first[MAX_CALLBACKS];
    if (dnn_comm_size(t->comm) == 1 || t->n_watchers == 0) return;
    for (size_t i = 0; i < t->n_watchers; i++) stops[i] = wishes[i].stop;
    memcpy(first, wishes, sizeof first);
    dnn_comm_max(t->comm, stops, t->n_watchers);
    dnn_comm_broadcast(t->comm, first, t->n_watchers * sizeof *first, 0);
    for (size_t i = 0; i < t->n_watchers; i++) {
        wishes[i].stop = stops[i] > 0.0;
        wishes[i].keep = first[i].keep;
        wishes[i].restore = first[i].restore;
        wishes[i].scale = first[i].scale;
        wishes[i].learning_rate_factor = first[i].learning_rate_factor;
    }
}

/* Asks all, then does as they wish. */
static dnn_status ask(trainer *t, size_t hook, const dnn_report *report, bool by_phase_alone, bool begins, dnn_wish *wishes)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < t->n_watchers; i++) {
        const watcher *w = &t->watchers[i];
        dnn_callback_hook *function = hook_of(w, hook);
        if (!function || (by_phase_alone && !w->kind->by_phase)) continue;
        dnn_report own = *report;
        if (w->kind->by_phase) own.epoch -= t->phase_first_epoch;
        function(w->component->params, w->state, &own, &wishes[i]);
        if (begins) wishes[i] = (dnn_wish){ .stop = wishes[i].stop, .status = wishes[i].status };
    }
    agree_wishes(t, wishes);
    for (size_t i = 0; i < t->n_watchers; i++) {
        const dnn_status done = fulfil(t, &t->watchers[i], &wishes[i]);
        if (st == DNN_OK) st = done;
    }
    return st;
}

static bool any_has(const trainer *t, size_t hook)
{
    for (size_t i = 0; i < t->n_watchers; i++)
        if (hook_of(&t->watchers[i], hook)) return true;
    return false;
}

dnn_status watchers_tell(trainer *t, size_t hook, const dnn_report *report, bool by_phase_alone)
{
    dnn_wish wishes[MAX_CALLBACKS] = { 0 };
    return any_has(t, hook) ? ask(t, hook, report, by_phase_alone, true, wishes) : DNN_OK;
}

static uint64_t ask_at_step(trainer *t, size_t hook, const dnn_report *report)
{
    uint64_t flags = 0;
    for (size_t i = 0; i < t->n_watchers; i++) {
        dnn_wish wish = { 0 };
        const watcher *w = &t->watchers[i];
        dnn_callback_hook *function = hook_of(w, hook);
        if (!function) continue;
        function(w->component->params, w->state, report, &wish);
        if (wish.status != DNN_OK && t->side_status == DNN_OK) t->side_status = wish.status;
        flags |= (wish.stop ? FLAG_END : 0) | (wish.status != DNN_OK ? FLAG_FAILED : 0);
    }
    return flags;
}

static dnn_report at_step(const trainer *t)
{
    return (dnn_report){ .epoch = t->epoch + 1, .step = t->step, .learning_rate = t->last_rate, .names = t->names,
                         .writes = dnn_comm_rank(t->comm) == 0, .output = t->config.output, .segments = &t->graph->segments,
                         .weights = t->run.weights };
}

uint64_t watchers_step_begin(trainer *t)
{
    if (!any_has(t, offsetof(dnn_callback_kind, step_begin))) return 0;
    const dnn_report report = at_step(t);
    return ask_at_step(t, offsetof(dnn_callback_kind, step_begin), &report);
}

uint64_t watchers_step_end(trainer *t, const double *outcome)
{
    double values[MAX_VALUES];
    if (!any_has(t, offsetof(dnn_callback_kind, step_end))) return 0;
    values_of(t->objective, t->graph, outcome, penalties_of_step(&t->run), values);
    dnn_report report = at_step(t);
    report.values = values;
    report.count = t->n_train_values;
    return ask_at_step(t, offsetof(dnn_callback_kind, step_end), &report);
}

dnn_status watchers_epoch_end(trainer *t, const dnn_report *report)
{
    dnn_wish wishes[MAX_CALLBACKS] = { 0 };
    const dnn_status st = ask(t, offsetof(dnn_callback_kind, epoch_end), report, false, false, wishes);
    return st == DNN_OK ? want_files(t, wishes) : st;
}

dnn_status watchers_train_end(trainer *t, const dnn_report *report, bool last)
{
    dnn_wish wishes[MAX_CALLBACKS] = { 0 };
    const dnn_status st = ask(t, offsetof(dnn_callback_kind, train_end), report, !last, false, wishes);
    return st == DNN_OK ? want_files(t, wishes) : st;
}
