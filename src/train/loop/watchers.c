/* The callbacks of one training and their states: made, begun anew with a phase, saved, taken up again. */
#include <string.h>
#include <unistd.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/optim/schedule.h"
#include "train/loop/trainer.h"

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
