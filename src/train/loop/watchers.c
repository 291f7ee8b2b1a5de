/* Callbacks of one training: their states, their wishes, the weights they keep. All ranks see the same values and decide alike; each team's leader
 * holds the kept weights, rank 0 writes files. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/optim/schedule.h"
#include "train/loop/trainer.h"
#include "train/loop/values.h"

/* The rate follows one rule: a schedule, a callback's own course, or a number that callbacks scale. */
static dnn_status take_learning_rate(trainer *t, const watcher *w, const phase *p)
{
    const dnn_optimizer_head *optimizer = p->optimizer.params;
    const char *schedule = optimizer->learning_rate.kind->name;
    if (!w->kind->moves_learning_rate) return DNN_OK;
    if (strcmp(schedule, dnn_schedules.number_kind) != 0)
        return dnn_place_fail(DNN_E_CONFIG, w->component->place, "%s: the optimizer's learning_rate has the schedule %s already; give it a number, "
                              "or leave this callback out", w->kind->kind.name, schedule);
    for (const watcher *other = t->watchers; other < w; other++) {
        if (other->kind->moves_learning_rate && (w->kind->learning_rate || other->kind->learning_rate))
            return dnn_place_fail(DNN_E_CONFIG, w->component->place, "%s: %s sets the learning rate already; leave one of them out",
                                  w->kind->kind.name, other->kind->kind.name);
    }
    if (w->kind->learning_rate) {
        t->run.rate_instead = w->kind->learning_rate;
        t->run.rate_params = w->component->params;
    }
    return DNN_OK;
}

dnn_status watchers_create(trainer *t)
{
    const dnn_components *callbacks = &t->config.training.callbacks;
    if (callbacks->count > MAX_CALLBACKS) return dnn_fail(DNN_E_CONFIG, "training.callbacks: more than %d", MAX_CALLBACKS);
    for (size_t i = 0; i < callbacks->count; i++) {
        watcher *w = &t->watchers[t->n_watchers++];
        *w = (watcher){ .component = &callbacks->at[i], .kind = (const dnn_callback_kind *)callbacks->at[i].kind };
        w->state = dnn_alloc(1, w->kind->state_size);
        if (!w->state) return DNN_E_MEMORY;
        dnn_status st = DNN_OK;
        if (w->kind->wants_gradients && w->kind->wants_gradients(w->component->params)) t->run.keeps_gradient = true;
        for (size_t p = 0; p < t->phases.count && st == DNN_OK; p++) st = take_learning_rate(t, w, &t->phases.at[p]);
        if (st == DNN_OK && w->kind->begin) st = w->kind->begin(w->component, t->names, t->n_names, w->state);
        if (st != DNN_OK) return st;
    }
    return DNN_OK;
}

void watchers_destroy(trainer *t)
{
    for (size_t i = 0; i < t->n_watchers; i++) {
        dnn_free(t->watchers[i].state);
        dnn_free(t->watchers[i].kept);
        dnn_free(t->watchers[i].spare);
    }
    t->n_watchers = 0;
}

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
static dnn_status save_files(trainer *t, const dnn_wish *wishes)
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
    return st == DNN_OK ? save_files(t, wishes) : st;
}

dnn_status watchers_train_end(trainer *t, const dnn_report *report, bool last)
{
    dnn_wish wishes[MAX_CALLBACKS] = { 0 };
    const dnn_status st = ask(t, offsetof(dnn_callback_kind, train_end), report, !last, false, wishes);
    return st == DNN_OK ? save_files(t, wishes) : st;
}

static dnn_status begin_anew(trainer *t, watcher *w)
{
    memset(w->state, 0, w->kind->state_size);
    return w->kind->begin ? w->kind->begin(w->component, t->names, t->n_names, w->state) : DNN_OK;
}

/* Rank 0. */
static bool file_is_of_this_course(const trainer *t, const char *path)
{
    dnn_model_file *file = NULL;
    if (dnn_model_open(path, &file) != DNN_OK) return false;
    const dnn_node *step = dnn_node_find(dnn_model_section(file), "step");
    const bool good = step && step->type == DNN_NODE_INT && (uint64_t)step->integer <= t->step;
    dnn_model_close(file);
    return good;
}

dnn_status watchers_match_files(trainer *t)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < t->n_watchers && st == DNN_OK; i++) {
        watcher *w = &t->watchers[i];
        bool good = true;
        if (!w->kind->keeps_file) continue;
        if (dnn_comm_rank(t->comm) == 0) {
            char *path = run_folder_file(&t->folder, w->kind->keeps_file(w->component->params));
            good = path && file_is_of_this_course(t, path);
            if (path && !good && unlink(path) == 0)
                dnn_info("%s: was of a later step than %llu, from which the training goes on; the next epoch writes it anew", path, (unsigned long long)t->step);
            dnn_free(path);
        }
        dnn_comm_broadcast(t->comm, &good, sizeof good, 0);
        if (!good) st = begin_anew(t, w);
    }
    return dnn_agree(t->comm, st);
}

dnn_status watchers_phase_begin(trainer *t)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < t->n_watchers && st == DNN_OK; i++) {
        watcher *w = &t->watchers[i];
        if (!w->kind->by_phase) continue;
        dnn_free(w->kept);
        w->kept = NULL;
        st = begin_anew(t, w);
    }
    return st;
}

dnn_node *watchers_save(const trainer *t)
{
    dnn_node *list = dnn_node_list();
    dnn_status st = list ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < t->n_watchers && st == DNN_OK; i++) {
        const watcher *w = &t->watchers[i];
        dnn_node *entry = dnn_node_map();
        st = entry ? dnn_node_set(entry, w->kind->kind.name, w->kind->save ? w->kind->save(w->state) : dnn_node_map()) : DNN_E_MEMORY;
        if (st == DNN_OK) st = dnn_node_append(list, entry);
        else dnn_node_destroy(entry);
    }
    if (st == DNN_OK) return list;
    dnn_node_destroy(list);
    return NULL;
}

/* By position and name: a callback that the checkpoint does not know starts anew. */
dnn_status watchers_load(trainer *t, const dnn_node *saved)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < t->n_watchers && saved && i < saved->count && st == DNN_OK; i++) {
        watcher *w = &t->watchers[i];
        const dnn_node *state = dnn_node_find(saved->items[i], w->kind->kind.name);
        if (state && w->kind->load) st = w->kind->load(state, w->state);
    }
    return st;
}
