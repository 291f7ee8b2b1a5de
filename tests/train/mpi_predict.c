/* Predictions: in the units of the targets, in row order, the same at any number of ranks. */
#include <math.h>

#include "train/runs.h"

enum { ROWS = 50 };

static const char *const run_file =
    "seed: 5\noutput: unset\n"
    "data: {source: {csv: {path: unset, target: price}}, split: {validation: 10}, scale: {features: standardize, targets: standardize}}\n"
    "model: {layers: [{dense: {units: 8, activation: relu}}, {dropout: {rate: 0.2}}, {dense: {units: 1}}]}\n"
    "training: {loss: mse, optimizer: {adam: {learning_rate: 0.02}}, batch_size: 8, epochs: 60}\n";

static double price(int i) { return 5000.0 + 300.0 * (i % 7) - 40.0 * (i % 11); }

static void write_table(const char *name, bool with_price)
{
    char text[4096], line[64];
    strcpy(text, with_price ? "a,b,price\n" : "a,b\n");
    for (int i = 0; i < ROWS; i++) {
        snprintf(line, sizeof line, with_price ? "%d,%d,%.17g\n" : "%d,%d\n", i % 7, i % 11, price(i));
        strcat(text, line);
    }
    dnn_file_write(in_folder(name), text, strlen(text));
}

static dnn_status train(dnn_comm *comm)
{
    char out[700], source[700];
    snprintf(out, sizeof out, "output=%s", in_folder("run"));
    snprintf(source, sizeof source, "data.source.csv.path=%s", in_folder("priced.csv"));
    const char *overrides[] = { out, source };
    const dnn_train_request request = { .run_file = in_folder("run.yaml"), .overrides = overrides, .n_overrides = 2, .overwrite = true, .threads = 1 };
    const dnn_status st = dnn_train(comm, &request);
    dnn_comm_barrier(comm);
    return st;
}

/* The first column of predictions for a table's rows; every rank reads the file. */
static dnn_status predict(dnn_comm *comm, const char *table, const char *more, uint64_t passes, double values[ROWS])
{
    char source[700], out[600], *text = NULL;
    size_t length;
    snprintf(source, sizeof source, "data.source={csv: {path: %s%s}}", in_folder(table), strcmp(table, "priced.csv") == 0 ? ", target: price" : "");
    snprintf(out, sizeof out, "%s", in_folder("out.csv"));
    const char *overrides[] = { source, more };
    const dnn_apply_request request = { .model_file = in_folder("run/model.h5"), .overrides = overrides, .n_overrides = more ? 2 : 1, .threads = 1,
                                        .part = -1, .out = out, .overwrite = true, .passes = passes };
    dnn_status st = dnn_predict(comm, &request);
    if (st != DNN_OK && dnn_comm_rank(comm) == 0) fprintf(stderr, "# %s\n", dnn_fail_text());
    dnn_comm_barrier(comm);
    if (st == DNN_OK) st = dnn_file_read(out, 1 << 20, DNN_E_IO, &text, &length);
    const char *at = text;
    for (int i = 0; i < ROWS && at; i++) {
        at = strchr(at, '\n');
        values[i] = at ? strtod(at + 1, NULL) : NAN;
        if (at) at++;
    }
    dnn_free(text);
    dnn_comm_barrier(comm);
    return st;
}

static void predictions_have_the_units_of_the_targets(void **state)
{
    dnn_comm *comm = *state;
    double y[ROWS], error = 0.0;
    assert_on_all_ranks(comm, predict(comm, "priced.csv", NULL, 0, y) == DNN_OK);
    for (int i = 0; i < ROWS; i++) error = fmax(error, fabs(y[i] - price(i)));
    assert_on_all_ranks(comm, error < 700.0); /* the targets' range is 2200, their mean 5700 */
}

static void a_source_without_targets_gets_the_same_predictions(void **state)
{
    dnn_comm *comm = *state;
    double with[ROWS], without[ROWS];
    assert_on_all_ranks(comm, predict(comm, "priced.csv", NULL, 0, with) == DNN_OK);
    assert_on_all_ranks(comm, predict(comm, "plain.csv", NULL, 0, without) == DNN_OK);
    assert_on_all_ranks(comm, memcmp(with, without, sizeof with) == 0);
}

static void stochastic_passes_draw_by_row_whoever_holds_it(void **state)
{
    dnn_comm *comm = *state;
    double whole[ROWS], parted[ROWS], plain[ROWS];
    assert_on_all_ranks(comm, predict(comm, "plain.csv", "training.shards=1", 5, whole) == DNN_OK);
    assert_on_all_ranks(comm, predict(comm, "plain.csv", "comm.team=rank", 5, parted) == DNN_OK);
    assert_on_all_ranks(comm, predict(comm, "plain.csv", NULL, 0, plain) == DNN_OK);
    double apart = 0.0, noise = 0.0;
    for (int i = 0; i < ROWS; i++) {
        apart = fmax(apart, fabs(whole[i] - parted[i]) / fabs(whole[i]));
        noise = fmax(noise, fabs(whole[i] - plain[i]) / fabs(plain[i]));
    }
    assert_on_all_ranks(comm, apart < 1e-5); /* products of other shapes round otherwise */
    assert_on_all_ranks(comm, noise > 1e-3);
}

static dnn_status begin(dnn_comm *comm)
{
    const dnn_status st = runs_begin(comm, run_file);
    if (dnn_comm_rank(comm) == 0) {
        write_table("priced.csv", true);
        write_table("plain.csv", false);
    }
    dnn_comm_barrier(comm);
    return st == DNN_OK ? train(comm) : st;
}

int main(int argc, char **argv)
{
    dnn_comm *comm = NULL;
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK || begin(comm) != DNN_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(predictions_have_the_units_of_the_targets, comm),
        cmocka_unit_test_prestate(a_source_without_targets_gets_the_same_predictions, comm),
        cmocka_unit_test_prestate(stochastic_passes_draw_by_row_whoever_holds_it, comm),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return runs_end(comm, failed);
}
