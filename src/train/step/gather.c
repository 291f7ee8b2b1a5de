/* From rows of the data set to the inputs, targets and weights of a shard. Which row stands at which place of the global batch is a pure
 * function of (seed, epoch, position). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/failpoint.h"
#include "dnn/base/memory.h"
#include "train/step/plants.h"
#include "train/step/runner.h"

/* The array whose name is `name`, or the only one there is. */
static size_t array_named(const char *name, size_t count, const dnn_array_info *(*info)(const dnn_dataset *, size_t), const dnn_dataset *ds)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(info(ds, i)->name, name) == 0) return i;
    return count == 1 ? 0 : SIZE_MAX;
}

static dnn_status match_input(runner *r, size_t i)
{
    const dnn_port *port = &r->graph->inputs[i];
    const size_t a = array_named(port->name, dnn_dataset_inputs(r->dataset), dnn_dataset_input, r->dataset);
    if (a == SIZE_MAX)
        return dnn_fail(DNN_E_CONFIG, "model input '%s': the data bring no array of that name; name it in data.inputs", port->name);
    const dnn_shape *have = &dnn_dataset_input(r->dataset, a)->shape;
    if (dnn_shape_units(have) != dnn_shape_units(&port->shape)) {
        char want[64], got[64];
        return dnn_fail(DNN_E_CONFIG, "model input '%s' has shape %s, the data bring %s", port->name,
                        dnn_shape_text(&port->shape, want, sizeof want), dnn_shape_text(have, got, sizeof got));
    }
    r->input_of[i] = a;
    return DNN_OK;
}

static dnn_status match_labels(runner *r, size_t o, const dnn_array_info *target)
{
    const size_t units = dnn_shape_last(&r->graph->outputs[o].shape);
    if (!target->labels)
        return dnn_fail(DNN_E_DATA, "target '%s' of output '%s' must hold class labels, whole numbers from 0, because its loss wants them: %s",
                        target->name, r->graph->outputs[o].name, target->not_labels);
    if (target->classes > units)
        return dnn_fail(DNN_E_DATA, "target '%s': %s: label %zu, but output '%s' has %zu units: labels must lie in 0 … %zu", target->name,
                        target->largest_at, target->classes - 1, r->graph->outputs[o].name, units, units - 1);
    return DNN_OK;
}

/* A label 7, or -1 for "no", would train to something and mean nothing. Scans what is in memory anyway. */
static dnn_status match_probabilities(const runner *r, size_t o)
{
    static const char *const parts[DNN_PARTS] = { [DNN_TRAIN] = "training", [DNN_VALIDATION] = "validation", [DNN_TEST] = "test" };
    const size_t units = r->target_units[o], t = r->target_of[o];
    float *values = dnn_alloc(units, sizeof *values);
    dnn_status st = values ? DNN_OK : DNN_E_MEMORY;
    for (int part = 0; part < DNN_PARTS && st == DNN_OK; part++)
        for (uint64_t i = 0; i < dnn_dataset_rows(r->dataset, (dnn_part)part) && st == DNN_OK; i++) {
            dnn_dataset_gather_target(r->dataset, (dnn_part)part, &i, 1, t, values);
            for (size_t u = 0; u < units && st == DNN_OK; u++)
                if (!(values[u] >= 0.0f && values[u] <= 1.0f))
                    st = dnn_fail(DNN_E_DATA, "target '%s': %s row %llu is %g, but the loss of output '%s' wants values from 0 to 1; "
                                  "labels of several classes want as many units, softmax and sparse_categorical_crossentropy",
                                  dnn_dataset_target(r->dataset, t)->name, parts[part], (unsigned long long)i, (double)values[u],
                                  r->graph->outputs[o].name);
        }
    dnn_free(values);
    return st;
}

static dnn_status match_target(runner *r, size_t o)
{
    size_t units = 0;
    const dnn_target kind = dnn_objective_target(r->objective, o, &units);
    const dnn_port *port = &r->graph->outputs[o];
    r->target_units[o] = units;
    r->target_of[o] = array_named(port->name, dnn_dataset_targets(r->dataset), dnn_dataset_target, r->dataset);
    if (dnn_dataset_targets(r->dataset) == 0) return DNN_OK; /* evaluating a part will say so */
    if (r->target_of[o] == SIZE_MAX)
        return dnn_fail(DNN_E_CONFIG, "output '%s': the data bring no target of that name", port->name);
    const dnn_array_info *target = dnn_dataset_target(r->dataset, r->target_of[o]);
    const size_t have = dnn_shape_units(&target->shape);
    const dnn_to_categorical how = dnn_dataset_to_categorical(r->dataset);
    if (how == DNN_ONE_HOT_ALWAYS && target->labels && (kind == DNN_TARGET_CLASS || units == 1))
        return dnn_fail(DNN_E_CONFIG, "data.to_categorical: always: the loss of output '%s' takes %s, not one-hot rows; use categorical_crossentropy with a "
                        "unit for each class, or write auto", port->name, kind == DNN_TARGET_CLASS ? "class numbers" : "one value");
    if (kind == DNN_TARGET_CLASS && have == units) return match_labels(r, o, target);
    r->one_hot[o] = kind == DNN_TARGET_VALUES && have == 1 && units > 1 && target->labels;
    if (r->one_hot[o] && how == DNN_ONE_HOT_NEVER)
        return dnn_fail(DNN_E_CONFIG, "data.to_categorical: never: target '%s' is one number, the loss of output '%s' wants %zu values", target->name,
                        port->name, units);
    if (r->one_hot[o]) return match_labels(r, o, target);
    if (have != units) {
        char got[64], want[64];
        return dnn_fail(DNN_E_DATA, "target '%s' has shape %s, output '%s' has shape %s and its loss wants %zu value%s a sample", target->name,
                        dnn_shape_text(&target->shape, got, sizeof got), port->name, dnn_shape_text(&port->shape, want, sizeof want), units,
                        units == 1 ? "" : "s");
    }
    return dnn_objective_wants_probabilities(r->objective, o) ? match_probabilities(r, o) : DNN_OK;
}

dnn_status runner_match_data(runner *r)
{
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < r->graph->n_inputs && st == DNN_OK; i++) st = match_input(r, i);
    for (size_t o = 0; r->objective && o < r->graph->n_outputs && st == DNN_OK; o++) st = match_target(r, o);
    return st;
}

/* Balanced: n / (K n_c), so that every class has the same weight in total (King and Zeng 2001; scikit-learn's "balanced"). K counts the classes
 * that the training part has: one that stands in another part only must not make all others lighter. */
static void balance(runner *r)
{
    const uint64_t n = dnn_dataset_rows(r->dataset, DNN_TRAIN);
    if (DNN_PLANT(class_weights_of_own_rows)) {
        plant_class_weights(r);
        return;
    }
    size_t present = 0;
    for (size_t c = 0; c < r->classes; c++) present += dnn_dataset_class_count(r->dataset, DNN_TRAIN, c) > 0;
    for (size_t c = 0; c < r->classes; c++) {
        const uint64_t of_class = dnn_dataset_class_count(r->dataset, DNN_TRAIN, c);
        r->class_weight[c] = of_class ? (double)n / ((double)present * (double)of_class) : 1.0;
    }
}

dnn_status runner_class_weights(runner *r, const dnn_node *node)
{
    if (!node || node->type == DNN_NODE_NULL) return DNN_OK;
    if (r->graph->n_outputs != 1 || dnn_dataset_targets(r->dataset) != 1 || !dnn_dataset_target(r->dataset, 0)->labels)
        return dnn_node_fail(DNN_E_CONFIG, node, "training.class_weights need one output with class labels");
    if (dnn_dataset_weighted(r->dataset))
        return dnn_node_fail(DNN_E_CONFIG, node, "training.class_weights and a weight column of the data exclude each other; leave one out");
    r->classes = dnn_dataset_target(r->dataset, 0)->classes;
    r->class_weight = dnn_alloc(r->classes + 1, sizeof *r->class_weight);
    if (!r->class_weight) return DNN_E_MEMORY;
    if (node->type == DNN_NODE_STRING && strcmp(node->text, "balanced") == 0) {
        balance(r);
        return DNN_OK;
    }
    for (size_t c = 0; c < r->classes; c++) r->class_weight[c] = 1.0;
    if (node->type != DNN_NODE_MAP)
        return dnn_node_fail(DNN_E_CONFIG, node, "training.class_weights: must be balanced or a map from class to weight");
    for (size_t i = 0; i < node->count; i++) {
        const dnn_node *item = node->items[i];
        char *end = NULL;
        const unsigned long c = strtoul(item->key, &end, 10);
        if (*end || end == item->key || c >= r->classes)
            return dnn_node_fail(DNN_E_CONFIG, item, "training.class_weights: '%s' is no class; classes are 0 … %zu", item->key, r->classes - 1);
        if ((item->type != DNN_NODE_INT && item->type != DNN_NODE_REAL) || !(item->real >= 0) || !isfinite(item->real))
            return dnn_node_fail(DNN_E_CONFIG, item, "training.class_weights.%s: must be a number >= 0", item->key);
        r->class_weight[c] = item->real;
    }
    return DNN_OK;
}

static void spread_one_hot(const float *label, size_t n, size_t units, float *target)
{
    memset(target, 0, n * units * sizeof *target);
    for (size_t i = 0; i < n; i++) target[i * units + (size_t)label[i]] = 1.0f;
}

enum { NO_STEP = -1 };

/* `step`: of the training; NO_STEP: without noise on labels. */
static void gather_targets(const runner *r, dnn_part part, int64_t step, bay *b)
{
    const size_t n = b->shard.rows;
    for (size_t o = 0; o < r->graph->n_outputs; o++) {
        const size_t t = r->target_of[o];
        float *const target = r->one_hot[o] ? b->label : b->target[o];
        dnn_dataset_gather_target(r->dataset, part, b->rows, n, t, target);
        if (step != NO_STEP && r->noise.labels > 0.0) noise_on_labels(r, (uint64_t)step, o, b, target);
        if (r->one_hot[o]) spread_one_hot(b->label, n, r->target_units[o], b->target[o]);
    }
    if (!b->weight) return;
    dnn_dataset_gather_weight(r->dataset, part, b->rows, n, b->weight);
    if (!r->class_weight || part != DNN_TRAIN) return;
    const float *label = r->one_hot[0] ? b->label : b->target[0];
    for (size_t i = 0; i < n; i++) b->weight[i] *= (float)r->class_weight[(size_t)label[i]];
    if (DNN_PLANT(sample_weights_normalized_by_shard)) plant_normalize_weights(b);
}

/* Which rows of the batch that begins at `first_row` are a bay's; how many. */
static size_t rows_of(const runner *r, dnn_part part, uint64_t epoch, uint64_t first_row, size_t rows, const bay *b, uint64_t *out)
{
    size_t first, count, capacity;
    cut_rows(&r->cut, rows, b->number, &first, &count, &capacity);
    if (epoch)
        dnn_shuffle_span(&(dnn_stream){ .seed = r->seed, .purpose = DNN_FOR_SHUFFLE }, epoch + (DNN_PLANT(order_by_shard) ? b->number : 0), dnn_dataset_rows(r->dataset, part), first_row + first, count, out);
    else
        for (size_t i = 0; i < count; i++) out[i] = first_row + first + i;
    return count;
}

void gather_expect(const runner *r, uint64_t epoch, uint64_t first_row, size_t rows, bay *b)
{
    dnn_dataset_expect(r->dataset, DNN_TRAIN, b->rows, rows_of(r, DNN_TRAIN, epoch, first_row, rows, b, b->rows));
}

static void gather_inputs(const runner *r, dnn_part part, uint64_t epoch, uint64_t first_row, size_t rows, bay *b)
{
    size_t first, count, capacity;
    cut_rows(&r->cut, rows, b->number, &first, &count, &capacity);
    b->shard.rows = count;
    b->shard.capacity = capacity;
    b->shard.first_row = first;
    rows_of(r, part, epoch, first_row, rows, b, b->rows);
    for (size_t i = 0; i < r->graph->n_inputs; i++) {
        const size_t units = dnn_shape_units(&r->graph->inputs[i].shape);
        dnn_dataset_gather_input(r->dataset, part, b->rows, count, r->input_of[i], b->x[i]);
        /* masked rows take part in products and must be finite */
        memset(b->x[i] + count * units, 0, (capacity - count) * units * sizeof(float));
    }
}

void gather(const runner *r, dnn_part part, uint64_t epoch, uint64_t first_row, size_t rows, bool targets, bay *b)
{
    gather_inputs(r, part, epoch, first_row, rows, b);
    if (targets) gather_targets(r, part, NO_STEP, b);
}

void gather_for_step(const runner *r, uint64_t step, uint64_t epoch, uint64_t first_row, size_t rows, bay *b)
{
    gather_inputs(r, DNN_TRAIN, epoch, first_row, rows, b);
    gather_targets(r, DNN_TRAIN, (int64_t)step, b);
}
