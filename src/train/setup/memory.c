/* The memory of a training, from the same numbers that runner.c and workers.c allocate by. */
#include "dnn/train/memory.h"

#include "train/setup/setup.h"

/* Measured on trainings of next to nothing: 25 MiB a rank, libraries and what MPI and OpenBLAS take for themselves. */
static const double program_of_a_rank = 25.0 * 1024 * 1024;

static double row_values(const dnn_graph *graph)
{
    double values = 0;
    for (size_t i = 0; i < graph->n_inputs; i++) values += (double)dnn_shape_units(&graph->inputs[i].shape);
    for (size_t o = 0; o < graph->n_outputs; o++) values += (double)dnn_shape_units(&graph->outputs[o].shape);
    return values;
}

/* Of all shards of a batch: the memory of their layers and the rows that are gathered for them. */
static double shards_bytes(const dnn_graph *graph, size_t batch, size_t shards, bool backward)
{
    const size_t capacity = (batch + shards - 1) / shards;
    return (double)shards * ((double)dnn_graph_shard_bytes(graph, capacity, backward) + 4.0 * (double)capacity * row_values(graph));
}

/* No batch is larger than its part (runner.c). */
static size_t at_most(size_t batch, const dnn_dataset *ds, bool forward)
{
    uint64_t rows = 1;
    for (int part = 0; ds && part < (forward ? DNN_PARTS : DNN_TRAIN + 1); part++)
        if (dnn_dataset_rows(ds, (dnn_part)part) > rows) rows = dnn_dataset_rows(ds, (dnn_part)part);
    return ds && batch > rows ? (size_t)rows : batch;
}

/* Of shared memory a rank sees what it works on, and the stretch it took the pages of when the window was made (comm/window.c), one of as many as there are
 * ranks: the two have nothing to do with each other. */
static double touched(double used, double all, double ranks) { return used + (all - used) / ranks; }

void dnn_memory_plan(const dnn_memory_load *load, const dnn_graph *graph, const dnn_dataset *ds, dnn_memory *out)
{
    const double vector = 4.0 * (double)graph->segments.total, ranks = (double)load->ranks;
    const size_t shards = load->shards ? load->shards : load->ranks;
    const bool validates = ds && dnn_dataset_rows(ds, DNN_VALIDATION) > 0;
    dnn_memory m = { .weights = vector, .moments = (double)load->vectors * vector, .gradients = ((double)shards + 1) * vector };
    m.data = ds ? (double)dnn_dataset_bytes(ds) : 0;
    m.layers = shards_bytes(graph, at_most(load->batch, ds, false), shards, true);
    if (validates) m.validation = shards_bytes(graph, at_most(setup_forward_batch(load->batch), ds, true), shards, false);
    const double image = m.weights + m.moments, copy = load->copies ? image : 0;
    /* glibc moves a block that grows within its heap, where both are for a moment; above 32 MiB the kernel moves pages instead */
    const double growing = image < 32.0 * 1024 * 1024 ? image : 32.0 * 1024 * 1024;
    m.checkpoint = image + growing + copy;
    m.program = ranks * program_of_a_rank;
    const double own = (m.layers + m.validation + m.program) / ranks;
    /* its own gradients whole, its slice of everybody's and of the reduced one */
    const double whole = (double)shards / ranks * vector, gradients = whole + (m.gradients - whole) / ranks;
    const double slices = m.moments / ranks + copy / ranks;
    m.node = m.data + m.weights + m.moments + m.gradients + m.layers + m.validation + m.checkpoint + m.program;
    m.rank = own + m.data + m.weights + touched(gradients, m.gradients, ranks) + touched(slices, m.moments + copy, ranks);
    m.first_rank = own + m.data + m.weights + touched(gradients, m.gradients, ranks) + m.moments + m.checkpoint;
    *out = m;
}
