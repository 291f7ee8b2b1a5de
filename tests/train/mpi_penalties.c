/* What a training with penalties reports, and what its files hold of averages and accumulated gradients. */
#include <math.h>

#include "dnn/exchange/model_file.h"
#include "train/runs.h"

/* 130 rows in batches of 32: 5 steps an epoch, so that an update of 4 steps hangs over every end of an epoch. */
static const char *const run_file =
    "seed: 11\noutput: unset\n"
    "data: {source: {blobs: {n_samples: 200, centers: 3, n_features: 4, cluster_std: 3.0, random_state: 2}}, split: {validation: 40, test: 30}}\n"
    "model:\n  layers: [{dense: {units: 12, activation: tanh, kernel_regularizer: {l2: 0.25}, bias_regularizer: {l1: 0.5}, kernel_constraint: {max_norm: 1.5}}},\n"
    "           {batch_normalization: {gamma_regularizer: {l2: 0.125}}}, {dense: {units: 3, activation: softmax}}]\n"
    "training:\n  loss: sparse_categorical_crossentropy\n  metrics: [accuracy]\n  optimizer: {sgd: {learning_rate: 0.1}}\n"
    "  batch_size: 32\n  epochs: 4\n  shards: 4\n"
    "checkpoint: {every: {epochs: 1}, keep: 9}\n";

static const char *const keeps_more =
    "training.optimizer={adam: {learning_rate: 0.02, use_ema: true, ema_momentum: 0.8, ema_overwrite_frequency: 3, gradient_accumulation_steps: 4}}";

enum { MOST_OVERRIDES = 4 };

static dnn_status train_with(dnn_comm *comm, const char *output, dnn_resume resume, const char *const *more)
{
    char out[600];
    snprintf(out, sizeof out, "output=%s", in_folder(output));
    const char *overrides[1 + MOST_OVERRIDES] = { out };
    size_t n = 1;
    for (size_t i = 0; i < MOST_OVERRIDES && more[i]; i++) overrides[n++] = more[i];
    const dnn_train_request request = { .run_file = in_folder("run.yaml"), .overrides = overrides, .n_overrides = n, .resume = resume, .threads = 1 };
    const dnn_status st = dnn_train(comm, &request);
    if (st != DNN_OK && dnn_comm_rank(comm) == 0) fprintf(stderr, "# %s\n", dnn_fail_text());
    dnn_comm_barrier(comm);
    return st;
}

#define train(comm, output, resume, ...) train_with(comm, output, resume, (const char *const[MOST_OVERRIDES]){ __VA_ARGS__ })

/* Line `line` of a CSV file (0: the header) without its end; NULL: not there. Owned by the caller. */
static char *line_of(const char *path, int line)
{
    char *text = NULL, *found = NULL;
    size_t length = 0;
    if (dnn_file_read(path, 1 << 20, DNN_E_IO, &text, &length) != DNN_OK) return NULL;
    char *at = text;
    for (; line > 0 && at; line--) at = (at = strchr(at, '\n')) ? at + 1 : NULL;
    if (at && *at) {
        at[strcspn(at, "\n")] = '\0';
        found = dnn_strdup(at);
    }
    dnn_free(text);
    return found;
}

static bool header_is(const char *path, const char *want)
{
    char *header = line_of(path, 0);
    const bool same = header && strcmp(header, want) == 0;
    if (!same) fprintf(stderr, "# %s\n", header ? header : "no header");
    dnn_free(header);
    return same;
}

static double field(const char *path, int line, int column)
{
    char *text = line_of(path, line), *at = text;
    for (; column > 0 && at; column--) at = (at = strchr(at, ',')) ? at + 1 : NULL;
    const double value = at ? strtod(at, NULL) : NAN;
    dnn_free(text);
    return value;
}

typedef struct held { float *weights, *vector[DNN_MAX_VECTORS]; size_t total, vectors; double penalty; } held;

static void drop(held *h)
{
    dnn_free(h->weights);
    for (size_t i = 0; i < DNN_MAX_VECTORS; i++) dnn_free(h->vector[i]);
}

/* 0.25 sum w² of the first kernel, 0.5 sum |b| of its bias, 0.125 sum gamma². */
static double penalty_of(const dnn_graph *graph, const float *w)
{
    double sum = 0;
    for (size_t s = 0; s < graph->segments.count; s++) {
        const dnn_segment *g = &graph->segments.at[s];
        for (size_t i = 0; i < g->length; i++) {
            const double x = (double)w[g->offset + i];
            if (strcmp(g->name, "dense/kernel") == 0) sum += 0.25 * x * x;
            if (strcmp(g->name, "dense/bias") == 0) sum += 0.5 * fabs(x);
            if (strcmp(g->name, "batch_normalization/gamma") == 0) sum += 0.125 * x * x;
        }
    }
    return sum;
}

static bool hold(const char *path, held *h)
{
    dnn_model_file *file = NULL;
    dnn_graph *graph = NULL;
    const dnn_port *ports = NULL;
    size_t n = 0;
    *h = (held){ 0 };
    dnn_status st = dnn_model_open(path, &file);
    if (st == DNN_OK) st = dnn_graph_create(dnn_model_architecture(file, &ports, &n), ports, n, &graph);
    if (st == DNN_OK) {
        dnn_component optimizer = { 0 };
        double scalars[DNN_MAX_SCALARS];
        uint64_t iterations = 0;
        bool found = false;
        h->total = graph->segments.total;
        h->weights = dnn_alloc(h->total, sizeof(float));
        st = dnn_model_weights(file, graph, h->weights);
        h->penalty = penalty_of(graph, h->weights);
        const dnn_node *node = dnn_node_find(dnn_model_training(file), "optimizer");
        if (st == DNN_OK) st = dnn_component_read(&dnn_optimizers, node, &optimizer);
        if (st == DNN_OK) {
            h->vectors = dnn_optimizer_vectors(&optimizer);
            for (size_t i = 0; i < h->vectors; i++) h->vector[i] = dnn_alloc(h->total, sizeof(float));
            st = dnn_model_optimizer(file, graph, &optimizer, h->vector, scalars, &iterations, &found);
            if (st == DNN_OK && !found && h->vectors > 0) st = dnn_fail(DNN_E_MODEL, "no state of the optimizer");
        }
        dnn_component_clear(&optimizer);
    }
    if (st != DNN_OK) fprintf(stderr, "# %s: %s\n", path, dnn_fail_text());
    dnn_graph_destroy(graph);
    dnn_model_close(file);
    return st == DNN_OK;
}

static bool near(double a, double b, double tolerance)
{
    const bool is = fabs(a - b) <= tolerance * (1 + fabs(b));
    if (!is) fprintf(stderr, "# %.12g instead of %.12g\n", a, b);
    return is;
}

/* The columns: epoch, step, seconds, samples_per_second, learning_rate, then values. */
enum { LOSS = 5, DATA_LOSS, ACCURACY, VAL_LOSS, VAL_DATA_LOSS, VAL_ACCURACY };

static void losses_hold_the_penalties_and_the_data_term_stands_behind_them(void **state)
{
    dnn_comm *comm = *state;
    held end;
    assert_on_all_ranks(comm, train(comm, "told", DNN_RESUME_NONE, "training.log_every=1") == DNN_OK);
    assert_on_all_ranks(comm, header_is(in_folder("told/history.csv"), "epoch,step,seconds,samples_per_second,learning_rate,loss,data_loss,accuracy,"
                                                                       "val_loss,val_data_loss,val_accuracy"));
    assert_on_all_ranks(comm, hold(in_folder("told/model.h5"), &end));
    const char *history = in_folder("told/history.csv");
    assert_on_all_ranks(comm, end.penalty > 0.1 && near(field(history, 4, VAL_LOSS) - field(history, 4, VAL_DATA_LOSS), end.penalty, 1e-7));
    drop(&end);
    dnn_results results;
    const dnn_apply_request request = { .model_file = in_folder("told/model.h5"), .threads = 1, .part = DNN_VALIDATION };
    assert_on_all_ranks(comm, dnn_evaluate(comm, &request, &results) == DNN_OK && results.count == 3);
    assert_on_all_ranks(comm, strcmp(results.names[0], "loss") == 0 && strcmp(results.names[1], "data_loss") == 0 &&
                                  strcmp(results.names[2], "accuracy") == 0);
    for (int i = 0; i < 3; i++) assert_on_all_ranks(comm, near(results.values[i], field(history, 4, VAL_LOSS + i), 1e-6));
    dnn_results_clear(&results);
}

/* Loss of an epoch: those of its batches, by rows. */
static void the_loss_of_an_epoch_is_that_of_its_steps_weighted_by_rows(void **state)
{
    dnn_comm *comm = *state;
    static const double rows[] = { 32, 32, 32, 32, 2 };
    for (int epoch = 1; epoch <= 4; epoch++) {
        double sum = 0;
        for (int s = 0; s < 5; s++) sum += rows[s] * field(in_folder("told/steps.csv"), 1 + 5 * (epoch - 1) + s, 3);
        assert_on_all_ranks(comm, near(field(in_folder("told/history.csv"), epoch, LOSS), sum / 130, 1e-10));
    }
}

/* One step of the whole training part from weights that a run without epochs shows. */
static void the_loss_of_a_step_holds_the_penalty_before_it_and_the_norm_is_that_before_clipping(void **state)
{
    dnn_comm *comm = *state;
    held start;
    assert_on_all_ranks(comm, train(comm, "start", DNN_RESUME_NONE, "training.epochs=0") == DNN_OK);
    assert_on_all_ranks(comm, hold(in_folder("start/model.h5"), &start));
    assert_on_all_ranks(comm, train(comm, "free", DNN_RESUME_NONE, "training.log_every=1", "training.batch_size=130", "training.epochs=1") == DNN_OK);
    const double loss = field(in_folder("free/history.csv"), 1, LOSS), data = field(in_folder("free/history.csv"), 1, DATA_LOSS);
    assert_on_all_ranks(comm, near(loss - data, start.penalty, 1e-7) && start.penalty > 0.1);
    assert_on_all_ranks(comm, near(field(in_folder("free/steps.csv"), 1, 3), loss, 1e-12));
    drop(&start);
    const double norm = field(in_folder("free/steps.csv"), 1, 4);
    char clipped[200];
    snprintf(clipped, sizeof clipped, "training.optimizer={sgd: {learning_rate: 0.1, global_clipnorm: %.17g}}", norm / 4);
    assert_on_all_ranks(comm, norm > 0.1 && field(in_folder("free/steps.csv"), 1, 5) == 1.0);
    assert_on_all_ranks(comm, train(comm, "clipped", DNN_RESUME_NONE, clipped, "training.log_every=1", "training.batch_size=130",
                                    "training.epochs=1") == DNN_OK);
    assert_on_all_ranks(comm, field(in_folder("clipped/steps.csv"), 1, 4) == norm);
    assert_on_all_ranks(comm, near(field(in_folder("clipped/steps.csv"), 1, 5), 0.25, 1e-12));
}

static void without_penalties_there_is_no_data_loss(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, train(comm, "bare", DNN_RESUME_NONE, "model={layers: [{dense: {units: 3, activation: softmax}}]}", "training.epochs=1") == DNN_OK);
    assert_on_all_ranks(comm, header_is(in_folder("bare/history.csv"),
                                        "epoch,step,seconds,samples_per_second,learning_rate,loss,accuracy,val_loss,val_accuracy"));
}

static bool same(const held *a, const held *b)
{
    bool is = a->total == b->total && a->vectors == b->vectors && memcmp(a->weights, b->weights, a->total * sizeof(float)) == 0;
    for (size_t i = 0; is && i < a->vectors; i++) is = memcmp(a->vector[i], b->vector[i], a->total * sizeof(float)) == 0;
    return is;
}

static bool empty(const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (values[i] != 0) return false;
    return true;
}

/* The first run leaves a checkpoint after step 3 alone: one short of its first update. */
static void averages_and_accumulated_gradients_are_in_the_file_and_go_on_with_the_same_bits(void **state)
{
    dnn_comm *comm = *state;
    held third, whole, parts;
    assert_on_all_ranks(comm, train(comm, "whole", DNN_RESUME_NONE, keeps_more) == DNN_OK);
    assert_on_all_ranks(comm, train(comm, "parts", DNN_RESUME_NONE, keeps_more, "checkpoint.every={steps: 3}", "training.epochs=1") == DNN_OK);
    assert_on_all_ranks(comm, hold(in_folder("parts/checkpoints/step-0000000003.h5"), &third));
    assert_on_all_ranks(comm, third.vectors == 4 && !empty(third.vector[0], third.total) && !empty(third.vector[1], third.total));
    assert_on_all_ranks(comm, empty(third.vector[2], third.total) && empty(third.vector[3], third.total));
    drop(&third);
    assert_on_all_ranks(comm, train(comm, "parts", DNN_RESUME_AUTO, keeps_more, "training.epochs=4") == DNN_OK);
    assert_on_all_ranks(comm, hold(in_folder("whole/checkpoints/step-0000000020.h5"), &whole));
    assert_on_all_ranks(comm, hold(in_folder("parts/checkpoints/step-0000000020.h5"), &parts));
    assert_on_all_ranks(comm, whole.vectors == 4 && same(&whole, &parts));
    assert_on_all_ranks(comm, memcmp(whole.weights, whole.vector[0], whole.total * sizeof(float)) != 0);
    drop(&whole);
    drop(&parts);
    assert_on_all_ranks(comm, hold(in_folder("whole/model.h5"), &whole) && hold(in_folder("parts/model.h5"), &parts));
    assert_on_all_ranks(comm, same(&whole, &parts));
    for (int epoch = 1; epoch <= 4; epoch++)
        for (int column = LOSS; column <= VAL_ACCURACY; column++)
            assert_on_all_ranks(comm, field(in_folder("whole/history.csv"), epoch, column) == field(in_folder("parts/history.csv"), epoch, column));
    drop(&whole);
    drop(&parts);
}

int main(int argc, char **argv)
{
    dnn_comm *comm = NULL;
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK || runs_begin(comm, run_file) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(losses_hold_the_penalties_and_the_data_term_stands_behind_them, comm),
        cmocka_unit_test_prestate(the_loss_of_an_epoch_is_that_of_its_steps_weighted_by_rows, comm),
        cmocka_unit_test_prestate(the_loss_of_a_step_holds_the_penalty_before_it_and_the_norm_is_that_before_clipping, comm),
        cmocka_unit_test_prestate(without_penalties_there_is_no_data_loss, comm),
        cmocka_unit_test_prestate(averages_and_accumulated_gradients_are_in_the_file_and_go_on_with_the_same_bits, comm),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return runs_end(comm, failed);
}
