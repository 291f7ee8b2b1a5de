#include "train/folder/saver.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/clock.h"
#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/train/plugin.h"
#include "train/loop/trainer.h"

/* ---- the copy ---- */

static bool leads(const trainer *t) { return dnn_team_index(t->team) == 0; }

/* Vectors of the copy begin on a cache line, as those copied do. */
static size_t vector_floats(const trainer *t) { return (t->graph->segments.total + 15) / 16 * 16; }

static const float *vector_of(const trainer *t, size_t v) { return v == 0 ? t->run.weights : t->run.slots[v - 1]; }

static float *copy_of(const trainer *t, size_t v) { return (float *)t->saver.window.base + v * vector_floats(t); }

static void copy_slices(trainer *t, const worker *k)
{
    const size_t total = t->graph->segments.total;
    for (size_t v = 0; v <= t->run.n_slots; v++) {
        size_t first, end;
        slice_of(k, (total + 15) / 16, &first, &end);
        first *= 16;
        end = end * 16 < total ? end * 16 : total;
        if (first < end) memcpy(copy_of(t, v) + first, vector_of(t, v) + first, (end - first) * sizeof(float));
    }
}

/* The training stands still meanwhile. */
static void wait_for_thread(saver *s)
{
    const double began = dnn_clock_seconds();
    background_wait(&s->thread);
    s->waited += dnn_clock_seconds() - began;
}

void saver_copy(trainer *t, worker *k)
{
    if (!leads(t)) return;
    if (k->main && dnn_comm_rank(t->comm) == 0) wait_for_thread(&t->saver);
    dnn_team_barrier(t->team);
    if (t->saver.window.base) copy_slices(t, k);
    dnn_team_barrier(t->team);
}

/* ---- rank 0 ---- */

static dnn_status want(trainer *t, char *path, bool weights_only, bool checkpoint)
{
    saver *s = &t->saver;
    if (!path) return DNN_E_MEMORY;
    /* what is wanted now must not slip into what is being written */
    if (s->handed_over) wait_for_thread(s);
    const dnn_status st = saver_collect(t);
    if (st != DNN_OK) {
        dnn_free(path);
        return st;
    }
    DNN_ASSERT(s->n_targets < SAVE_TARGETS);
    s->targets[s->n_targets++] = (save_target){ path, weights_only, checkpoint };
    return DNN_OK;
}

static char *checkpoint_path(const trainer *t)
{
    char name[64];
    snprintf(name, sizeof name, "checkpoints/step-%010llu.h5", (unsigned long long)t->step);
    return run_folder_file(&t->folder, name);
}

dnn_status saver_want_checkpoint(trainer *t) { return want(t, checkpoint_path(t), false, true); }

dnn_status saver_want_file(trainer *t, const char *name, bool weights_only) { return want(t, run_folder_file(&t->folder, name), weights_only, false); }

static void forget_targets(saver *s)
{
    for (size_t i = 0; i < s->n_targets; i++) dnn_free(s->targets[i].path);
    s->n_targets = 0;
    dnn_node_destroy(s->section);
    s->section = NULL;
}

static dnn_status describe(trainer *t, bool copied)
{
    saver *s = &t->saver;
    s->step = t->step;
    s->epoch = t->epoch;
    s->epoch_step = t->epoch_step;
    s->section = checkpoint_position(t);
    if (!s->section) return DNN_E_MEMORY;
    for (size_t v = 0; v < t->run.n_slots; v++) s->slots[v] = copied ? copy_of(t, v + 1) : t->run.slots[v];
    memcpy(s->scalars, t->run.workers[0].scalars, sizeof s->scalars);
    s->content = (dnn_model_content){ .graph = t->graph, .weights = copied ? copy_of(t, 0) : t->run.weights, .training = s->training,
                                      .optimizer = t->run.optimizer, .slots = s->slots, .scalars = s->scalars,
                                      .iterations = t->step - t->run.first_step, .learning_rate = runner_learning_rate(&t->run, t->step),
                                      .arrays = s->arrays };
    s->content.n_arrays = watchers_lend(t, s->arrays);
    return DNN_OK;
}

static dnn_status write_or_hand_over(trainer *t, bool copied)
{
    saver *s = &t->saver;
    const dnn_status st = describe(t, copied);
    if (st != DNN_OK) {
        forget_targets(s);
        return saver_failed(t, st);
    }
    s->handed_over = true;
    if (copied) {
        background_do(&s->thread, save_files, t);
        return DNN_OK;
    }
    save_files(t);
    return DNN_OK;
}

dnn_status saver_hand_over(trainer *t)
{
    const dnn_status st = write_or_hand_over(t, t->saver.window.base != NULL);
    return st == DNN_OK && !t->saver.window.base ? saver_collect(t) : st;
}

dnn_status saver_failed(trainer *t, dnn_status why)
{
    saver *s = &t->saver;
    char text[SAVE_TEXT], newest[96] = "there is no checkpoint yet";
    snprintf(text, sizeof text, "%s", dnn_fail_text());
    if (why == DNN_E_DIVERGED) return why;
    if (s->any_saved) snprintf(newest, sizeof newest, "the newest checkpoint is that of step %llu", (unsigned long long)s->saved_step);
    s->failures++;
    const int most = (int)t->config.checkpoint.max_failures;
    if (s->failures >= most)
        return dnn_fail(why, "%s; %d save%s in a row could not be written (checkpoint.max_failures); %s", text, s->failures, s->failures == 1 ? "" : "s", newest);
    dnn_warn("%s; the training goes on, %s (failed save %d of %d)", text, newest, s->failures, most);
    return DNN_OK;
}

static void note_saved(saver *s)
{
    for (size_t i = 0; i < s->n_targets; i++) {
        if (!s->targets[i].checkpoint) continue;
        s->any_saved = true;
        s->saved_step = s->step;
        s->saved_epoch_step = s->epoch_step;
    }
}

/* The outcome, as it is. */
static dnn_status take_outcome(trainer *t)
{
    saver *s = &t->saver;
    if (!s->handed_over) return DNN_OK;
    s->handed_over = false;
    s->last_seconds = s->seconds > 0.5 * s->last_seconds ? s->seconds : 0.5 * s->last_seconds;
    watchers_take_back(t);
    if (s->status == DNN_OK) note_saved(s);
    forget_targets(s);
    return s->status == DNN_OK ? DNN_OK : dnn_fail(s->status, "%s", s->text);
}

dnn_status saver_collect(trainer *t)
{
    saver *s = &t->saver;
    if (!s->handed_over || background_busy(&s->thread)) return DNN_OK;
    const dnn_status st = take_outcome(t);
    if (st != DNN_OK) return saver_failed(t, st);
    s->failures = 0;
    return DNN_OK;
}

void saver_wait(trainer *t) { background_wait(&t->saver.thread); }

dnn_status saver_finish(trainer *t)
{
    saver_wait(t);
    return saver_collect(t);
}

/* From the very memory of the training, by the calling thread. */
static dnn_status write_now(trainer *t, char *path, bool checkpoint)
{
    saver *s = &t->saver;
    if (!path) return DNN_E_MEMORY;
    forget_targets(s);
    s->targets[s->n_targets++] = (save_target){ path, false, checkpoint };
    const dnn_status st = describe(t, false);
    if (st != DNN_OK) return st;
    s->handed_over = true;
    save_files(t);
    return take_outcome(t);
}

dnn_status saver_save_now(trainer *t)
{
    saver *s = &t->saver;
    saver_wait(t);
    const dnn_status before = take_outcome(t); /* of no account any more where this one is good */
    if (before == DNN_E_DIVERGED) return before;
    if (s->any_saved && s->saved_step == t->step && s->saved_epoch_step == t->epoch_step) return DNN_OK;
    return write_now(t, checkpoint_path(t), true);
}

dnn_status saver_write_model(trainer *t, const char *name)
{
    saver_wait(t);
    take_outcome(t);
    return write_now(t, run_folder_file(&t->folder, name), false);
}

/* ---- beginning and end ---- */

static dnn_status constants(trainer *t)
{
    saver *s = &t->saver;
    if (dnn_comm_rank(t->comm) != 0) return DNN_OK;
    s->constant = dnn_node_map();
    s->training = dnn_node_map();
    dnn_status st = s->constant && s->training ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_node_set(s->constant, "run", dnn_config_write(&t->config));
    if (st == DNN_OK) st = dnn_node_set(s->constant, "plugins", dnn_plugins_write());
    if (st == DNN_OK) st = dnn_node_set(s->constant, "scalers", dnn_dataset_fitted(t->dataset));
    if (st == DNN_OK) st = dnn_node_set(s->constant, "seed", dnn_node_int(t->config.seed));
    if (st == DNN_OK) st = dnn_objective_write(t->objective, s->training);
    if (st == DNN_OK && t->config.checkpoint.background) st = background_start(&s->thread);
    return st;
}

dnn_status saver_create(trainer *t)
{
    dnn_status st = DNN_OK;
    if (t->config.checkpoint.background) {
        const size_t vectors = 1 + phases_vectors(&t->phases);
        st = dnn_window_create(t->team, leads(t) ? vectors * vector_floats(t) * sizeof(float) : 64, &t->saver.window);
        if (st == DNN_E_MEMORY) st = dnn_fail(st, "%s; or save without a copy of weights and moments (checkpoint.background: false)", dnn_fail_text());
    }
    return st == DNN_OK ? dnn_agree(t->comm, constants(t)) : st;
}

void saver_destroy(trainer *t)
{
    saver *s = &t->saver;
    background_end(&s->thread);
    forget_targets(s);
    dnn_node_destroy(s->constant);
    dnn_node_destroy(s->training);
    s->constant = s->training = NULL;
    if (s->window.handle || s->window.base) dnn_window_destroy(t->team, &s->window);
}
