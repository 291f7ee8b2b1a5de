/* `train`: from a run file to a trained model in the output folder. */
#include "dnn/train/train.h"

#include <stdio.h>
#include <string.h>

#include "dnn/base/failpoint.h"
#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/io/file.h"
#include "train/loop/trainer.h"
#include "train/observe/diagnosis.h"
#include "train/setup/advice.h"
#include "train/setup/ranks_table.h"
#include "train/step/replicas.h"

static dnn_status open_folder(trainer *t, const dnn_train_request *request)
{
    dnn_status st = DNN_OK;
    if (dnn_comm_rank(t->comm) == 0) st = run_folder_open(t->config.output, request->resume, request->overwrite, &t->folder);
    return dnn_agree_root(t->comm, st);
}

/* Rank 0 looks which file there is to go on from; all get its name, "" where there is none. */
static dnn_status find_checkpoint(trainer *t, const dnn_train_request *request, char **path)
{
    size_t length = 0;
    void *name = NULL;
    if (dnn_comm_rank(t->comm) == 0) {
        if (request->resume == DNN_RESUME_AUTO) name = checkpoint_newest(t->config.output);
        if (request->resume == DNN_RESUME_FILE) name = dnn_strdup(request->resume_file);
        if (!name) name = dnn_strdup("");
        length = name ? strlen(name) : 0;
    }
    dnn_status st = dnn_agree_root(t->comm, name || dnn_comm_rank(t->comm) != 0 ? DNN_OK : DNN_E_MEMORY);
    if (st == DNN_OK) st = dnn_comm_broadcast_block(t->comm, &name, &length, 0);
    *path = name;
    return st;
}

static dnn_status resume(trainer *t, const dnn_train_request *request)
{
    char *path = NULL;
    dnn_status st = find_checkpoint(t, request, &path);
    if (st == DNN_OK && path[0]) {
        st = checkpoint_resume(t, path);
        if (st == DNN_OK && dnn_comm_rank(t->comm) == 0)
            dnn_info("going on from %s: epoch %llu, step %llu", path, (unsigned long long)t->epoch, (unsigned long long)t->step);
    }
    dnn_free(path);
    return st;
}

/* A job that is ended as stalled says so in its folder, whichever rank is left to write it. */
static void tell_watchdog(const trainer *t)
{
    char *path = dnn_format("%s/status.json", t->config.output);
    dnn_watch_status_file(path);
    dnn_free(path);
    dnn_watch_step(t->epoch, t->step);
}

static dnn_status begin_files(trainer *t, bool overwrite)
{
    if (dnn_comm_rank(t->comm) != 0) return DNN_OK;
    dnn_status st = run_folder_begin(&t->folder, overwrite);
    if (st == DNN_OK) /* first: it refuses a run that cannot go on with what is there */
        st = history_open(&t->folder,
                          &(history_plan){ .names = t->names, .count = t->n_names, .samples = dnn_dataset_rows(t->dataset, DNN_TRAIN),
                                           .steps = t->config.training.log_every > 0, .diagnosis = t->config.training.diagnose,
                                           .epoch = t->epoch, .step = t->step },
                          &t->history);
    dnn_node *resolved = dnn_config_write(&t->config);
    if (st == DNN_OK) st = run_folder_write_tree(&t->folder, "run.yaml", resolved);
    dnn_node_destroy(resolved);
    if (st == DNN_OK) st = run_folder_write_status(&t->folder, "running", t->epoch, t->step, DNN_OK);
    return st;
}

static void announce(const trainer *t)
{
    if (!t->progress || !t->progress->begin) return;
    size_t weights = 0, trainable = 0;
    char line[512];
    dnn_graph_count(t->graph, &weights, &trainable);
    snprintf(line, sizeof line, "%d rank%s on %d team%s, %d worker%s, %zu shard%s of up to %zu rows", dnn_comm_size(t->comm),
             dnn_comm_size(t->comm) == 1 ? "" : "s", dnn_team_count(t->team), dnn_team_count(t->team) == 1 ? "" : "s",
             dnn_team_all_workers(t->team), dnn_team_all_workers(t->team) == 1 ? "" : "s", t->run.cut.shards,
             t->run.cut.shards == 1 ? "" : "s", t->run.cut.capacity);
    t->progress->begin(t->progress->context, line);
    t->progress->begin(t->progress->context, dnn_dataset_describe(t->dataset));
    for (size_t o = 0; o < t->graph->n_outputs; o++) {
        if (!t->run.one_hot[o]) continue;
        snprintf(line, sizeof line, "target '%s': its labels become one-hot rows of %zu, which the loss of output '%s' wants (data.to_categorical)",
                 dnn_dataset_target(t->dataset, t->run.target_of[o])->name, t->run.target_units[o], t->graph->outputs[o].name);
        t->progress->begin(t->progress->context, line);
    }
    snprintf(line, sizeof line, "model: %zu layers, %zu parameters, %zu of them trainable; output in %s", dnn_graph_written_layers(t->graph), weights, trainable,
             t->config.output);
    t->progress->begin(t->progress->context, line);
}

static const char *state_name(dnn_status st)
{
    switch (st) {
    case DNN_OK: return "done";
    case DNN_E_STOPPED: return "stopped";
    case DNN_E_DIVERGED: return "diverged";
    default: return "failed";
    }
}

/* The final model where all went well; status.json in any case. */
static dnn_status write_end(trainer *t, dnn_status outcome)
{
    diagnosis_say(&t->run);
    saver_wait(t); /* a checkpoint under way ends with the word "running" */
    const dnn_status lines = history_flush(&t->history);
    dnn_status st = outcome == DNN_OK ? lines : outcome;
    if (st == DNN_OK) st = saver_write_model(t, "model.h5");
    const dnn_status told = run_folder_write_status(&t->folder, state_name(st), t->epoch, t->step, st);
    return st == DNN_OK ? told : st;
}

/* Rank 0's failure is everybody's; what went wrong before has the word. */
static dnn_status finish(trainer *t, dnn_status outcome)
{
    char text[1024];
    snprintf(text, sizeof text, "%s", dnn_fail_text());
    const dnn_status st = dnn_comm_rank(t->comm) == 0 && t->folder.path ? write_end(t, outcome) : DNN_OK;
    return outcome == DNN_OK ? dnn_agree_root(t->comm, st) : dnn_fail(outcome, "%s", text);
}

static dnn_status prepare(trainer *t, const dnn_train_request *request, trainer_start *start)
{
    dnn_status st = open_folder(t, request);
    if (st == DNN_OK) st = trainer_prepare(t, request->threads, start);
    if (st == DNN_OK) st = dnn_agree(t->comm, stragglers_create(&t->stragglers, dnn_comm_size(t->comm), dnn_team_threads(t->team)));
    if (st == DNN_OK) st = dnn_agree(t->comm, watchers_create(t));
    if (st == DNN_OK) st = resume(t, request);
    if (st == DNN_OK) st = saver_create(t);
    if (st == DNN_OK) st = replicas_check(&t->run, t->step); /* what they draw or read must be the same from the start */
    return st;
}

/* A run that was to go on and fails before its first step must not leave word of how it ended the last time. One that was to take its place leaves it whole. */
static void tell_unbegun(const trainer *t, dnn_status st)
{
    char text[1024], *path = t->folder.path && t->folder.lock >= 0 && dnn_comm_rank(t->comm) == 0 ? run_folder_file(&t->folder, "status.json") : NULL;
    snprintf(text, sizeof text, "%s", dnn_fail_text());
    uint64_t epoch = t->epoch, step = t->step;
    if (!t->resumed && path) run_folder_read_status(path, &epoch, &step);
    if (path && dnn_file_exists(path)) run_folder_write_status(&t->folder, state_name(st), epoch, step, st);
    dnn_free(path);
    dnn_fail(st, "%s", text);
}

dnn_status dnn_train(dnn_comm *comm, const dnn_train_request *request)
{
    trainer t = { .comm = comm, .progress = dnn_comm_rank(comm) == 0 ? request->progress : NULL };
    trainer_start start = { 0 };
    dnn_status st = dnn_agree(comm, dnn_failpoint_status("start", DNN_E_INTERNAL));
    if (st == DNN_OK) st = trainer_load(&t, request->run_file, request->overrides, request->n_overrides, &start);
    if (st == DNN_OK) st = prepare(&t, request, &start);
    if (st == DNN_OK) st = dnn_agree_root(comm, begin_files(&t, request->overwrite));
    if (st == DNN_OK && t.resumed) st = watchers_match_files(&t);
    if (st != DNN_OK && (request->resume == DNN_RESUME_AUTO || request->resume == DNN_RESUME_FILE)) tell_unbegun(&t, st);
    if (st == DNN_OK) {
        tell_watchdog(&t);
        announce(&t);
        st = ranks_table(comm, request->threads, t.progress ? t.progress->begin : NULL, t.progress ? t.progress->context : NULL);
        if (dnn_comm_rank(comm) == 0) advise(&t.config, t.dataset, t.graph, dnn_team_machine_workers(t.team), dnn_team_cores(t.team));
        if (st == DNN_OK) st = training_loop(&t);
        if (t.config.training.trace && trace_file_write(&t) != DNN_OK && dnn_comm_rank(comm) == 0) dnn_warn("trace.json: %s", dnn_fail_text());
        dnn_watch_phase(DNN_PHASE_FINISH);
        st = finish(&t, st);
        dnn_watch_status_file(NULL);
    }
    shared_model_close(&start.model);
    trainer_destroy(&t);
    return st;
}
