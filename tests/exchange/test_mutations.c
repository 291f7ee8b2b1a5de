/* Files damaged at random: flipped bits, wrong bytes, bursts, runs of zeros, cuts, in turn. Of our own files every
 * single one is refused. Of Keras's files, which carry no checksums, a changed weight cannot be told from an unchanged
 * one; and of our own with a header that was made to fit again, damage reaches HDF5: what these two show is that
 * nothing crashes or hangs but the reader, whose end is a failure like others.
 *
 * The suite tries a few hundred; tests/campaign/mutated_files.sh ten thousand (DNN_MUTATIONS, DNN_MUTATIONS_SEED). */
#include "exchange/support.h"

#include <time.h>

#include "dnn/base/random.h"
#include "exchange/header.h"

enum {
    KINDS = 5,
    LONGEST = 64,
    SLOW_SECONDS = 150 /* the reader ends itself before, also on a machine with much to do */
};

static const char *const kinds[KINDS] = {"bit", "byte", "burst", "zeros", "cut"};

typedef struct bytes {
    unsigned char *at;
    size_t length;
} bytes;

typedef struct tally {
    size_t tried, refused, same, different, contained;
    double slowest;
} tally;

static dnn_stream stream = {.seed = 2, .purpose = DNN_FOR_CHECK};
static size_t wanted = 200;

static bytes slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    bytes b = {.length = (size_t)ftell(f)};
    rewind(f);
    b.at = malloc(b.length);
    assert_int_equal(fread(b.at, 1, b.length, f), b.length);
    fclose(f);
    return b;
}

static void spill(const char *path, const bytes *b)
{
    unlink(path); /* writing over a file makes some file systems wait for the disk */
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b->at, 1, b->length, f), b->length);
    assert_int_equal(fclose(f), 0);
}

/* Number `i` of `whole` into `bad`; false where it came out the same. */
static bool mutate(const bytes *whole, size_t i, size_t from, bytes *bad)
{
    const size_t kind = i % KINDS, at = from + (size_t)dnn_below_at(&stream, i, 0, whole->length - from);
    static const size_t length[] = {1, 1, 16, LONGEST, 0};
    memcpy(bad->at, whole->at, whole->length);
    bad->length = kind == 4 ? at : whole->length;
    for (size_t k = 0; k < length[kind] && at + k < whole->length; k++) {
        const uint32_t random = dnn_random_at(&stream, i, 100 + k);
        bad->at[at + k] = kind == 0   ? bad->at[at] ^ (unsigned char)(1u << random % 8)
                          : kind == 3 ? 0
                                      : (unsigned char)random;
    }
    return bad->length != whole->length || memcmp(bad->at, whole->at, whole->length) != 0;
}

/* Everything a training would read; the sum of the weights' bits in *sum. */
static dnn_status read_whole(const char *path, uint64_t *sum)
{
    dnn_model_file *file = NULL;
    dnn_graph *graph = NULL;
    const dnn_port *inputs;
    size_t n;
    dnn_status st = dnn_model_open(path, &file);
    if (st != DNN_OK) return st;
    const dnn_node *model = dnn_model_architecture(file, &inputs, &n);
    if (model) st = dnn_graph_create(model, inputs, n, &graph);
    float *weights = graph ? dnn_alloc(graph->segments.total, sizeof *weights) : NULL;
    if (weights) st = dnn_model_weights(file, graph, weights);
    *sum = 0;
    for (size_t i = 0; weights && i < graph->segments.total; i++) {
        uint32_t bits;
        memcpy(&bits, &weights[i], sizeof bits);
        *sum = *sum * 31 + bits;
    }
    dnn_free(weights);
    dnn_graph_destroy(graph);
    dnn_model_close(file);
    return st;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* What becomes of one damaged file. */
static void judge(tally *t, const char *path, uint64_t right)
{
    uint64_t sum = 0;
    const double start = seconds();
    const dnn_status st = read_whole(path, &sum);
    const double taken = seconds() - start;
    t->tried++;
    t->refused += st != DNN_OK;
    t->same += st == DNN_OK && sum == right;
    t->different += st == DNN_OK && sum != right;
    if (taken > t->slowest) t->slowest = taken;
    if (st == DNN_OK) return;
    /* Status 9: a description may ask for more than there is. */
    if (st != DNN_E_MODEL && st != DNN_E_MEMORY && st != DNN_E_CONFIG)
        fail_msg("status %d: %s", (int)st, dnn_fail_text());
    assert_true(*dnn_fail_text());
    const char *text = dnn_fail_text();
    t->contained += strstr(text, "crashed (") || strstr(text, "seconds of computing") || strstr(text, "with status");
}

static void report(const char *what, const tally *t)
{
    printf("%s: %zu tried, %zu refused (reader crashed or was stopped: %zu), %zu read the same, %zu read otherwise, "
           "slowest %.2f s\n",
           what, t->tried, t->refused, t->contained, t->same, t->different, t->slowest);
    assert_true(t->tried > 0);
    assert_true(t->slowest < SLOW_SECONDS);
}

/* A network of ours with moments, saved statistics and a callback's array. */
static const char *own_file(void)
{
    const char *path = in_folder("own.h5");
    dnn_graph *g = graph_of("{\"inputs\": {\"x\": [6]}, \"layers\": [{\"dense\": {\"units\": 12, \"activation\": "
                            "\"relu\"}}, \"batch_normalization\", {\"dense\": {\"units\": 2}}]}");
    dnn_component optimizer = optimizer_of("\"adam\"");
    float *weights = distinct(g->segments.total, 1), *m = distinct(g->segments.total, 2),
          *v = distinct(g->segments.total, 3);
    dnn_node *section = json("{\"epoch\": 1}"), *training = json("{\"loss\": \"mean_squared_error\"}");
    const dnn_model_array kept = {.name = "kept_0", .values = weights, .count = g->segments.total};
    const dnn_model_content content = {.graph = g,
                                       .weights = weights,
                                       .training = training,
                                       .optimizer = &optimizer,
                                       .slots = (const float *[]){m, v},
                                       .iterations = 7,
                                       .learning_rate = 0.001,
                                       .section = section,
                                       .arrays = &kept,
                                       .n_arrays = 1};
    assert_ok(dnn_model_write(path, &content));
    dnn_node_destroy(section);
    dnn_node_destroy(training);
    dnn_free(weights);
    dnn_free(m);
    dnn_free(v);
    dnn_component_clear(&optimizer);
    dnn_graph_destroy(g);
    return path;
}

static void every_damaged_file_of_ours_is_refused(void **state)
{
    (void)state;
    const bytes whole = slurp(own_file());
    bytes bad = {.at = malloc(whole.length)};
    tally t = {0};
    uint64_t right = 0;
    assert_ok(read_whole(in_folder("own.h5"), &right));
    for (size_t i = 0; i < 2 * wanted; i++) {
        if (!mutate(&whole, i, 0, &bad)) continue;
        const char *path = in_folder("bad.h5");
        spill(path, &bad);
        const size_t refused = t.refused;
        judge(&t, path, right);
        if (t.refused == refused)
            fail_msg("%s %zu of seed %zu: taken for good", kinds[i % KINDS], i, (size_t)stream.seed);
        if (dnn_model_verify(path) != DNN_E_MODEL) fail_msg("%s %zu: verified", kinds[i % KINDS], i);
    }
    report("own files", &t);
    assert_int_equal(t.same + t.different, 0);
    free(whole.at);
    free(bad.at);
}

static void damage_in_files_of_keras_ends_nothing_but_the_reader(void **state)
{
    static const char *const names[] = {"mlp_relu.h5", "mlp_bn.h5", "wide_deep.h5"};
    (void)state;
    tally t = {0};
    for (size_t f = 0; f < 3; f++) {
        const bytes whole = slurp(test_data(names[f]));
        bytes bad = {.at = malloc(whole.length)};
        uint64_t right = 0;
        assert_ok(read_whole(test_data(names[f]), &right));
        for (size_t i = 0; i < (wanted + 2) / 3; i++) {
            if (!mutate(&whole, i + f * 1000000, 0, &bad)) continue;
            spill(in_folder("bad.h5"), &bad);
            judge(&t, in_folder("bad.h5"), right);
        }
        free(whole.at);
        free(bad.at);
    }
    report("files of Keras", &t);
}

/* A forger's work: the header fits the damage. Sums of arrays still stand against it. */
static void damage_under_a_header_that_fits_ends_nothing_but_the_reader(void **state)
{
    (void)state;
    const bytes whole = slurp(own_file());
    bytes bad = {.at = malloc(whole.length)};
    tally t = {0};
    uint64_t right = 0;
    assert_ok(read_whole(in_folder("own.h5"), &right));
    for (size_t i = 0; i < wanted / 3; i++) {
        if (!mutate(&whole, i + 7000000, HEADER_SIZE, &bad)) continue;
        if (bad.length < HEADER_SIZE) continue;
        header_fill(bad.at, bad.length, DNN_FORMAT_VERSION);
        spill(in_folder("bad.h5"), &bad);
        judge(&t, in_folder("bad.h5"), right);
    }
    report("sealed again", &t);
    assert_int_equal(t.different, 0);
    free(whole.at);
    free(bad.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_damaged_file_of_ours_is_refused),
        cmocka_unit_test(damage_in_files_of_keras_ends_nothing_but_the_reader),
        cmocka_unit_test(damage_under_a_header_that_fits_ends_nothing_but_the_reader),
    };
    const char *count = getenv("DNN_MUTATIONS"), *seed = getenv("DNN_MUTATIONS_SEED");
    if (count) wanted = strtoul(count, NULL, 10);
    if (seed) stream.seed = strtoul(seed, NULL, 10);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
