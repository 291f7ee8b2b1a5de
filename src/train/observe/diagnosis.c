#include "train/observe/diagnosis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/number.h"
#include "dnn/io/file.h"
#include "dnn/math/tree.h"

/* Of a layer: values seen, their sum, their squares' sum, then for each unit (last axis) how many values were not 0, their sum, their
 * squares' sum. */
enum { COUNT, SUM, SQUARES, UNITS, PER_UNIT = 3 };

static bool looked_at(const dnn_layer *l) { return !l->internal && !l->plan.view && l->n_inputs > 0; }

dnn_status diagnosis_plan(runner *r)
{
    r->seen_at = dnn_alloc(r->graph->n_layers, sizeof *r->seen_at);
    r->diagnosed = dnn_alloc(r->graph->n_layers, sizeof *r->diagnosed);
    if (!r->seen_at || !r->diagnosed) return DNN_E_MEMORY;
    r->seen_width = 0;
    for (size_t i = 0; i < r->graph->n_layers; i++) {
        r->seen_at[i] = r->seen_width;
        if (looked_at(&r->graph->layers[i])) r->seen_width += UNITS + PER_UNIT * dnn_shape_last(&r->graph->layers[i].out);
    }
    return DNN_OK;
}

void diagnosis_clear(runner *r)
{
    dnn_free(r->seen_at);
    dnn_free(r->diagnosed);
}

/* Layers are shown shard by shard, a worker's shards in order. */
static void see(void *context, const dnn_layer *l, bool backward, size_t rows, const real *values, size_t units)
{
    diagnosis_eye *eye = context;
    const runner *r = eye->k->r;
    if (backward || !looked_at(l)) return;
    eye->shard = eye->layer == l ? eye->shard + 1 : 0;
    eye->layer = l;
    double *seen = r->seen + eye->k->bays[eye->shard].number * r->seen_width + r->seen_at[l - r->graph->layers];
    const size_t last = dnn_shape_last(&l->out);
    double *alive = seen + UNITS, *sums = alive + last, *squares = sums + last;
    seen[COUNT] = (double)(rows * units);
    for (size_t i = 0; i < rows * units; i++) {
        const double v = (double)values[i];
        const size_t u = i % last;
        seen[SUM] += v;
        seen[SQUARES] += v * v;
        alive[u] += v != 0.0;
        sums[u] += v;
        squares[u] += v * v;
    }
}

dnn_observer diagnosis_open(diagnosis_eye *eye, worker *k)
{
    const runner *r = k->r;
    *eye = (diagnosis_eye){ .k = k };
    for (size_t i = 0; i < k->n_bays; i++) memset(r->seen + k->bays[i].number * r->seen_width, 0, r->seen_width * sizeof *r->seen);
    return (dnn_observer){ .see = see, .context = eye };
}

typedef struct folding { double *seen; size_t width; } folding;

static void add(void *context, size_t into, size_t from)
{
    const folding *f = context;
    for (size_t i = 0; i < f->width; i++) f->seen[into * f->width + i] += f->seen[from * f->width + i];
}

static double norm_over_layer(const runner *r, size_t layer, const double *squares)
{
    double sum = 0.0;
    for (size_t s = 0; s < r->graph->segments.count; s++)
        for (size_t b = r->segment_first_block[s]; r->graph->segments.at[s].layer == layer && b < r->segment_first_block[s + 1]; b++)
            sum += squares[b];
    return sqrt(sum);
}

static double norm_of_weights(const runner *r, size_t layer)
{
    double sum = 0.0;
    for (size_t s = 0; s < r->graph->segments.count; s++) {
        const dnn_segment *g = &r->graph->segments.at[s];
        if (g->layer == layer && g->weight) sum += dnn_square_sum(r->weights + g->offset, g->length);
    }
    return sqrt(sum);
}

static bool learns(const dnn_graph *g, size_t layer)
{
    for (size_t s = 0; s < g->segments.count; s++)
        if (g->segments.at[s].layer == layer && g->segments.at[s].trainable) return true;
    return false;
}

static diagnosis_line line_of(const runner *r, size_t layer)
{
    const double *seen = r->seen + r->seen_at[layer];
    const size_t units = dnn_shape_last(&r->graph->layers[layer].out);
    const double n = seen[COUNT] > 0.0 ? seen[COUNT] : 1.0;
    diagnosis_line line = { .looked_at = true, .learns = learns(r->graph, layer), .mean = seen[SUM] / n, .gradient = norm_over_layer(r, layer, r->gradient_squares),
                        .weights = norm_of_weights(r, layer) };
    line.sd = sqrt(fmax(seen[SQUARES] / n - line.mean * line.mean, 0.0));
    const double change = norm_over_layer(r, layer, r->change_squares);
    line.ratio = line.weights > 0.0 ? change / line.weights : 0.0;
    for (size_t u = 0; u < units; u++) line.dead += seen[UNITS + u] == 0.0;
    line.dead /= (double)units;
    const double *sums = seen + UNITS + units, *squares = sums + units, per_unit = n / (double)units;
    double within = 0.0;
    for (size_t u = 0; u < units; u++) within += fmax(squares[u] - sums[u] * sums[u] / per_unit, 0.0);
    line.between_rows = line.sd > 0.0 ? within / n / (line.sd * line.sd) : 0.0;
    return line;
}

static dnn_status append_line(history_file *file, uint64_t epoch, const char *name, const diagnosis_line *l)
{
    const double values[] = { l->mean, l->sd, l->gradient, l->weights, l->ratio, l->dead };
    char text[512], number[DNN_NUMBER_TEXT];
    int used = snprintf(text, sizeof text, "%llu,%.200s", (unsigned long long)epoch, name);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, ",%s", dnn_number_text(values[i], number));
    snprintf(text + used, sizeof text - (size_t)used, "\n");
    return history_append(file, text);
}

dnn_status diagnosis_write(const runner *r, history_file *file, uint64_t epoch)
{
    dnn_status st = DNN_OK;
    dnn_tree_merge(r->cut.shards, add, &(folding){ r->seen, r->seen_width });
    for (size_t i = 0; i < r->graph->n_layers && st == DNN_OK; i++) {
        if (!looked_at(&r->graph->layers[i])) continue;
        r->diagnosed[i] = line_of(r, i);
        st = append_line(file, epoch, r->graph->layers[i].name, &r->diagnosed[i]);
    }
    return st;
}
