/* Whole graphs against finite differences, in double: random networks with branches, sums of a layer with itself,
 * views, whole-row activations, batch norm, dropout, frozen layers, several outputs, run in uneven shards with masked
 * rows. All memory holds NaN before, so that what is read before it is written, or after its place was given to
 * another, shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "nn/flow.h"
#include "nn/graph.h"

enum { ROWS = 7, SHARDS = 3, CAPACITY = 3, WIDTH = 4, GRAPHS = 150, MAX_NODES = 12 };

static uint64_t state;

static double spread(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53 * 2 - 1;
}

static size_t below(size_t n) { return (size_t)((spread() + 1) / 2 * (double)n) % n; }

/* ---- random models ---- */

/* Reads mostly what stands near, sometimes what stands far away. */
static void source(size_t node, char *out, size_t size)
{
    const size_t near = node < 3 ? node + 2 : 3, back = below(4) == 0 ? below(node + 2) : below(near);
    const size_t from = node + 1 - back;  /* 0 and 1: the inputs */
    if (from < 2) snprintf(out, size, "%c", "ab"[from]);
    else snprintf(out, size, "n%zu", from - 2);
}

static void add_node(size_t i, char *text, size_t size)
{
    char from[24], other[24], *at = text + strlen(text);
    const size_t kind = i < 2 ? 0 : below(9), room = size - strlen(text);
    const char *frozen = below(5) == 0 ? ", trainable: false" : "";
    source(i, from, sizeof from);
    source(i, other, sizeof other);
    if (i < 2) snprintf(from, sizeof from, "%c", "ab"[i]);
    switch (kind) {
    case 0:
        snprintf(at, room, ", {dense: {name: n%zu, units: %d, activation: tanh, inputs: %s%s}}", i, WIDTH, from,
                 frozen);
        break;
    case 1:
        snprintf(at, room, ", {dense: {name: n%zu, units: %d, activation: gelu, inputs: %s%s}}", i, WIDTH, from,
                 frozen);
        break;
    case 2:
        snprintf(at, room, ", {dense: {name: n%zu, units: %d, activation: softmax, inputs: %s%s}}", i, WIDTH, from,
                 frozen);
        break;
    case 3:
        snprintf(at, room, ", {batch_normalization: {name: n%zu, epsilon: 0.1, inputs: %s%s}}", i, from, frozen);
        break;
    case 4: snprintf(at, room, ", {add: {name: n%zu, inputs: [%s, %s]}}", i, from, other); break;
    case 5: snprintf(at, room, ", {reshape: {name: n%zu, target_shape: [%d], inputs: %s}}", i, WIDTH, from); break;
    case 6: snprintf(at, room, ", {activation: {name: n%zu, activation: softsign, inputs: %s}}", i, from); break;
    case 7: snprintf(at, room, ", {dropout: {name: n%zu, rate: 0.3, inputs: %s}}", i, from); break;
    default:
        snprintf(at, room,
                 ", {concatenate: {name: c%zu, inputs: [%s, %s]}}, {dense: {name: n%zu, units: %d, use_bias: false%s}}",
                 i, from, other, i, WIDTH, frozen);
    }
}

/* What nobody reads is an output, and one more layer besides. */
static void add_outputs(size_t nodes, const char *layers, char *text, size_t size)
{
    char name[24];
    size_t count = 0;
    const size_t besides = below(nodes);
    snprintf(text, size, "[");
    for (size_t i = 0; i < nodes; i++) {
        size_t mentions = 0;
        snprintf(name, sizeof name, "n%zu", i);
        for (const char *at = layers; (at = strstr(at, name)); at++)
            mentions += at[strlen(name)] < '0' || at[strlen(name)] > '9';
        if (mentions > 1 && i != besides) continue;
        snprintf(text + strlen(text), size - strlen(text), "%s%s", count++ ? ", " : "", name);
    }
    snprintf(text + strlen(text), size - strlen(text), "]");
}

/* NULL where the draw has two outputs with the same values, or too many. */
static dnn_graph *draw(char *text, size_t size)
{
    char layers[4096] = "", outputs[512];
    const size_t nodes = 4 + below(MAX_NODES - 4);
    dnn_graph *g = NULL;
    for (size_t i = 0; i < nodes; i++) add_node(i, layers, sizeof layers);
    add_outputs(nodes, layers, outputs, sizeof outputs);
    snprintf(text, size, "{inputs: {a: [%d], b: [%d]}, layers: [%s], outputs: %s}", WIDTH, WIDTH, layers + 2, outputs);
    dnn_node *model = flow(text);
    if (dnn_graph_create(model, NULL, 0, &g) != DNN_OK && !strstr(dnn_fail_text(), "same values") &&
        !strstr(dnn_fail_text(), "more than 8"))
        fail_msg("%s\n%s", text, dnn_fail_text());
    dnn_node_destroy(model);
    return g;
}

/* ---- running them ---- */

typedef struct rig {
    dnn_graph *g;
    dnn_shard shards[SHARDS], *at[SHARDS];
    real x[2][SHARDS][CAPACITY * WIDTH], *weights, *gradient[SHARDS];
    double *sums[SHARDS];
    real c[DNN_MAX_IO][SHARDS][CAPACITY * WIDTH];  /* the loss is the sum of c·output */
    bool fused[DNN_MAX_IO];
    dnn_run run;
} rig;

static void poison(const dnn_graph *g, dnn_shard *s)
{
    const shard_memory *m = s->memory;
    real *begin = m->y[g->n_inputs];
    const real *end = (const real *)((unsigned char *)s->memory + m->bytes);
    for (size_t t = 0; t < g->n_tensors; t++) {
        if (m->y[t] && m->y[t] < begin) begin = m->y[t];
        if (m->dy[t] && m->dy[t] < begin) begin = m->dy[t];
    }
    for (real *at = begin; at < end; at++) *at = (real)NAN;
}

static void open_rig(dnn_graph *g, size_t shards, size_t capacity, rig *r)
{
    const size_t total = g->segments.total;
    *r = (rig){ .g = g, .weights = dnn_alloc(total + 1, sizeof(real)) };
    for (size_t i = 0; i < total; i++) r->weights[i] = 0.8 * spread();
    for (size_t i = 0; i < g->segments.count; i++)
        for (size_t j = 0; j < g->segments.at[i].length && !g->segments.at[i].weight; j++)
            r->weights[g->segments.at[i].offset + j] = 1 + 0.5 * spread();
    for (size_t s = 0; s < shards; s++) {
        dnn_shard *shard = r->at[s] = &r->shards[s];
        assert_int_equal(dnn_shard_create(g, capacity, true, shard), DNN_OK);
        poison(g, shard);
        shard->first_row = s * capacity;
        shard->rows = s * capacity >= ROWS ? 0 : ROWS - s * capacity < capacity ? ROWS - s * capacity : capacity;
        shard->gradient = r->gradient[s] = dnn_alloc(total + 1, sizeof(real));
        shard->sums = r->sums[s] = dnn_alloc(g->max_sums + 1, sizeof(double));
        for (size_t i = 0; i < total; i++) shard->gradient[i] = (real)NAN;
    }
    r->run = (dnn_run){ .training = true, .seed = 5, .step = 2, .weights = r->weights };
}

static void close_rig(rig *r)
{
    for (size_t s = 0; s < SHARDS; s++) {
        dnn_shard_destroy(&r->shards[s]);
        dnn_free(r->gradient[s]);
        dnn_free(r->sums[s]);
    }
    dnn_free(r->weights);
}

static void fill(rig *r)
{
    for (size_t s = 0; s < SHARDS; s++) {
        for (size_t p = 0; p < 2; p++) {
            for (size_t i = 0; i < CAPACITY * WIDTH; i++) r->x[p][s][i] = spread();
            r->shards[s].x[p] = r->x[p][s];
        }
        for (size_t o = 0; o < r->g->n_outputs; o++)
            for (size_t i = 0; i < CAPACITY * WIDTH; i++) r->c[o][s][i] = i < r->shards[s].rows * WIDTH ? spread() : 0;
    }
}

static double loss(rig *r)
{
    double sum = 0;
    dnn_graph_forward(r->g, &r->run, r->at, SHARDS);
    for (size_t s = 0; s < SHARDS; s++)
        for (size_t o = 0; o < r->g->n_outputs; o++) {
            const real *y = dnn_shard_output(r->g, &r->shards[s], o);
            for (size_t i = 0; i < r->shards[s].rows * WIDTH; i++) sum += r->c[o][s][i] * y[i];
        }
    return sum;
}

static const dnn_layer *output_activation(const dnn_graph *g, size_t o)
{
    return &g->layers[g->ops[g->output_tensor[o] - g->n_inputs].layer];
}

static void backward(rig *r)
{
    for (size_t o = 0; o < r->g->n_outputs; o++)
        for (size_t s = 0; s < SHARDS; s++) {
            real *dy = dnn_shard_output_gradient(r->g, &r->shards[s], o, r->fused[o]);
            memcpy(dy, r->c[o][s], sizeof r->c[o][s]);
            if (!r->fused[o]) continue;
            const dnn_layer *l = output_activation(r->g, o);
            const real *y = dnn_shard_output(r->g, &r->shards[s], o), *z = dnn_shard_logits(r->g, &r->shards[s], o);
            l->activation->backward(l->activation_params, CAPACITY, WIDTH, l->activation->from_input ? z : y,
                                    r->c[o][s], dy);
        }
    dnn_graph_backward(r->g, &r->run, r->at, SHARDS, r->fused);
}

static void compare(rig *r, const char *text)
{
    const double h = 1e-5;
    for (size_t k = 0; k < r->g->segments.count; k++) {
        const dnn_segment *segment = &r->g->segments.at[k];
        for (size_t j = segment->offset; j < segment->offset + segment->length; j++) {
            const real kept = r->weights[j];
            double sum = 0;
            for (size_t s = 0; s < SHARDS; s++) sum += r->gradient[s][j];
            if (!segment->trainable) {  /* nothing was written there */
                for (size_t s = 0; s < SHARDS; s++) assert_true(isnan(r->gradient[s][j]));
                continue;
            }
            r->weights[j] = kept + h;
            const double above = loss(r);
            r->weights[j] = kept - h;
            const double expected = (above - loss(r)) / (2 * h);
            r->weights[j] = kept;
            /* From rounding 1e-11, from the third derivative h² times at most some thousands behind several norms. */
            if (!(fabs(expected - sum) <= 2e-6 * fmax(1, fabs(expected))))
                fail_msg("%s\n%s[%zu]: %.12g by differences, %.12g by backward", text, segment->name,
                         j - segment->offset, expected, sum);
        }
    }
}

/* Outputs and logits stay, whatever runs after them. */
static void compare_with_inference_memory(rig *r, const char *text)
{
    for (size_t s = 0; s < SHARDS; s++) {
        dnn_shard lean;
        assert_int_equal(dnn_shard_create(r->g, CAPACITY, false, &lean), DNN_OK);
        poison(r->g, &lean);
        lean.rows = r->shards[s].rows;
        lean.first_row = r->shards[s].first_row;
        lean.sums = r->sums[s];
        for (size_t p = 0; p < 2; p++) lean.x[p] = r->x[p][s];
        r->run.training = false;
        dnn_graph_forward(r->g, &r->run, &r->at[s], 1);
        dnn_graph_forward(r->g, &r->run, &(dnn_shard *){ &lean }, 1);
        r->run.training = true;
        for (size_t o = 0; o < r->g->n_outputs; o++) {
            const size_t bytes = CAPACITY * WIDTH * sizeof(real);
            const real *z = dnn_shard_logits(r->g, &lean, o);
            bool same = memcmp(dnn_shard_output(r->g, &lean, o), dnn_shard_output(r->g, &r->shards[s], o), bytes) == 0;
            if (z) same &= memcmp(z, dnn_shard_logits(r->g, &r->shards[s], o), bytes) == 0;
            if (!same) fail_msg("%s\noutput %zu differs in a shard for inference", text, o);
        }
        dnn_shard_destroy(&lean);
    }
}

static void backward_agrees_with_finite_differences_on_random_graphs(void **unused)
{
    (void)unused;
    size_t tried = 0, fused = 0;
    for (uint64_t seed = 1; tried < GRAPHS; seed++) {
        char text[8192];
        rig r;
        state = seed * 7919;
        dnn_graph *g = draw(text, sizeof text);
        if (!g) continue;
        open_rig(g, SHARDS, CAPACITY, &r);
        fill(&r);
        for (size_t o = 0; o < g->n_outputs; o++) {
            r.fused[o] = g->logits_tensor[o] != SIZE_MAX && below(2);
            /* Two gradients given at one place would be two writers. */
            for (size_t other = 0; other < o; other++) r.fused[o] &= g->logits_tensor[other] != g->logits_tensor[o];
            fused += r.fused[o];
        }
        loss(&r);
        backward(&r);
        compare(&r, text);
        compare_with_inference_memory(&r, text);
        close_rig(&r);
        dnn_graph_destroy(g);
        tried++;
    }
    assert_true(fused > 10);
}

#define STACK                                                                                                          \
    "{inputs: {a: [4], b: [4]}, layers: [{concatenate: {inputs: [a, b]}}, batch_normalization, {dense: {units: 6, "    \
    "activation: elu}}, "                                                                                              \
    "batch_normalization, {dropout: {rate: 0.25}}, {dense: {units: 4, activation: softmax}}]}"

/* The same batch in one shard and in three: sums over the global batch make them equal, to rounding of doubles. */
static void three_shards_give_the_gradient_of_one(void **unused)
{
    (void)unused;
    enum { WHOLE = SHARDS * CAPACITY };
    dnn_node *model = flow(STACK);
    dnn_graph *g = NULL;
    assert_int_equal(dnn_graph_create(model, NULL, 0, &g), DNN_OK);
    dnn_node_destroy(model);
    rig parts, whole;
    state = 99;
    open_rig(g, SHARDS, CAPACITY, &parts);
    fill(&parts);
    parts.fused[0] = true;
    state = 99;
    open_rig(g, 1, WHOLE, &whole);
    real x[2][WHOLE * WIDTH], c[WHOLE * WIDTH],
        *moved[2] = { dnn_alloc(g->segments.total, sizeof(real)), dnn_alloc(g->segments.total, sizeof(real)) };
    memcpy(x[0], parts.x[0], sizeof x[0]);
    memcpy(x[1], parts.x[1], sizeof x[1]);
    memcpy(c, parts.c[0], sizeof c);
    for (size_t p = 0; p < 2; p++) whole.shards[0].x[p] = x[p];
    for (size_t i = 0; i < 2; i++) {
        rig *r = i ? &whole : &parts;
        memcpy(moved[i], r->weights, g->segments.total * sizeof(real));
        r->run.statistics = moved[i];
    }
    loss(&parts);
    backward(&parts);
    dnn_graph_forward(g, &whole.run, whole.at, 1);
    const real *y = dnn_shard_output(g, &whole.shards[0], 0);
    real *dz = dnn_shard_output_gradient(g, &whole.shards[0], 0, true);
    const dnn_layer *l = output_activation(g, 0);
    l->activation->backward(l->activation_params, WHOLE, WIDTH, y, c, dz);
    dnn_graph_backward(g, &whole.run, whole.at, 1, (bool[]){ true });
    for (size_t i = 0; i < ROWS * WIDTH; i++)
        assert_true(fabs(y[i] - dnn_shard_output(g, &parts.shards[i / (CAPACITY * WIDTH)], 0)[i % (CAPACITY * WIDTH)]) <
                    1e-13);
    for (size_t k = 0; k < g->segments.count; k++)
        for (size_t j = g->segments.at[k].offset; j < g->segments.at[k].offset + g->segments.at[k].length; j++) {
            double sum = 0;
            for (size_t s = 0; s < SHARDS; s++) sum += parts.gradient[s][j];
            if (g->segments.at[k].trainable) assert_true(fabs(sum - whole.gradient[0][j]) < 1e-12);
            else assert_true(fabs(moved[0][j] - moved[1][j]) < 1e-14 && moved[0][j] != parts.weights[j]);
        }
    dnn_free(moved[0]);
    dnn_free(moved[1]);
    close_rig(&parts);
    close_rig(&whole);
    dnn_graph_destroy(g);
}

static int memory_is_balanced(void **unused)
{
    (void)unused;
    dnn_place_forget();
    assert_int_equal(dnn_memory_balance(), 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backward_agrees_with_finite_differences_on_random_graphs),
        cmocka_unit_test(three_shards_give_the_gradient_of_one),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
