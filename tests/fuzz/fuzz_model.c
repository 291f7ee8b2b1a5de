/* Networks as a run file describes them: a graph that was built can be written, and what was written builds a graph
 * with as many layers and weights. */
#include "dnn/io/tree.h"
#include "dnn/nn/graph.h"
#include "fuzz.h"

static void write_and_build_again(const dnn_graph *graph)
{
    dnn_node *model = dnn_graph_write(graph);
    dnn_graph *again;
    CHECK(model);
    CHECK(dnn_graph_create(model, NULL, 0, &again) == DNN_OK);
    CHECK(again->n_layers == graph->n_layers && again->segments.total == graph->segments.total);
    dnn_graph_destroy(again);
    dnn_node_destroy(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dnn_node *model;
    dnn_graph *graph = NULL;
    dnn_place_forget();
    const size_t before = dnn_memory_balance();
    if (dnn_yaml_parse((const char *)data, size, "run.yaml", &model) == DNN_OK) {
        const dnn_status st = dnn_graph_create(model, NULL, 0, &graph);
        if (st == DNN_OK)
            write_and_build_again(graph);
        else
            check_refusal(st, DNN_E_CONFIG);
    }
    dnn_graph_destroy(graph);
    dnn_node_destroy(model);
    dnn_place_forget();
    check_balance(before);
    return 0;
}
