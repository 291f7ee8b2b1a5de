/* weight_norms - after each epoch a line for every tensor of weights with its Euclidean norm, in double. Large norms speak for
 * regularization, norms that do not move for layers that do not learn. */
#include <math.h>

#include "dnn/base/memory.h"
#include "dnn/base/number.h"
#include "train/folder/log_file.h"

typedef struct weight_norms { char *filename; } weight_norms;

static const dnn_param params[] = {
    DNN_STRING(weight_norms, filename, "weight_norms.csv", "name of the file in the output folder"),
};

static double norm(const float *w, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)w[i] * (double)w[i];
    return sqrt(sum);
}

static void epoch_end(const void *params_, void *state, const dnn_report *report, dnn_wish *wish)
{
    const weight_norms *p = params_;
    if (!report->writes) return;
    growing lines = { 0 };
    char number[DNN_NUMBER_TEXT];
    growing_add(&lines, "%s", ""); /* a network without weights gets the header alone */
    for (size_t i = 0; i < report->segments->count; i++) {
        const dnn_segment *s = &report->segments->at[i];
        if (!s->weight) continue;
        growing_add(&lines, "%llu,", (unsigned long long)report->epoch);
        growing_add_field(&lines, s->name, ",");
        growing_add(&lines, ",%s\n", dnn_number_text(norm(report->weights + s->offset, s->length), number));
    }
    wish->status = log_file_write(state, report->output, p->filename, false, "epoch,tensor,norm\n", lines.text);
    dnn_free(lines.text);
}

const dnn_callback_kind dnn_callback_weight_norms = {
    .kind = { .name = "weight_norms", .help = "writes the Euclidean norm of every tensor of weights after each epoch",
              .params_size = sizeof(weight_norms), DNN_PARAMS(params) },
    .state_size = sizeof(log_file), .epoch_end = epoch_end, .save = log_file_save, .load = log_file_load,
};
