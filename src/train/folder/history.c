#include "train/folder/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/base/number.h"
#include "dnn/io/file.h"
#include "train/observe/diagnosis.h"

enum { HISTORY_LIMIT = 1 << 30 };

static dnn_status other_columns(const char *path, const char *header)
{
    return dnn_fail(DNN_E_CONFIG, "%s: its columns are others than %.*s: go on with the metrics of the run that is there, or branch off "
                    "(output=… --resume FILE)", path, (int)strcspn(header, "\n"), header);
}

/* Keeps the header and the lines whose first field is at most `last`. */
static dnn_status keep_lines(const char *path, const char *header, uint64_t last)
{
    char *text = NULL;
    size_t length = 0, kept = 0;
    dnn_status st = dnn_file_read(path, HISTORY_LIMIT, DNN_E_IO, &text, &length);
    if (st == DNN_OK && strncmp(text, header, strlen(header)) != 0) st = other_columns(path, header);
    if (st != DNN_OK) {
        dnn_free(text);
        return st;
    }
    for (char *line = text, *end; *line; line = end) {
        end = strchr(line, '\n');
        if (!end) break; /* a torn last line goes */
        end++;
        if (line == text || strtoull(line, NULL, 10) <= last) {
            memmove(text + kept, line, (size_t)(end - line));
            kept += (size_t)(end - line);
        }
    }
    st = dnn_file_write(path, text, kept);
    dnn_free(text);
    return st;
}

static dnn_status begin_file(const char *path, const char *header, uint64_t last)
{
    if (last > 0 && dnn_file_exists(path)) return keep_lines(path, header, last);
    return dnn_file_write(path, header, strlen(header));
}

static char *epochs_header(const char *const *names, size_t count)
{
    size_t room = 128;
    for (size_t i = 0; i < count; i++) room += strlen(names[i]) + 1;
    char *header = dnn_alloc(room, 1);
    if (!header) return NULL;
    char *at = stpcpy(header, "epoch,step,seconds,samples_per_second,learning_rate");
    for (size_t i = 0; i < count; i++) {
        *at++ = ',';
        at = stpcpy(at, names[i]);
    }
    strcpy(at, "\n");
    return header;
}

dnn_status history_open(const run_folder *folder, const history_plan *plan, history *out)
{
    *out = (history){ .epochs = { .path = run_folder_file(folder, "history.csv") }, .samples = plan->samples };
    if (plan->steps) out->steps.path = run_folder_file(folder, "steps.csv");
    if (plan->diagnosis) out->diagnosis.path = run_folder_file(folder, "diagnosis.csv");
    char *header = epochs_header(plan->names, plan->count);
    const bool paths = out->epochs.path && (!plan->steps || out->steps.path) && (!plan->diagnosis || out->diagnosis.path);
    dnn_status st = paths && header ? DNN_OK : DNN_E_MEMORY;
    /* a run that goes on within its first epoch keeps the header alone */
    if (st == DNN_OK) st = begin_file(out->epochs.path, header, plan->epoch);
    if (st == DNN_OK && plan->steps)
        st = begin_file(out->steps.path, "step,epoch,learning_rate,loss,gradient_norm,clip_factor\n", plan->step);
    if (st == DNN_OK && plan->diagnosis) st = begin_file(out->diagnosis.path, DIAGNOSIS_HEADER, plan->epoch);
    dnn_free(header);
    if (st != DNN_OK) history_close(out);
    return st;
}

static void close_file(history_file *f)
{
    dnn_free(f->path);
    dnn_free(f->waiting.text);
}

void history_close(history *h)
{
    close_file(&h->epochs);
    close_file(&h->steps);
    close_file(&h->diagnosis);
    *h = (history){ 0 };
}

static dnn_status flush(history_file *f)
{
    if (!f->waiting.text || f->waiting.length == 0) return DNN_OK;
    const dnn_status st = dnn_file_append(f->path, f->waiting.text);
    if (st == DNN_OK) f->waiting.length = 0;
    return st;
}

dnn_status history_flush(history *h)
{
    dnn_status st = flush(&h->epochs);
    if (st == DNN_OK) st = flush(&h->steps);
    return st == DNN_OK ? flush(&h->diagnosis) : st;
}

dnn_status history_append(history_file *f, const char *text)
{
    const bool waits = f->waiting.length > 0;
    dnn_status st = flush(f);
    if (st == DNN_OK) st = dnn_file_append(f->path, text);
    if (st != DNN_E_IO) return st;
    if (!waits) dnn_warn("%s; its lines wait in memory until it can be written", dnn_fail_text());
    growing_add(&f->waiting, "%s", text);
    return f->waiting.text ? DNN_OK : DNN_E_MEMORY;
}

dnn_status history_epoch(history *h, const dnn_report *r)
{
    char line[4096], text[DNN_NUMBER_TEXT];
    size_t used = (size_t)snprintf(line, sizeof line, "%llu,%llu,%.3f,%.1f,%s", (unsigned long long)r->epoch, (unsigned long long)r->step,
                                   r->seconds, r->seconds > 0 ? (double)h->samples / r->seconds : 0.0, dnn_number_text(r->learning_rate, text));
    for (size_t i = 0; i < r->count && used < sizeof line; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, ",%s", dnn_number_text(r->values[i], text));
    if (used + 2 > sizeof line) return dnn_fail(DNN_E_INTERNAL, "%s: a line of more than %zu bytes", h->epochs.path, sizeof line);
    strcpy(line + used, "\n");
    return history_append(&h->epochs, line);
}

dnn_status history_step(history *h, const step_line *l)
{
    char line[256], rate[DNN_NUMBER_TEXT], loss[DNN_NUMBER_TEXT], norm[DNN_NUMBER_TEXT], factor[DNN_NUMBER_TEXT];
    snprintf(line, sizeof line, "%llu,%llu,%s,%s,%s,%s\n", (unsigned long long)l->step, (unsigned long long)l->epoch,
             dnn_number_text(l->learning_rate, rate), dnn_number_text(l->loss, loss),
             dnn_number_text(l->gradient_norm, norm), dnn_number_text(l->clip_factor, factor));
    return history_append(&h->steps, line);
}
