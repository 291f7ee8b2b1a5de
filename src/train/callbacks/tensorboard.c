/* tensorboard - event files for TensorBoard with the tags of Keras: epoch_loss, epoch_accuracy … in tensorboard/train and tensorboard/validation under
 * the output folder, epoch_learning_rate in the former, steps counting epochs from 0 (keras/src/callbacks/tensorboard.py). A training that
 * goes on adds a file of its own, which says from which epoch on it replaces what the others tell. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dnn/base/memory.h"
#include "dnn/io/event_file.h"
#include "dnn/io/file.h"
#include "train/folder/log_file.h"

enum { RUN_FILE_LIMIT = 1 << 24 };

typedef struct tensorboard {
    int64_t histogram_freq;
    bool write_graph, gradients;
} tensorboard;

typedef struct memory {
    bool began, goes_on;
    char name[192];  /* of the files in both folders */
} memory;

static const dnn_param params[] = {
    DNN_INT(tensorboard, histogram_freq, "0", ">= 0", "epochs between histograms of all weights; 0: none"),
    DNN_BOOL(tensorboard, gradients, "false", "beside these the gradients of the epoch's last update, clipped, as <weight>_grad; needs histogram_freq"),
    DNN_BOOL(tensorboard, write_graph, "true", "the network as a text: the resolved run file"),
};

static bool wants_gradients(const void *params_)
{
    const tensorboard *p = params_;
    return p->gradients && p->histogram_freq > 0;
}

static dnn_status begin(const dnn_component *component, const char *const *names, size_t count, void *state)
{
    (void)names, (void)count, (void)state;
    const tensorboard *p = component->params;
    if (!p->gradients || p->histogram_freq > 0) return DNN_OK;
    return dnn_place_fail(DNN_E_CONFIG, component->place, "tensorboard.gradients: they are written with the histograms; give histogram_freq: 1 as well");
}

static bool of_validation(const char *name) { return strncmp(name, "val_", 4) == 0; }

static void add_scalars(const dnn_report *report, bool validation, dnn_event_time at, dnn_events *e)
{
    char tag[256];
    for (size_t i = 0; i < report->count; i++) {
        if (of_validation(report->names[i]) != validation) continue;
        snprintf(tag, sizeof tag, "epoch_%s", report->names[i] + (validation ? 4 : 0));
        dnn_events_scalar(e, at, tag, report->values[i]);
    }
    if (!validation) dnn_events_scalar(e, at, "epoch_learning_rate", report->learning_rate);
}

static void add_histograms(const dnn_report *report, bool gradients, dnn_event_time at, dnn_events *e)
{
    for (size_t i = 0; i < report->segments->count; i++) {
        const dnn_segment *s = &report->segments->at[i];
        if (s->length > 0) dnn_events_histogram(e, at, s->name, report->weights + s->offset, s->length);
        if (s->length == 0 || !gradients || !s->trainable) continue;
        char *name = dnn_format("%s_grad", s->name);
        if (name) dnn_events_histogram(e, at, name, report->gradients + s->offset, s->length);
        else e->failed = true;
        dnn_free(name);
    }
}

/* run.yaml lies in the output folder since the training began; indented it is code in Markdown. */
static dnn_status add_run_file(const dnn_report *report, dnn_event_time at, dnn_events *e)
{
    char *path = dnn_format("%s/run.yaml", report->output), *text = NULL;
    size_t length = 0;
    dnn_status st = path ? dnn_file_read(path, RUN_FILE_LIMIT, DNN_E_IO, &text, &length) : DNN_E_MEMORY;
    growing indented = { 0 };
    for (char *line = text, *end; st == DNN_OK && *line; line = end) {
        end = line + strcspn(line, "\n");
        growing_add(&indented, "    %.*s\n", (int)(end - line), line);
        if (*end) end++;
    }
    if (st == DNN_OK && !indented.text) st = DNN_E_MEMORY;
    if (st == DNN_OK) dnn_events_text(e, at, "run.yaml", indented.text);
    dnn_free(indented.text);
    dnn_free(text);
    dnn_free(path);
    return st;
}

/* `e` goes to the file of this training in the folder, behind the records that begin it where it is new. */
static dnn_status append(const memory *m, const char *output, const char *folder, dnn_event_time at, dnn_events *e)
{
    dnn_status st = DNN_OK;
    char *path = dnn_format("%s/%s/%s", output, folder, m->name);
    if (!path) st = DNN_E_MEMORY;
    if (st == DNN_OK && !m->began) {
        dnn_events first = { 0 };
        st = dnn_folder_make_within(output, folder);
        dnn_events_version(&first, at);
        if (m->goes_on) dnn_events_restart(&first, at);
        if (st == DNN_OK) st = dnn_events_append(&first, path);
        dnn_events_clear(&first);
    }
    if (st == DNN_OK) st = dnn_events_append(e, path);
    dnn_free(path);
    return st;
}

static dnn_status write_part(const tensorboard *p, const memory *m, const dnn_report *report, bool validation)
{
    const dnn_event_time at = { .wall = (double)time(NULL), .step = (int64_t)report->epoch - 1 };
    dnn_events e = { 0 };
    add_scalars(report, validation, at, &e);
    if (!validation && p->histogram_freq > 0 && at.step % p->histogram_freq == 0) add_histograms(report, p->gradients && report->gradients, at, &e);
    const char *inner = validation ? "tensorboard/validation" : "tensorboard/train";
    char *folder = dnn_format("%s/%s", report->output, inner);
    dnn_status st = folder ? dnn_folder_make_within(report->output, "tensorboard") : DNN_E_MEMORY;
    if (st == DNN_OK && !m->began && !m->goes_on) st = dnn_event_files_remove(folder); /* a former run's that this one replaces */
    /* without a validation part there is no such folder */
    if (st == DNN_OK && !validation && !m->began && p->write_graph) st = add_run_file(report, at, &e);
    if (st == DNN_OK && (e.length > 0 || e.failed)) st = append(m, report->output, inner, at, &e);
    dnn_events_clear(&e);
    dnn_free(folder);
    return st;
}

static void epoch_end(const void *params_, void *state, const dnn_report *report, dnn_wish *wish)
{
    memory *m = state;
    if (report->writes) {
        if (!m->began) dnn_event_file_name(m->name, sizeof m->name);
        wish->status = write_part(params_, m, report, false);
        if (wish->status == DNN_OK) wish->status = write_part(params_, m, report, true);
    }
    m->began = true;
}

static dnn_node *save(const void *state)
{
    const memory *m = state;
    dnn_node *map = dnn_node_map();
    if (map && dnn_node_set(map, "began", dnn_node_bool(m->began || m->goes_on)) != DNN_OK) {
        dnn_node_destroy(map);
        return NULL;
    }
    return map;
}

static dnn_status load(const dnn_node *saved, void *state)
{
    const dnn_node *began = dnn_node_find(saved, "began");
    ((memory *)state)->goes_on = began && began->boolean;
    return DNN_OK;
}

const dnn_callback_kind dnn_callback_tensorboard = {
    .kind = { .name = "tensorboard", .help = "writes event files for TensorBoard below tensorboard/ in the output folder",
              .params_size = sizeof(tensorboard), DNN_PARAMS(params), .keras = "TensorBoard" },
    .state_size = sizeof(memory), .begin = begin, .wants_gradients = wants_gradients, .epoch_end = epoch_end, .save = save, .load = load,
};
