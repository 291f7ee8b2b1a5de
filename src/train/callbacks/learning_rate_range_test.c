/* learning_rate_range_test - the learning rate grows from update to update by a constant factor, from `min` at the first to `max` at the last of the run,
 * and the loss of each batch is written beside it (Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3). The loss is
 * smoothed by a moving average m = b·m + (1 - b)·loss with b = `smoothing`, taken as m / (1 - b^t). The training ends when
 * that is more than `stop_factor` times its smallest value; suggested is the rate of the smallest value divided by 10 (Géron). */
#include <math.h>
#include <stdio.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/base/number.h"
#include "train/folder/log_file.h"

typedef struct learning_rate_range_test {
    double min, max, stop_factor, smoothing;
    char *filename;
} learning_rate_range_test;

typedef struct memory {
    log_file file;  /* first: log_file.h saves and loads it */
    int64_t steps;
    double mean, best, best_rate;
    bool done;
    dnn_plot plot;
} memory;

static const dnn_param params[] = {
    DNN_REAL(learning_rate_range_test, min, "1e-6", "> 0", "learning rate of the first update"),
    DNN_REAL(learning_rate_range_test, max, "10", "> 0", "learning rate of the last update"),
    DNN_REAL(learning_rate_range_test, stop_factor, "4", "> 1", "the training ends when the smoothed loss is so many times its smallest value"),
    DNN_REAL(learning_rate_range_test, smoothing, "0.9", "[0, 1)", "weight of the past in the moving average of the loss"),
    DNN_STRING(learning_rate_range_test, filename, "learning_rate_range_test.csv", "name of the file in the output folder: step, rate, loss, smoothed loss; beside it a picture, .svg"),
};

static dnn_status begin(const dnn_component *component, const char *const *names, size_t count, void *state)
{
    (void)names, (void)count, (void)state;
    const learning_rate_range_test *p = component->params;
    if (p->max > p->min) return DNN_OK;
    return dnn_place_fail(DNN_E_CONFIG, component->place, "learning_rate_range_test.max = %g: must be larger than min = %g", p->max, p->min);
}

static double learning_rate(const void *params_, double rate, const dnn_schedule_time *time)
{
    (void)rate;
    const learning_rate_range_test *p = params_;
    if (time->step + 1 >= time->total_steps) return time->total_steps > 1 ? p->max : p->min;
    return p->min * pow(p->max / p->min, (double)time->step / (double)(time->total_steps - 1));
}

static dnn_status write_line(const learning_rate_range_test *p, memory *m, const dnn_report *report, double smoothed)
{
    char rate[DNN_NUMBER_TEXT], loss[DNN_NUMBER_TEXT], mean[DNN_NUMBER_TEXT];
    char *line = dnn_format("%llu,%s,%s,%s\n", (unsigned long long)report->step, dnn_number_text(report->learning_rate, rate),
                            dnn_number_text(report->values[0], loss), dnn_number_text(smoothed, mean));
    const dnn_status st = log_file_write(&m->file, report->output, p->filename, false, "step,learning_rate,loss,smoothed_loss\n", line);
    dnn_free(line);
    return st;
}

static void step_end(const void *params_, void *state, const dnn_report *report, dnn_wish *wish)
{
    const learning_rate_range_test *p = params_;
    memory *m = state;
    if (m->done) { /* the update that was under way when it was */
        wish->stop = true;
        return;
    }
    m->steps++;
    m->mean = p->smoothing * m->mean + (1.0 - p->smoothing) * report->values[0];
    const double smoothed = m->mean / (1.0 - pow(p->smoothing, (double)m->steps));
    if (m->steps == 1 || smoothed < m->best) {
        m->best = smoothed;
        m->best_rate = report->learning_rate;
    }
    m->done = m->best > 0.0 && smoothed > p->stop_factor * m->best; /* a loss below 0 has no factor */
    wish->stop = m->done;
    if (report->writes) wish->status = write_line(p, m, report, smoothed);
}

static void train_end(const void *params_, void *state, const dnn_report *report, dnn_wish *wish)
{
    const learning_rate_range_test *p = params_;
    memory *m = state;
    if (!report->writes || m->steps == 0) return;
    m->plot = (dnn_plot){ .file = p->filename, .title = "Learning rate range test", .x = "learning_rate", .y = { "loss", "smoothed_loss" }, .log_x = true,
                          .mark = m->best_rate / 10.0 };
    snprintf(m->plot.mark_label, sizeof m->plot.mark_label, "suggested: %.2g", m->best_rate / 10.0);
    wish->plot = &m->plot;
    dnn_info("learning_rate_range_test: the smoothed loss is smallest (%.4g) at a rate of %.2g; a tenth of that, %.2g, is a good one to begin with",
             m->best, m->best_rate, m->best_rate / 10.0);
}

static dnn_node *save(const void *state)
{
    const memory *m = state;
    dnn_node *map = log_file_save(state);
    dnn_status st = map ? DNN_OK : DNN_E_MEMORY;
    if (st == DNN_OK) st = dnn_node_set(map, "steps", dnn_node_int(m->steps));
    if (st == DNN_OK) st = dnn_node_set(map, "mean", dnn_node_real(m->mean));
    if (st == DNN_OK) st = dnn_node_set(map, "best", dnn_node_real(m->best));
    if (st == DNN_OK) st = dnn_node_set(map, "best_rate", dnn_node_real(m->best_rate));
    if (st == DNN_OK) st = dnn_node_set(map, "done", dnn_node_bool(m->done));
    if (st == DNN_OK) return map;
    dnn_node_destroy(map);
    return NULL;
}

static dnn_status load(const dnn_node *saved, void *state)
{
    memory *m = state;
    const dnn_node *steps = dnn_node_find(saved, "steps"), *mean = dnn_node_find(saved, "mean"), *best = dnn_node_find(saved, "best");
    const dnn_node *best_rate = dnn_node_find(saved, "best_rate"), *done = dnn_node_find(saved, "done");
    if (!steps || !mean || !best || !best_rate || !done)
        return dnn_fail(DNN_E_MODEL, "the checkpoint's state of learning_rate_range_test is incomplete");
    m->steps = steps->integer;
    m->mean = mean->real;
    m->best = best->real;
    m->best_rate = best_rate->real;
    m->done = done->boolean;
    return log_file_load(saved, state);
}

const dnn_callback_kind dnn_callback_learning_rate_range_test = {
    .kind = { .name = "learning_rate_range_test", .help = "raises the learning rate from update to update, writes the loss beside it and suggests a rate (Smith 2017)",
              .params_size = sizeof(learning_rate_range_test), DNN_PARAMS(params) },
    .state_size = sizeof(memory), .begin = begin, .step_end = step_end, .train_end = train_end, .save = save, .load = load,
    .moves_learning_rate = true, .learning_rate = learning_rate,
};
