/* Networks to measure: shapes in common use, from one that is all overhead to one that is all products. */
#include <string.h>

#include "dnn/train/bench.h"

#define IMAGES(rows) "output: .\ndata: {source: {glyphs: {train: " #rows ", test: 32}}, scale: {features: {divide: 255}}}\n"
#define CLASSES "loss: sparse_categorical_crossentropy, metrics: [accuracy]"

const dnn_workload dnn_workloads[] = {
    { "A", "784-300-100-10, relu, SGD, batch 32",
      IMAGES(3200)
      "model:\n  defaults: {dense: {kernel_initializer: he_normal}}\n"
      "  layers: [flatten, {dense: {units: 300, activation: relu}}, {dense: {units: 100, activation: relu}}, {dense: {units: 10, activation: softmax}}]\n"
      "training: {" CLASSES ", batch_size: 32, optimizer: {sgd: {learning_rate: 0.001}}}\n" },
    { "B", "784-300-100-10 with batch normalization before each relu, SGD, batch 256",
      IMAGES(5120)
      "model:\n  defaults: {dense: {kernel_initializer: he_normal}}\n"
      "  layers: [flatten, {dense: {units: 300, use_bias: false}}, batch_normalization, {activation: relu},\n"
      "           {dense: {units: 100, use_bias: false}}, batch_normalization, {activation: relu}, {dense: {units: 10, activation: softmax}}]\n"
      "training: {" CLASSES ", batch_size: 256, optimizer: {sgd: {learning_rate: 0.001}}}\n" },
    { "C", "784-300, 99 layers of 100, 10, selu, SGD, batch 32",
      IMAGES(3200)
      "model:\n  defaults: {dense: {activation: selu, kernel_initializer: lecun_normal}}\n"
      "  layers: [flatten, {dense: {units: 300}}, {repeat: {times: 99, layers: [{dense: {units: 100}}]}}, {dense: {units: 10, activation: softmax}}]\n"
      "training: {" CLASSES ", batch_size: 32, optimizer: {sgd: {learning_rate: 0.001}}}\n" },
    { "D", "784-2048-2048-2048-10, relu, Adam, batch 1024",
      IMAGES(4096)
      "model:\n  defaults: {dense: {kernel_initializer: he_normal}}\n"
      "  layers: [flatten, {repeat: {times: 3, layers: [{dense: {units: 2048, activation: relu}}]}}, {dense: {units: 10, activation: softmax}}]\n"
      "training: {" CLASSES ", batch_size: 1024, optimizer: {adam: {learning_rate: 0.0001}}}\n" },
    { "E", "convolutions of 32 and 64 filters 3x3, max pooling, dense 128, 10, SGD with momentum, batch 128",
      IMAGES(2560)
      "model:\n  defaults: {conv2d: {kernel_size: 3, activation: relu}}\n"
      "  layers: [{reshape: {target_shape: [28, 28, 1]}}, {conv2d: {filters: 32}}, {conv2d: {filters: 64}}, max_pooling2d, flatten,\n"
      "           {dense: {units: 128, activation: relu}}, {dense: {units: 10, activation: softmax}}]\n"
      "training: {" CLASSES ", batch_size: 128, optimizer: {sgd: {learning_rate: 0.001, momentum: 0.9}}}\n" },
};
const size_t dnn_workloads_count = sizeof dnn_workloads / sizeof *dnn_workloads;

const dnn_workload *dnn_workload_find(const char *name)
{
    for (size_t i = 0; i < dnn_workloads_count; i++)
        if (strcmp(dnn_workloads[i].name, name) == 0) return &dnn_workloads[i];
    return NULL;
}
