/* Keras's descriptions: model_config to a network, and with it training_config. The first byte says which version wrote
 * it; a NUL parts the two texts. */
#include "dnn/io/tree.h"
#include "dnn/nn/graph.h"
#include "exchange/keras.h"
#include "fuzz.h"

/* Networks beyond this are built no further: what costs memory is the user's choice. */
static void read_training(const keras_source *source, const dnn_graph *graph, const uint8_t *data, size_t size)
{
    dnn_node *config, *training = NULL;
    if (dnn_json_parse((const char *)data, size, "training_config", &config) == DNN_OK) {
        const dnn_status st = keras_training_read(source, config, "x.h5", graph, &training);
        if (st != DNN_OK) check_refusal(st, DNN_E_MODEL);
        dnn_node_destroy(training);
        dnn_node_destroy(config);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dnn_node *config, *model = NULL, *models = NULL;
    if (size == 0) return 0;
    dnn_place_forget();
    const size_t before = dnn_memory_balance();
    const keras_source source = {.major = data[0] == '2' ? 2 : 3};
    const uint8_t *text = data + 1, *stop = memchr(text, '\0', size - 1);
    const size_t length = stop ? (size_t)(stop - text) : size - 1;
    if (dnn_json_parse((const char *)text, length, "model_config", &config) == DNN_OK) {
        dnn_graph *graph = NULL;
        dnn_status st = keras_model_read(&source, config, &model, &models);
        if (st != DNN_OK) check_refusal(st, DNN_E_MODEL);
        if (st == DNN_OK) {
            st = dnn_graph_create(model, NULL, 0, &graph);
            if (st != DNN_OK) check_refusal(st, DNN_E_CONFIG);
        }
        if (st == DNN_OK && stop) read_training(&source, graph, stop + 1, size - 2 - length);
        dnn_graph_destroy(graph);
        dnn_node_destroy(model);
        dnn_node_destroy(models);
        dnn_node_destroy(config);
    }
    dnn_place_forget();
    check_balance(before);
    return 0;
}
