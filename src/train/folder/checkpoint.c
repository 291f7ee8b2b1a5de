/* Checkpoints: model files that hold, beside weights and optimizer, where the training stands. No generator state and no order
 * of data are stored: they follow from seed, epoch and step. Layout of the section: docs/formats.md. Written by saver.c. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "train/folder/course.h"
#include "train/loop/trainer.h"

static dnn_node *record_list(const double *values, size_t n)
{
    dnn_node *list = dnn_node_list();
    for (size_t i = 0; list && i < n; i++) {
        if (dnn_node_append(list, dnn_node_real(values[i])) != DNN_OK) {
            dnn_node_destroy(list);
            return NULL;
        }
    }
    return list;
}

dnn_node *checkpoint_position(const trainer *t)
{
    dnn_node *s = dnn_node_map();
    dnn_status st = s ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_node_set(s, "epoch", dnn_node_int((int64_t)t->epoch));
    if (st == DNN_OK) st = dnn_node_set(s, "epoch_step", dnn_node_int((int64_t)t->epoch_step));
    if (st == DNN_OK) st = dnn_node_set(s, "step", dnn_node_int((int64_t)t->step));
    if (st == DNN_OK) st = dnn_node_set(s, "phase", dnn_node_int((int64_t)t->phase));
    if (st == DNN_OK) st = dnn_node_set(s, "phase_first_epoch", dnn_node_int((int64_t)t->phase_first_epoch));
    if (st == DNN_OK) st = dnn_node_set(s, "phase_first_step", dnn_node_int((int64_t)t->run.first_step));
    if (st == DNN_OK) st = dnn_node_set(s, "stopped", dnn_node_bool(t->stop));
    if (st == DNN_OK) st = dnn_node_set(s, "ended", dnn_node_bool(t->end));
    if (st == DNN_OK) st = dnn_node_set(s, "epoch_seconds", dnn_node_real(t->epoch_seconds));
    if (st == DNN_OK) st = dnn_node_set(s, "epoch_record", record_list(t->epoch_record, t->run.record));
    if (st == DNN_OK) st = dnn_node_set(s, "epoch_penalty", dnn_node_real(t->epoch_penalty));
    if (st == DNN_OK) st = dnn_node_set(s, "rate_factor", dnn_node_real(t->run.rate_factor));
    if (st == DNN_OK) st = dnn_node_set(s, "callbacks", watchers_save(t));
    if (st == DNN_OK) return s;
    dnn_node_destroy(s);
    return NULL;
}

static int is_checkpoint(const struct dirent *e)
{
    uint64_t step;
    return run_folder_is_checkpoint(e->d_name, &step);
}

/* Names sort by step: ten digits with leading zeros. */
static int list_checkpoints(const char *folder, struct dirent ***list)
{
    char *path = dnn_format("%s/checkpoints", folder);
    const int n = path ? scandir(path, list, is_checkpoint, alphasort) : -1;
    dnn_free(path);
    return n;
}

static void free_list(struct dirent **list, int n)
{
    for (int i = 0; i < n; i++) free(list[i]);
    if (n >= 0) free(list);
}

/* What lies beyond the last step belongs to a course that this run has left, going on from an earlier or the last undamaged file: it must
 * neither push out the new ones nor be what --resume auto takes next. */
void checkpoint_prune(const trainer *t, uint64_t last)
{
    struct dirent **list = NULL;
    const int n = list_checkpoints(t->folder.path, &list);
    int ours = 0;
    uint64_t step = 0;
    while (ours < n && run_folder_is_checkpoint(list[ours]->d_name, &step) && step <= last) ours++;
    for (int i = 0; i < n; i++) {
        if (i < ours && ours - i <= t->config.checkpoint.keep) continue;
        char *path = dnn_format("%s/checkpoints/%s", t->folder.path, list[i]->d_name);
        if (path) unlink(path);
        dnn_free(path);
    }
    free_list(list, n);
}

char *checkpoint_newest(const char *folder)
{
    struct dirent **list = NULL;
    const int n = list_checkpoints(folder, &list);
    char *found = NULL;
    for (int i = n - 1; i >= 0 && !found; i--) {
        char *path = dnn_format("%s/checkpoints/%s", folder, list[i]->d_name);
        if (path && dnn_model_verify(path) == DNN_OK) {
            found = path;
        } else {
            dnn_warn("%s; %s", dnn_fail_text(), i > 0 ? "the checkpoint before it is used" : "no checkpoint is left: the training begins anew");
            dnn_free(path);
        }
    }
    free_list(list, n);
    return found;
}

static dnn_status read_number(const dnn_node *section, const char *key, uint64_t *out)
{
    const dnn_node *n = dnn_node_find(section, key);
    if (!n || n->type != DNN_NODE_INT || n->integer < 0) return dnn_fail(DNN_E_MODEL, "checkpoint: /dnn_mpi lacks '%s'; it is no checkpoint of a training", key);
    *out = (uint64_t)n->integer;
    return DNN_OK;
}

static dnn_status read_record(trainer *t, const dnn_node *list)
{
    if (!list || list->count != t->run.record)
        return dnn_fail(DNN_E_MODEL, "checkpoint: sums of the epoch under way have another length; loss and metrics must be those of the "
                                     "interrupted run");
    for (size_t i = 0; i < list->count; i++) t->epoch_record[i] = list->items[i]->real;
    /* otherwise rows of the epoch would be seen twice or never */
    const uint64_t all = dnn_dataset_rows(t->dataset, DNN_TRAIN), seen = t->epoch_step < t->run.steps_per_epoch ? t->epoch_step * t->run.cut.batch : all;
    if (dnn_objective_samples(t->epoch_record) == (double)seen) return DNN_OK;
    return dnn_fail(DNN_E_MODEL, "checkpoint: %.0f samples seen in %llu steps of an epoch, here they were %llu; data and batch size must be those of the "
                    "interrupted run", dnn_objective_samples(t->epoch_record), (unsigned long long)t->epoch_step, (unsigned long long)seen);
}

/* A checkpoint says the phase it was written in; one without is of the first. */
static dnn_status resume_phase(trainer *t, const dnn_node *s)
{
    uint64_t number = 0, first_epoch = 0, first_step = 0;
    dnn_status st = DNN_OK;
    if (dnn_node_find(s, "phase")) {
        st = read_number(s, "phase", &number);
        if (st == DNN_OK) st = read_number(s, "phase_first_epoch", &first_epoch);
        if (st == DNN_OK) st = read_number(s, "phase_first_step", &first_step);
    }
    if (st == DNN_OK && number >= t->phases.count)
        st = dnn_fail(DNN_E_MODEL, "checkpoint: it stands in phase %llu of the training, the run file has %zu", (unsigned long long)number + 1,
                      t->phases.count);
    st = dnn_agree(t->comm, st);
    return st == DNN_OK ? phase_start(t, (size_t)number, first_epoch, first_step) : st;
}

static dnn_status read_position(trainer *t, const dnn_node *s)
{
    dnn_status st = read_number(s, "epoch", &t->epoch);
    if (st == DNN_OK) st = read_number(s, "epoch_step", &t->epoch_step);
    if (st == DNN_OK) st = read_number(s, "step", &t->step);
    if (st == DNN_OK && t->epoch_step > t->run.steps_per_epoch)
        st = dnn_fail(DNN_E_MODEL, "checkpoint: %llu steps into an epoch that has %llu; data and batch size must be those of the interrupted run",
                      (unsigned long long)t->epoch_step, (unsigned long long)t->run.steps_per_epoch);
    if (st == DNN_OK && t->epoch_step > 0) st = read_record(t, dnn_node_find(s, "epoch_record"));
    const dnn_node *seconds = dnn_node_find(s, "epoch_seconds"), *stopped = dnn_node_find(s, "stopped"), *ended = dnn_node_find(s, "ended");
    const dnn_node *penalty = dnn_node_find(s, "epoch_penalty"), *factor = dnn_node_find(s, "rate_factor");
    if (seconds) t->epoch_seconds = seconds->real;
    if (penalty) t->epoch_penalty = penalty->real;
    if (factor) t->run.rate_factor = factor->real;
    if (stopped) t->stop = stopped->boolean;
    if (ended) t->end = ended->boolean;
    if (st == DNN_OK) st = watchers_load(t, dnn_node_find(s, "callbacks"));
    return st;
}

/* Optimizer state lies in one window with the weights: rank 0 reads, leaders get it. */
static dnn_status take_optimizer(trainer *t, shared_model *m, bool needed)
{
    double scalars[DNN_MAX_SCALARS] = { 0 };
    uint64_t iterations = 0;
    bool found = true;
    dnn_status st = DNN_OK;
    if (m->file) st = dnn_model_optimizer(m->file, t->graph, t->run.optimizer, t->run.slots, scalars, &iterations, &found);
    if (st == DNN_OK && m->file && needed && !found) st = dnn_fail(DNN_E_MODEL, "checkpoint: it holds no optimizer state");
    st = dnn_agree_root(t->comm, st);
    for (size_t s = 0; s < t->run.n_slots && st == DNN_OK; s++)
        st = share_with_leaders(t->team, t->run.slots[s], t->graph->segments.total * sizeof(float));
    if (st != DNN_OK) return st;
    dnn_comm_broadcast(t->comm, scalars, sizeof scalars, 0);
    dnn_comm_broadcast(t->comm, &iterations, sizeof iterations, 0);
    dnn_comm_barrier(t->comm);
    t->step = t->run.first_step + iterations;
    runner_set_step(&t->run, t->step, scalars);
    return DNN_OK;
}

dnn_status checkpoint_take_optimizer(trainer *t, shared_model *m) { return take_optimizer(t, m, false); }

typedef struct kept_read { char name[32]; size_t count; bool found; } kept_read;

static dnn_status read_kept(void *context, dnn_model_file *file, float *values)
{
    kept_read *k = context;
    return dnn_model_array_read(file, k->name, values, k->count, &k->found);
}

static dnn_status resume_kept(trainer *t, shared_model *m)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < t->n_watchers && st == DNN_OK; i++) {
        kept_read k = { .count = t->graph->segments.total };
        snprintf(k.name, sizeof k.name, "kept_%zu", i);
        float *values = dnn_team_leads(t->team) ? dnn_alloc(k.count, sizeof *values) : NULL;
        st = dnn_agree(t->comm, values || !dnn_team_leads(t->team) ? DNN_OK : DNN_E_MEMORY);
        if (st == DNN_OK) st = shared_values(t->team, m, read_kept, &k, values, k.count);
        dnn_comm_broadcast(t->comm, &k.found, sizeof k.found, 0);
        if (st == DNN_OK && k.found) t->watchers[i].kept = values;
        else dnn_free(values);
    }
    return st;
}

static dnn_status compare_course(const trainer *t, const char *path, const dnn_node *section, char *changes)
{
    const dnn_node *epoch_step = dnn_node_find(section, "epoch_step");
    const bool within = epoch_step && epoch_step->type == DNN_NODE_INT && epoch_step->integer > 0;
    dnn_node *present = dnn_config_write(&t->config);
    const dnn_status st = present ? course_compare(path, dnn_node_find(section, "run"), present, within, changes) : DNN_E_MEMORY;
    dnn_node_destroy(present);
    return dnn_agree(t->comm, st);
}

dnn_status checkpoint_resume(trainer *t, const char *path)
{
    shared_model m;
    char changes[COURSE_TEXT] = "";
    dnn_status st = shared_model_open(t->comm, path, &m);
    if (st != DNN_OK) return st;
    t->resumed = true;
    if (!m.section) st = dnn_fail(DNN_E_MODEL, "%s: no checkpoint of a training (/dnn_mpi is missing); start from it with model.weights", path);
    if (st == DNN_OK) st = compare_course(t, path, m.section, changes);
    if (st == DNN_OK) st = resume_phase(t, m.section);
    if (st == DNN_OK) st = read_position(t, m.section);
    st = dnn_agree(t->comm, st);
    if (st == DNN_OK) st = shared_weights(t->team, &m, t->graph, t->run.weights);
    if (st == DNN_OK) st = take_optimizer(t, &m, true);
    if (st == DNN_OK) st = resume_kept(t, &m);
    if (st == DNN_OK && changes[0] && dnn_comm_rank(t->comm) == 0)
        dnn_warn("%s: from here on the training takes another course than the one that was saved: %s", path, changes);
    shared_model_close(&m);
    return st;
}
