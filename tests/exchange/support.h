/* What the tests of model files share: a folder of their own, networks from JSON, predictions. */
#ifndef EXCHANGE_SUPPORT_H
#define EXCHANGE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dnn/base/memory.h"
#include "dnn/exchange/model_file.h"
#include "dnn/io/tree.h"

static char test_folder[64];

__attribute__((unused)) static int make_folder(void **state)
{
    (void)state;
    strcpy(test_folder, "/tmp/dnn_exchange_XXXXXX");
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return mkdtemp(test_folder) ? 0 : -1;
}

/* Also the place where a leak shows: all that was allocated is free again. */
__attribute__((unused)) static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", test_folder);
    dnn_place_forget();
    if (dnn_memory_balance() != 0) fprintf(stderr, "%zu blocks were not freed\n", dnn_memory_balance());
    return system(command) || dnn_memory_balance() != 0;
}

/* A path in the test's folder; good until the fourth call from here. */
__attribute__((unused)) static const char *in_folder(const char *name)
{
    static char path[4][128];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", test_folder, name);
    return path[turn];
}

__attribute__((unused)) static const char *test_data(const char *name)
{
    static char path[4][512];
    static int turn;
    const char *source = getenv("DNN_TEST_SOURCE"), *slash = strrchr(__FILE__, '/');
    turn = (turn + 1) % 4;
    if (source)
        snprintf(path[turn], sizeof path[turn], "%s/exchange/data/%s", source, name);
    else
        snprintf(path[turn], sizeof path[turn], "%.*s/data/%s", slash ? (int)(slash - __FILE__) : 1,
                 slash ? __FILE__ : ".", name);
    return path[turn];
}

__attribute__((unused)) static void copy_file(const char *from, const char *to)
{
    char piece[65536];
    size_t n;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_true(in && out);
    while ((n = fread(piece, 1, sizeof piece, in)) > 0) assert_int_equal(fwrite(piece, 1, n, out), n);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        const dnn_status st_ = (call);                                                                                 \
        if (st_ != DNN_OK) fail_msg("%s: %s", #call, dnn_fail_text());                                                 \
    } while (0)

/* Fails with `status` and a text that holds each of the words. */
#define assert_fails(status, call, ...) assert_fails_(status, call, #call, (const char *[]){__VA_ARGS__, NULL})
__attribute__((unused)) static void assert_fails_(dnn_status want, dnn_status got, const char *call,
                                                  const char *const *words)
{
    if (got != want)
        fail_msg("%s: %s instead of %s: %s", call, dnn_status_name(got), dnn_status_name(want), dnn_fail_text());
    for (; *words; words++)
        if (!strstr(dnn_fail_text(), *words)) fail_msg("%s: '%s' is not in: %s", call, *words, dnn_fail_text());
}

__attribute__((unused)) static dnn_node *json(const char *text)
{
    dnn_node *node;
    assert_ok(dnn_json_parse(text, strlen(text), "test", &node));
    return node;
}

__attribute__((unused)) static dnn_graph *graph_of(const char *text)
{
    dnn_node *model = json(text);
    dnn_graph *graph;
    assert_ok(dnn_graph_create(model, NULL, 0, &graph));
    dnn_node_destroy(model);
    return graph;
}

__attribute__((unused)) static dnn_component optimizer_of(const char *text)
{
    dnn_node *node = json(text);
    dnn_component optimizer;
    assert_ok(dnn_component_read(&dnn_optimizers, node, &optimizer));
    dnn_node_destroy(node);
    return optimizer;
}

/* Whether two `training` sections mean the same: optimizers count as what is read from them, since rows that one of
 * them does not mention have defaults. */
__attribute__((unused)) static bool same_training(const dnn_node *a, const dnn_node *b)
{
    dnn_node *x = dnn_node_copy(a), *y = dnn_node_copy(b), *sides[] = {x, y};
    for (int i = 0; i < 2; i++) {
        const dnn_node *optimizer = dnn_node_find(sides[i], "optimizer");
        dnn_component component;
        if (!optimizer) continue;
        assert_ok(dnn_component_read(&dnn_optimizers, optimizer, &component));
        assert_ok(dnn_node_set(sides[i], "optimizer", dnn_component_write(&component)));
        dnn_component_clear(&component);
    }
    const bool same = dnn_node_equal(x, y);
    dnn_node_destroy(x);
    dnn_node_destroy(y);
    return same;
}

/* Values that no two places share, so that a swap shows. */
__attribute__((unused)) static float *distinct(size_t n, int which)
{
    float *values = dnn_alloc(n, sizeof *values);
    for (size_t i = 0; i < n; i++) values[i] = (float)sin(0.7 * (double)i + 100.0 * which) + (float)which;
    return values;
}

/* Zeroes what lies between segments, as in every flat vector. */
__attribute__((unused)) static void clear_gaps(const dnn_graph *g, float *values, bool trainable_only)
{
    float *clean = dnn_alloc(g->segments.total, sizeof *clean);
    for (size_t i = 0; i < g->segments.count; i++) {
        const dnn_segment *s = &g->segments.at[i];
        if (!trainable_only || (s->weight && s->trainable))
            memcpy(clean + s->offset, values + s->offset, s->length * sizeof *clean);
    }
    memcpy(values, clean, g->segments.total * sizeof *clean);
    dnn_free(clean);
}

/* The network of a file with its weights. */
typedef struct loaded {
    dnn_model_file *file;
    dnn_graph *graph;
    float *weights;
} loaded;

__attribute__((unused)) static loaded load(const char *path)
{
    loaded l;
    const dnn_port *inputs;
    size_t n;
    assert_ok(dnn_model_open(path, &l.file));
    const dnn_node *model = dnn_model_architecture(l.file, &inputs, &n);
    assert_ok(dnn_graph_create(model, inputs, n, &l.graph));
    l.weights = dnn_alloc(l.graph->segments.total, sizeof *l.weights);
    assert_ok(dnn_model_weights(l.file, l.graph, l.weights));
    return l;
}

__attribute__((unused)) static void unload(loaded *l)
{
    dnn_model_close(l->file);
    dnn_graph_destroy(l->graph);
    dnn_free(l->weights);
}

/* Output 0 for `rows` rows; x by input port. Owned by the caller. */
__attribute__((unused)) static float *predict(const loaded *l, size_t rows, const float *const *x)
{
    dnn_shard shard = {0}, *shards = &shard;
    assert_ok(dnn_shard_create(l->graph, rows, false, &shard));
    shard.rows = rows;
    shard.capacity = rows;
    for (size_t i = 0; i < l->graph->n_inputs; i++) shard.x[i] = x[i];
    const dnn_run run = {.weights = l->weights};
    dnn_graph_forward(l->graph, &run, &shards, 1);
    const size_t n = rows * dnn_shape_units(&l->graph->outputs[0].shape);
    float *y = dnn_alloc(n, sizeof *y);
    memcpy(y, dnn_shard_output(l->graph, &shard, 0), n * sizeof *y);
    dnn_shard_destroy(&shard);
    return y;
}

#endif
