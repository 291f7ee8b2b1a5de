/* Trainings from run file to output folder: what they leave, how they go on, how they end. */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "train/runs.h"
#include "dnn/exchange/model_file.h"
#include "dnn/io/tree.h"

static const char *const run_file =
    "seed: 11\noutput: unset\n"
    "data: {source: {blobs: {n_samples: 200, centers: 3, n_features: 4, random_state: 2}}, split: {validation: 40, test: 30}}\n"
    "model:\n  layers: [{dense: {units: 12, use_bias: false}}, batch_normalization, {activation: relu}, {dropout: {rate: 0.2}},\n"
    "           {dense: {units: 3, activation: softmax}}]\n"
    "training:\n  loss: sparse_categorical_crossentropy\n  metrics: [accuracy]\n  optimizer: {adam: {learning_rate: 0.01}}\n"
    "  batch_size: 32\n  epochs: 4\n  shards: 4\n"
    "  callbacks: [{early_stopping: {patience: 50, restore_best_weights: true}}]\n"
    "checkpoint: {every: {epochs: 1}, keep: 2}\n";

static dnn_status train(dnn_comm *comm, const char *output, const char *more, dnn_resume resume, bool overwrite)
{
    return runs_train(comm, output, more, resume, NULL, overwrite);
}

/* Whether two model files hold the same bits of weights. Every rank looks. */
static bool same_weights(const char *a, const char *b)
{
    float *weights[2] = { NULL, NULL };
    size_t total[2] = { 0, 0 };
    const char *const paths[] = { a, b };
    for (int i = 0; i < 2; i++) {
        dnn_model_file *file = NULL;
        dnn_graph *graph = NULL;
        const dnn_port *ports = NULL;
        size_t n = 0;
        if (dnn_model_open(paths[i], &file) != DNN_OK) break;
        const dnn_node *architecture = dnn_model_architecture(file, &ports, &n);
        if (dnn_graph_create(architecture, ports, n, &graph) == DNN_OK) {
            total[i] = graph->segments.total;
            weights[i] = dnn_alloc(total[i], sizeof(float));
            if (dnn_model_weights(file, graph, weights[i]) != DNN_OK) total[i] = 0;
        }
        dnn_graph_destroy(graph);
        dnn_model_close(file);
    }
    const bool same = total[0] > 0 && total[0] == total[1] && memcmp(weights[0], weights[1], total[0] * sizeof(float)) == 0;
    dnn_free(weights[0]);
    dnn_free(weights[1]);
    return same;
}

static int count_lines(const char *path)
{
    char *text = NULL;
    size_t length = 0;
    int lines = 0;
    if (dnn_file_read(path, 1 << 20, DNN_E_IO, &text, &length) != DNN_OK) return -1;
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
    dnn_free(text);
    return lines;
}

static int count_files(const char *path)
{
    DIR *d = opendir(path);
    int n = 0;
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) n += e->d_name[0] != '.';
    if (d) closedir(d);
    return n;
}

static void a_training_leaves_its_files(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, train(comm, "whole", NULL, DNN_RESUME_NONE, false) == DNN_OK);
    dnn_comm_barrier(comm);
    assert_on_all_ranks(comm, dnn_file_exists(in_folder("whole/model.h5")));
    assert_on_all_ranks(comm, dnn_file_exists(in_folder("whole/run.yaml")));
    assert_on_all_ranks(comm, dnn_file_exists(in_folder("whole/status.json")));
    assert_on_all_ranks(comm, count_lines(in_folder("whole/history.csv")) == 5);
    assert_on_all_ranks(comm, count_files(in_folder("whole/checkpoints")) == 2);
}

static void a_folder_that_holds_a_run_is_refused_with_both_ways_out(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, train(comm, "whole", NULL, DNN_RESUME_NONE, false) == DNN_E_CONFIG);
    assert_on_all_ranks(comm, strstr(dnn_fail_text(), "--resume auto") && strstr(dnn_fail_text(), "--overwrite"));
}

static void a_training_gone_on_with_has_the_bits_of_one_never_interrupted(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, train(comm, "parts", "training.epochs=2", DNN_RESUME_NONE, false) == DNN_OK);
    assert_on_all_ranks(comm, train(comm, "parts", "training.epochs=4", DNN_RESUME_AUTO, false) == DNN_OK);
    dnn_comm_barrier(comm);
    assert_on_all_ranks(comm, same_weights(in_folder("parts/model.h5"), in_folder("whole/model.h5")));
    assert_on_all_ranks(comm, count_lines(in_folder("parts/history.csv")) == 5);
}

static void the_resolved_run_file_repeats_the_run(void **state)
{
    dnn_comm *comm = *state;
    char out[600];
    snprintf(out, sizeof out, "output=%s", in_folder("again"));
    const char *overrides[] = { out };
    const dnn_train_request request = { .run_file = in_folder("whole/run.yaml"), .overrides = overrides, .n_overrides = 1, .threads = 1 };
    const dnn_status st = dnn_train(comm, &request);
    if (st != DNN_OK) fprintf(stderr, "# %s\n", dnn_fail_text());
    assert_on_all_ranks(comm, st == DNN_OK);
    dnn_comm_barrier(comm);
    assert_on_all_ranks(comm, same_weights(in_folder("again/model.h5"), in_folder("whole/model.h5")));
}

static void overwriting_trains_anew(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, train(comm, "parts", "training.epochs=1", DNN_RESUME_NONE, true) == DNN_OK);
    dnn_comm_barrier(comm);
    assert_on_all_ranks(comm, count_lines(in_folder("parts/history.csv")) == 2);
    assert_on_all_ranks(comm, count_files(in_folder("parts/checkpoints")) == 1);
}

/* One process a rank in the trace, and steps that do not overlap. */
static void a_trace_shows_every_rank_in_each_phase(void **state)
{
    dnn_comm *comm = *state;
    char *text = NULL;
    size_t length = 0;
    dnn_node *root = NULL;
    assert_on_all_ranks(comm, train(comm, "traced", "training={trace: true}", DNN_RESUME_NONE, false) == DNN_E_CONFIG);
    assert_on_all_ranks(comm, train(comm, "traced", "training.trace=true", DNN_RESUME_NONE, false) == DNN_OK);
    dnn_comm_barrier(comm);
    assert_on_all_ranks(comm, dnn_file_read(in_folder("traced/trace.json"), 1 << 24, DNN_E_IO, &text, &length) == DNN_OK);
    assert_on_all_ranks(comm, dnn_json_parse(text, length, "trace.json", &root) == DNN_OK);
    const dnn_node *events = dnn_node_find(root, "traceEvents");
    double waits = 0, end = 0;
    bool ordered = true;
    for (size_t i = 0; events && i < events->count; i++) {
        const dnn_node *e = events->items[i], *pid = dnn_node_find(e, "pid"), *start = dnn_node_find(e, "ts");
        if (!start || pid->integer != dnn_comm_rank(comm)) continue;
        waits += strcmp(dnn_node_find(e, "name")->text, "wait") == 0;
        ordered = ordered && start->real >= end - 0.01;
        end = start->real + dnn_node_find(e, "dur")->real;
    }
    /* 4 epochs of 5 steps: two meetings each */
    assert_on_all_ranks(comm, waits == 40.0 && ordered);
    dnn_node_destroy(root);
    dnn_free(text);
}

static void a_loss_that_is_not_finite_ends_with_its_own_status(void **state)
{
    dnn_comm *comm = *state;
    const char *wild = "data.source={regression: {n_samples: 200, n_features: 4}}";
    char out[600];
    snprintf(out, sizeof out, "output=%s", in_folder("wild"));
    const char *overrides[] = { out, wild, "model={layers: [{dense: {units: 8}}, {dense: {units: 1}}]}", "training.loss=mse", "training.metrics=[]",
                                "training.optimizer={sgd: {learning_rate: 1.0e+8}}" };
    const dnn_train_request request = { .run_file = in_folder("run.yaml"), .overrides = overrides, .n_overrides = 6, .threads = 1 };
    assert_on_all_ranks(comm, dnn_train(comm, &request) == DNN_E_DIVERGED);
    assert_on_all_ranks(comm, strstr(dnn_fail_text(), "not finite") != NULL);
}

static void a_model_file_that_is_no_path_is_told_and_not_followed(void **state)
{
    dnn_comm *comm = *state;
    assert_on_all_ranks(comm, train(comm, "pathless", "model={file: {path: a.h5}}", DNN_RESUME_NONE, false) == DNN_E_CONFIG);
    assert_on_all_ranks(comm, strstr(dnn_fail_text(), "must be the path of a model file") != NULL);
    assert_on_all_ranks(comm, train(comm, "pathless", "model={weights: null}", DNN_RESUME_NONE, false) == DNN_E_CONFIG);
}

static void a_last_update_that_is_not_finite_is_found_out_and_not_saved(void **state)
{
    dnn_comm *comm = *state;
    char out[600];
    snprintf(out, sizeof out, "output=%s", in_folder("overflow"));
    const char *overrides[] = { out, "data.source={regression: {n_samples: 200, n_features: 4}}", "model={layers: [{dense: {units: 8}}, {dense: {units: 1}}]}",
                                "training.loss=mse", "training.metrics=[]", "training.optimizer={sgd: {learning_rate: 1.0e+38}}",
                                "training.batch_size=1000", "training.epochs=1" };
    const dnn_train_request request = { .run_file = in_folder("run.yaml"), .overrides = overrides, .n_overrides = 8, .threads = 1 };
    assert_on_all_ranks(comm, dnn_train(comm, &request) == DNN_E_DIVERGED);
    dnn_comm_barrier(comm);
    assert_on_all_ranks(comm, !dnn_file_exists(in_folder("overflow/model.h5")) && count_files(in_folder("overflow/checkpoints")) == 0);
}

static void evaluating_the_model_gives_the_last_line_of_its_history(void **state)
{
    dnn_comm *comm = *state;
    dnn_results results;
    const dnn_apply_request request = { .model_file = in_folder("whole/model.h5"), .threads = 1, .part = DNN_VALIDATION };
    const dnn_status st = dnn_evaluate(comm, &request, &results);
    if (st != DNN_OK) fprintf(stderr, "# %s\n", dnn_fail_text());
    assert_on_all_ranks(comm, st == DNN_OK);
    assert_on_all_ranks(comm, results.samples == 40 && results.count == 2);
    /* the best epoch's weights were restored: its val_loss is the smallest of the history */
    char *text = NULL;
    size_t length = 0;
    double best = 1e9;
    assert_on_all_ranks(comm, dnn_file_read(in_folder("whole/history.csv"), 1 << 20, DNN_E_IO, &text, &length) == DNN_OK);
    for (char *line = strchr(text, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
        char *at = line;
        for (int field = 0; field < 7; field++) at = strchr(at, ',') + 1;
        if (strtod(at, NULL) < best) best = strtod(at, NULL);
    }
    dnn_free(text);
    assert_on_all_ranks(comm, results.values[0] - best < 1e-6 && best - results.values[0] < 1e-6);
    dnn_results_clear(&results);
}

int main(int argc, char **argv)
{
    dnn_comm *comm = NULL;
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK || runs_begin(comm, run_file) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_training_leaves_its_files, comm),
        cmocka_unit_test_prestate(a_folder_that_holds_a_run_is_refused_with_both_ways_out, comm),
        cmocka_unit_test_prestate(a_training_gone_on_with_has_the_bits_of_one_never_interrupted, comm),
        cmocka_unit_test_prestate(the_resolved_run_file_repeats_the_run, comm),
        cmocka_unit_test_prestate(evaluating_the_model_gives_the_last_line_of_its_history, comm),
        cmocka_unit_test_prestate(overwriting_trains_anew, comm),
        cmocka_unit_test_prestate(a_trace_shows_every_rank_in_each_phase, comm),
        cmocka_unit_test_prestate(a_loss_that_is_not_finite_ends_with_its_own_status, comm),
        cmocka_unit_test_prestate(a_model_file_that_is_no_path_is_told_and_not_followed, comm),
        cmocka_unit_test_prestate(a_last_update_that_is_not_finite_is_found_out_and_not_saved, comm),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return runs_end(comm, failed);
}
