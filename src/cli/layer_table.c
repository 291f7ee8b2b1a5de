#include "cli/layer_table.h"

#include <stdio.h>

#include "cli/table.h"

static const dnn_op *op_of(const dnn_graph *graph, size_t layer)
{
    for (size_t i = 0; i < graph->n_ops; i++)
        if (graph->ops[i].layer == layer) return &graph->ops[i];
    return NULL;
}

static size_t parameters_of(const dnn_graph *graph, size_t layer)
{
    size_t count = 0;
    for (size_t s = 0; s < graph->segments.count; s++)
        if (graph->segments.at[s].layer == layer) count += graph->segments.at[s].length;
    return count;
}

static void connections(const dnn_graph *graph, size_t layer, char *out, size_t size)
{
    const dnn_op *op = op_of(graph, layer);
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; op && i < graph->layers[layer].n_inputs && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", dnn_graph_tensor_name(graph, op->in[i]));
}

/* 1234567 as "1,234,567": counts of parameters are long. */
static const char *grouped(size_t value, char out[32])
{
    char digits[32];
    const int length = snprintf(digits, sizeof digits, "%zu", value);
    int to = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) out[to++] = ',';
        out[to++] = digits[i];
    }
    out[to] = '\0';
    return out;
}

static void add_ports(table *t, const dnn_graph *graph)
{
    char shape[128];
    for (size_t i = 0; i < graph->n_inputs; i++) {
        table_add(t, graph->inputs[i].name);
        table_add(t, "(input)");
        table_add(t, dnn_shape_text(&graph->inputs[i].shape, shape, sizeof shape));
        table_add(t, "0");
        table_add(t, "");
    }
}

static void add_layer(table *t, const dnn_graph *graph, size_t i)
{
    const dnn_layer *layer = &graph->layers[i];
    char shape[128], count[32], from[512];
    connections(graph, i, from, sizeof from);
    table_format(t, "%s%s", layer->name, layer->frozen ? " (frozen)" : "");
    if (layer->called) table_format(t, "%s, called again", graph->layers[layer->owner].name);
    else table_add(t, layer->kind->kind.name);
    table_add(t, dnn_shape_text(&layer->out, shape, sizeof shape));
    table_add(t, grouped(parameters_of(graph, i), count));
    table_add(t, from);
}

dnn_status layer_table_print(const dnn_graph *graph)
{
    table t;
    table_open(&t, 5);
    t.right[3] = true;
    static const char *const head[] = { "layer", "type", "output of a sample", "parameters", "from" };
    for (size_t i = 0; i < 5; i++) table_add(&t, head[i]);
    add_ports(&t, graph);
    for (size_t i = 0; i < graph->n_layers; i++)
        if (!graph->layers[i].internal) add_layer(&t, graph, i);
    const dnn_status st = table_print(&t, stdout, 0, true);
    size_t all = 0, trainable = 0;
    for (size_t s = 0; s < graph->segments.count; s++) {
        all += graph->segments.at[s].length;
        if (graph->segments.at[s].trainable) trainable += graph->segments.at[s].length;
    }
    char texts[3][32];
    printf("\nparameters: %s, trainable: %s, non-trainable: %s\n", grouped(all, texts[0]), grouped(trainable, texts[1]),
           grouped(all - trainable, texts[2]));
    return st;
}

static const char *bytes_text(double bytes, char out[32])
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    int u = 0;
    while (bytes >= 1024 && u < 4) bytes /= 1024, u++;
    snprintf(out, 32, u ? "%.1f %s" : "%.0f %s", bytes, units[u]);
    return out;
}

void layer_table_memory(const dnn_graph *graph, const dnn_dataset *ds, const dnn_memory_load *load)
{
    dnn_memory m;
    char texts[4][32];
    dnn_memory_plan(load, graph, ds, &m);
    const struct { const char *name; double bytes; } parts[] = {
        { "data", m.data }, { "weights", m.weights }, { "moments", m.moments }, { "gradients", m.gradients }, { "layers", m.layers },
        { "validation", m.validation }, { "checkpoint", m.checkpoint }, { "program", m.program },
    };
    printf("memory of a machine with %zu rank%s, %zu of %zu rows a step each: %s\n ", load->ranks, load->ranks == 1 ? "" : "s",
           (load->batch + load->ranks - 1) / load->ranks, load->batch, bytes_text(m.node, texts[0]));
    for (size_t i = 0, printed = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].bytes > 0) printf("%s %s %s", printed++ ? "," : "", parts[i].name, bytes_text(parts[i].bytes, texts[0]));
    printf("\n  of a rank %s, of the one that writes checkpoints %s, as the system counts them: with the memory they share\n",
           bytes_text(m.rank, texts[0]), bytes_text(m.first_rank, texts[1]));
}
