/* What the saver's thread does: the files that were asked for, from the copy. */
#include <math.h>
#include <stdio.h>

#include "dnn/base/clock.h"
#include "dnn/base/failpoint.h"
#include "train/loop/trainer.h"

/* The loss shows at the next step only what the last update has done; no file may hold it before. */
static dnn_status check_weights(const saver *s)
{
    for (size_t i = 0; i < s->content.graph->segments.total; i++)
        if (!isfinite(s->content.weights[i]))
            return dnn_fail(DNN_E_DIVERGED, "step %llu: the weights are not finite; they were not saved. A smaller learning rate, clipping "
                            "(global_clipnorm: 1.0) or scaled features may help", (unsigned long long)s->step);
    return DNN_OK;
}

/* What never changes in front of what does. */
static dnn_status whole_section(const saver *s, dnn_node **out)
{
    dnn_node *section = dnn_node_copy(s->constant);
    dnn_status st = section && s->section ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; st == DNN_OK && i < s->section->count; i++)
        st = dnn_node_set(section, s->section->items[i]->key, dnn_node_copy(s->section->items[i]));
    if (st != DNN_OK) dnn_node_destroy(section);
    *out = st == DNN_OK ? section : NULL;
    return st;
}

static dnn_status write_target(const trainer *t, const save_target *target, const dnn_node *section)
{
    const saver *s = &t->saver;
    dnn_model_content content = s->content;
    content.section = section;
    if (target->weights_only) {
        content.optimizer = NULL;
        content.n_arrays = 0;
    }
    const dnn_phase before = dnn_watch_phase(DNN_PHASE_CHECKPOINT);
    dnn_status st = target->checkpoint ? dnn_failpoint_status("checkpoint", DNN_E_IO) : DNN_OK;
    if (st == DNN_OK) st = dnn_model_write(target->path, &content);
    dnn_watch_phase(before);
    if (st != DNN_OK || !target->checkpoint) return st;
    checkpoint_prune(t, s->step); /* only after the new one was verified */
    return run_folder_write_status(&t->folder, "running", s->epoch, s->step, DNN_OK);
}

/* A file that fails does not keep the others from being written. */
void save_files(void *context)
{
    trainer *t = context;
    saver *s = &t->saver;
    dnn_node *section = NULL;
    const double began = dnn_clock_seconds();
    s->status = check_weights(s);
    if (s->status == DNN_OK) s->status = whole_section(s, &section);
    if (s->status != DNN_OK) snprintf(s->text, sizeof s->text, "%s", dnn_fail_text());
    const bool good = s->status == DNN_OK;
    for (size_t i = 0; i < s->n_targets; i++) {
        const dnn_status st = good ? write_target(t, &s->targets[i], section) : s->status;
        if (st != DNN_OK && s->status == DNN_OK) {
            s->status = st;
            snprintf(s->text, sizeof s->text, "%s", dnn_fail_text());
        }
    }
    dnn_node_destroy(section);
    s->seconds = dnn_clock_seconds() - began;
}
