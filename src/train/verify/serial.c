#include "train/verify/serial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/random.h"
#include "dnn/comm/watch.h"
#include "dnn/nn/constraint.h"
#include "dnn/nn/regularizer.h"
#include "dnn/train/plugin.h"
#include "train/loop/values.h"

double serial_shake(serial_step *s, double wobble)
{
    if (wobble == 0.0) return 1.0;
    s->dice = s->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return 1.0 + wobble * ((double)(s->dice >> 11) * 0x1p-52 - 1.0);
}

static double *numbers(size_t n) { return dnn_alloc(n + 1, sizeof(double)); }

/* ---- making ---- */

static dnn_status make_reference(serial_step *s)
{
    const dnn_graph *g = s->t->graph;
    const char *names[DNN_MAX_IO];
    dnn_shape shapes[DNN_MAX_IO];
    dnn_node *model = dnn_graph_write(g), *training = dnn_node_map();
    dnn_status st = model && training ? dnn_objective_write(s->t->objective, training) : DNN_E_MEMORY;
    for (size_t i = 0; i < g->n_inputs; i++) {
        names[i] = g->inputs[i].name;
        shapes[i] = g->inputs[i].shape;
    }
    if (st == DNN_OK) st = dnn_reference_create(model, g->n_inputs, names, shapes, training, &s->reference);
    if (st == DNN_E_CONFIG && dnn_plugins_without_double())
        st = dnn_fail(DNN_E_CONFIG, "verify: %s brings no half in double to measure against: compile its source a second time with "
                      "-DDNN_DOUBLE and link both into it (docs/adding-a-component.md)", dnn_plugins_without_double());
    if (st == DNN_OK && dnn_reference_total(s->reference) != s->total)
        st = dnn_fail(DNN_E_INTERNAL, "verify: the double build lays the weights out otherwise");
    for (size_t l = 0; l < g->n_layers && st == DNN_OK; l++) dnn_reference_freeze(s->reference, l, g->layers[l].frozen);
    dnn_node_destroy(model);
    dnn_node_destroy(training);
    return st;
}

/* As the run file says, counted over all training rows. */
static dnn_status make_class_weights(serial_step *s)
{
    const dnn_node *node = s->t->config.training.class_weights;
    const dnn_dataset *ds = s->t->dataset;
    if (!node || node->type == DNN_NODE_NULL) return DNN_OK;
    const size_t classes = dnn_dataset_target(ds, 0)->classes;
    const uint64_t n = dnn_dataset_rows(ds, DNN_TRAIN);
    double *count = numbers(classes), present = 0.0;
    s->class_weight = numbers(classes);
    if (!s->class_weight || !count) {
        dnn_free(count);
        return DNN_E_MEMORY;
    }
    for (uint64_t i = 0; i < n; i++) {
        float label = 0.0f;
        dnn_dataset_gather_target(ds, DNN_TRAIN, &i, 1, 0, &label);
        count[(size_t)label]++;
    }
    for (size_t c = 0; c < classes; c++) present += count[c] > 0.0;
    for (size_t c = 0; c < classes; c++) s->class_weight[c] = node->type == DNN_NODE_MAP || count[c] == 0.0 ? 1.0 : (double)n / (present * count[c]);
    for (size_t i = 0; node->type == DNN_NODE_MAP && i < node->count; i++) s->class_weight[strtoul(node->items[i]->key, NULL, 10)] = node->items[i]->real;
    dnn_free(count);
    return DNN_OK;
}

static bool make_numbers(const serial_step *s, serial_numbers *n)
{
    *n = (serial_numbers){ numbers(s->total), numbers(s->total), numbers(s->n_values), numbers(look_width(s->t->graph->n_layers)) };
    return n->gradient && n->moved && n->values && n->seen;
}

static bool make_state(const serial_step *s, serial_state *state)
{
    bool whole = (state->weights = numbers(s->total)) != NULL;
    for (size_t v = 0; v < s->n_slots; v++) whole &= (state->slots[v] = numbers(s->total)) != NULL;
    return whole;
}

static dnn_status make_memory(serial_step *s)
{
    const runner *r = &s->t->run;
    const size_t batch = r->cut.batch;
    size_t widest = s->total;
    bool whole = true;
    for (size_t i = 0; i < r->graph->n_inputs; i++) {
        const size_t n = batch * dnn_shape_units(&r->graph->inputs[i].shape);
        whole &= (s->x[i] = numbers(n)) != NULL;
        widest = n > widest ? n : widest;
    }
    for (size_t o = 0; o < r->graph->n_outputs; o++) {
        const size_t n = batch * (r->target_units[o] + 1);
        whole &= (s->target[o] = numbers(n)) != NULL;
        widest = n > widest ? n : widest;
    }
    if (s->class_weight || dnn_dataset_weighted(r->dataset)) whole &= (s->weight = numbers(batch)) != NULL;
    s->narrow = dnn_alloc(widest + 1, sizeof *s->narrow);
    s->order = dnn_alloc(batch, sizeof *s->order);
    s->start = numbers(s->total);
    s->gradient = numbers(s->total);
    whole &= s->narrow && s->order && s->start && s->gradient;
    whole &= make_numbers(s, &s->numbers) && make_numbers(s, &s->wobbled) && make_state(s, &s->state) && make_state(s, &s->wobbled_state);
    return whole ? DNN_OK : DNN_E_MEMORY;
}

dnn_status serial_create(const trainer *t, serial_step **out)
{
    serial_step *s = dnn_alloc(1, sizeof *s);
    *out = s;
    if (!s) return DNN_E_MEMORY;
    s->t = t;
    s->total = t->graph->segments.total;
    s->n_values = t->n_train_values;
    s->n_slots = t->run.n_slots;
    s->has_rule = ((const dnn_optimizer_kind *)t->run.optimizer->kind)->serial != NULL;
    dnn_status st = make_class_weights(s);
    if (st == DNN_OK) st = make_memory(s);
    if (st == DNN_OK) st = make_reference(s);
    return st;
}

static void free_numbers(serial_numbers *n)
{
    dnn_free(n->gradient);
    dnn_free(n->moved);
    dnn_free(n->values);
    dnn_free(n->seen);
}

static void free_state(serial_state *state)
{
    dnn_free(state->weights);
    for (size_t v = 0; v < DNN_MAX_VECTORS; v++) dnn_free(state->slots[v]);
}

void serial_destroy(serial_step *s)
{
    if (!s) return;
    dnn_reference_destroy(s->reference);
    free_numbers(&s->numbers);
    free_numbers(&s->wobbled);
    free_state(&s->state);
    free_state(&s->wobbled_state);
    double *const owned[] = { s->class_weight, s->weight, s->start, s->gradient };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) dnn_free(owned[i]);
    for (size_t i = 0; i < DNN_MAX_IO; i++) {
        dnn_free(s->x[i]);
        dnn_free(s->target[i]);
    }
    dnn_free(s->narrow);
    dnn_free(s->order);
    dnn_free(s);
}

/* ---- forward and backward ---- */

static void widen(serial_step *s, size_t n, double wobble, double *out)
{
    for (size_t i = 0; i < n; i++) out[i] = (double)s->narrow[i] * serial_shake(s, wobble);
}

static void take_weights(serial_step *s, uint64_t step)
{
    const runner *r = &s->t->run;
    dnn_dataset_gather_weight(r->dataset, DNN_TRAIN, s->order, s->rows, s->narrow);
    widen(s, s->rows, 0.0, s->weight);
    if (!s->class_weight) return;
    dnn_dataset_gather_target(r->dataset, DNN_TRAIN, s->order, s->rows, 0, s->narrow);
    serial_noise_labels(s, 0, step, s->narrow);
    for (size_t i = 0; i < s->rows; i++) s->weight[i] *= s->class_weight[(size_t)s->narrow[i]];
}

static void take_rows(serial_step *s, uint64_t batch, uint64_t step, double wobble)
{
    const runner *r = &s->t->run;
    const uint64_t n = dnn_dataset_rows(r->dataset, DNN_TRAIN), first = batch * r->cut.batch;
    const dnn_stream stream = { .seed = (uint64_t)s->t->config.seed, .purpose = DNN_FOR_SHUFFLE };
    s->rows = n - first < r->cut.batch ? (size_t)(n - first) : r->cut.batch;
    for (size_t i = 0; i < s->rows; i++)
        s->order[i] = s->t->config.training.shuffle ? dnn_shuffle_at(&stream, 1, n, first + i) : first + i;
    for (size_t i = 0; i < r->graph->n_inputs; i++) {
        dnn_dataset_gather_input(r->dataset, DNN_TRAIN, s->order, s->rows, r->input_of[i], s->narrow);
        widen(s, s->rows * dnn_shape_units(&r->graph->inputs[i].shape), wobble, s->x[i]);
    }
    for (size_t o = 0; o < r->graph->n_outputs; o++) {
        dnn_dataset_gather_target(r->dataset, DNN_TRAIN, s->order, s->rows, r->target_of[o], s->narrow);
        serial_noise_labels(s, o, step, s->narrow);
        if (!r->one_hot[o]) widen(s, s->rows * r->target_units[o], 0.0, s->target[o]);
        for (size_t i = 0; r->one_hot[o] && i < s->rows * r->target_units[o]; i++)
            s->target[o][i] = i % r->target_units[o] == (size_t)s->narrow[i / r->target_units[o]];
    }
    if (s->weight) take_weights(s, step);
}

static void see(void *context, size_t layer, bool backward, size_t rows, const double *values, size_t units)
{
    serial_numbers *n = context;
    dnn_watch_alive(); /* the other ranks wait meanwhile */
    for (size_t i = 0; i < rows * units; i++) look_add(n->seen + look_at(layer, backward), i, values[i]);
}

/* Value of the penalties on the weights; their gradient is added. */
static double add_penalties(serial_step *s, const float *weights, double *gradient)
{
    const dnn_segments *all = &s->t->graph->segments;
    double sum = 0.0;
    for (size_t i = 0; i < all->count; i++) {
        const dnn_segment *g = &all->at[i];
        if (!g->trainable || !g->regularizer) continue;
        const dnn_regularizer_kind *kind = (const dnn_regularizer_kind *)g->regularizer->kind;
        sum += kind->penalty(g->regularizer->params, g->length, weights + g->offset);
        if (!kind->add_gradient) continue;
        memset(s->narrow, 0, g->length * sizeof *s->narrow);
        kind->add_gradient(g->regularizer->params, g->length, weights + g->offset, s->narrow);
        for (size_t j = 0; j < g->length; j++) gradient[g->offset + j] += (double)s->narrow[j];
    }
    return sum;
}

dnn_status serial_forward_backward(serial_step *s, const float *weights, uint64_t batch, uint64_t step, double wobble, serial_numbers *out)
{
    const runner *r = &s->t->run;
    const bool penalized = has_penalties(r->graph);
    take_rows(s, batch, step, wobble);
    for (size_t i = 0; i < s->total; i++) s->start[i] = (double)weights[i] * serial_shake(s, wobble);
    serial_noise_weights(s, step, s->start);
    const dnn_reference_batch b = { .rows = s->rows, .x = (const double *const *)s->x, .targets = (const double *const *)s->target, .weight = s->weight,
                                    .seed = (uint64_t)s->t->config.seed, .step = step };
    const dnn_status st = dnn_reference_bind(s->reference, &b);
    if (st != DNN_OK) return st;
    memset(out->seen, 0, look_width(r->graph->n_layers) * sizeof *out->seen);
    dnn_reference_pass pass = { .gradient = out->gradient, .moved = out->moved, .values = out->values + penalized, .see = see, .context = out };
    dnn_reference_step(s->reference, s->start, &pass);
    const double penalty = add_penalties(s, weights, out->gradient);
    if (penalized) out->values[0] = out->values[1] + penalty + pass.penalty;
    return DNN_OK;
}
