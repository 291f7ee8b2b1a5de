/* Model files through the reader process: whatever HDF5 makes of them, here they are a model or a refusal. Slow (a
 * process for each input). */
#include "dnn/exchange/model_file.h"
#include "dnn/base/node.h"
#include "fuzz.h"

/* A description is a few bytes, what it describes may be gigabytes. */
enum { LARGEST = 1 << 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dnn_model_file *file = NULL;
    dnn_place_forget();
    const size_t before = dnn_memory_balance();
    dnn_status st = dnn_model_open(file_of(data, size), &file);
    if (st == DNN_OK) {
        const dnn_port *inputs;
        size_t n;
        dnn_graph *graph = NULL;
        const dnn_node *model = dnn_model_architecture(file, &inputs, &n);
        if (model) CHECK(dnn_graph_create(model, inputs, n, &graph) == DNN_OK);
        float *weights =
            graph && graph->segments.total < LARGEST ? dnn_alloc(graph->segments.total, sizeof *weights) : NULL;
        if (weights) st = dnn_model_weights(file, graph, weights);
        dnn_free(weights);
        dnn_graph_destroy(graph);
        dnn_model_close(file);
    }
    if (st != DNN_OK) check_refusal(st, DNN_E_MODEL);
    dnn_place_forget();
    check_balance(before);
    return 0;
}
