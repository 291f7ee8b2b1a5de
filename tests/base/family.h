/* Small families, as rooms above would declare them: schedules (a number is `constant`), optimizers that take one, layers. */
#ifndef DNN_TESTS_BASE_FAMILY_H
#define DNN_TESTS_BASE_FAMILY_H

#include "support.h"

typedef struct constant { double value; } constant;
typedef struct decay { double initial, rate; } decay;
static const dnn_param constant_rows[] = { DNN_REAL(constant, value, NULL, "> 0", "rate") };
static const dnn_param decay_rows[] = { DNN_REAL(decay, initial, "0.1", "> 0", "at step 0"), DNN_REAL(decay, rate, "0.9", "(0, 1]", "factor") };
static const dnn_kind constant_kind = { .name = "constant", .params_size = sizeof(constant), DNN_PARAMS(constant_rows), .keras = "Constant" };
static const dnn_kind decay_kind = { .name = "decay", .params_size = sizeof(decay), DNN_PARAMS(decay_rows), .keras = "ExponentialDecay" };
static const dnn_kind *const schedule_kinds[] = { &constant_kind, &decay_kind };
static const dnn_family schedules = { .name = "schedule", .kinds = schedule_kinds, .count = 2, .number_kind = "constant" };

typedef struct sgd { dnn_component learning_rate; double momentum; } sgd;
typedef struct adam { dnn_component learning_rate; double beta_1; } adam;
typedef struct clipping { double clipnorm; } clipping;
static const dnn_param sgd_rows[] = { DNN_COMPONENT(sgd, learning_rate, &schedules, "0.01", "rate"), DNN_REAL(sgd, momentum, "0", "[0, 1)", "share kept") };
static const dnn_param adam_rows[] = { DNN_COMPONENT(adam, learning_rate, &schedules, "{decay: {initial: 0.5}}", "rate"), DNN_REAL(adam, beta_1, "0.9", "[0, 1)", "share kept") };
static const dnn_param clipping_rows[] = { DNN_REAL(clipping, clipnorm, "null", "> 0", "largest norm") };
static const dnn_kind sgd_kind = { .name = "sgd", .params_size = sizeof(sgd), DNN_PARAMS(sgd_rows), .keras = "SGD" };
static const dnn_kind adam_kind = { .name = "adam", .params_size = sizeof(adam), DNN_PARAMS(adam_rows), .keras = "Adam" };
static const dnn_kind *const optimizer_kinds[] = { &sgd_kind, &adam_kind };
static const dnn_family optimizers = { .name = "optimizer", .kinds = optimizer_kinds, .count = 2, .common = clipping_rows, .n_common = 1, .common_size = sizeof(clipping) };

typedef struct activated { dnn_component activation; } activated;
typedef struct leaky { double negative_slope; } leaky;
static const dnn_param leaky_rows[] = { DNN_REAL(leaky, negative_slope, "0.3", NULL, "slope below 0") };
static const dnn_kind relu_kind = { .name = "relu" };
static const dnn_kind leaky_kind = { .name = "leaky_relu", .params_size = sizeof(leaky), DNN_PARAMS(leaky_rows) };
static const dnn_kind *const activation_kinds[] = { &relu_kind, &leaky_kind };
static const dnn_family activations = { .name = "activation", .kinds = activation_kinds, .count = 2 };

typedef struct dense { size_t units; dnn_component activation; } dense;
typedef struct dropout { double rate; } dropout;
static const dnn_param dense_rows[] = { DNN_SIZE(dense, units, NULL, ">= 1", "number of outputs"), DNN_COMPONENT(dense, activation, &activations, "null", "activation") };
static const dnn_param dropout_rows[] = { DNN_REAL(dropout, rate, "0.5", "[0, 1)", "share") };
static const dnn_param activated_rows[] = { DNN_COMPONENT(activated, activation, &activations, NULL, "activation") };
static const dnn_kind dense_kind = { .name = "dense", .params_size = sizeof(dense), DNN_PARAMS(dense_rows) };
static const dnn_kind dropout_kind = { .name = "dropout", .params_size = sizeof(dropout), DNN_PARAMS(dropout_rows) };
static const dnn_kind activation_kind = { .name = "activation", .params_size = sizeof(activated), DNN_PARAMS(activated_rows) };
static const dnn_kind flatten_kind = { .name = "flatten" };
static const dnn_kind *const layer_kinds[] = { &dense_kind, &dropout_kind, &activation_kind, &flatten_kind };
static const dnn_family layers = { .name = "layer", .kinds = layer_kinds, .count = 4 };

typedef struct training { dnn_component optimizer; int64_t epochs; dnn_components stack; dnn_numbers axes; dnn_node *loss; } training;
typedef struct run { training training; dnn_node *model; char *output; } run;
static const dnn_param training_rows[] = {
    DNN_COMPONENT(training, optimizer, &optimizers, "adam", "optimizer"), DNN_INT(training, epochs, "1", ">= 0", "passes"),
    DNN_COMPONENTS(training, stack, &layers, "[]", "layers"), DNN_NUMBERS(training, axes, "[]", NULL, "axes"),
    DNN_NODE(training, loss, "null", "loss"),
};
static const dnn_param run_rows[] = {
    DNN_SECTION(run, training, training_rows, NULL, "training"),
    { .key = "model", .type = DNN_PARAM_NODE, .offset = offsetof(run, model), .preset = "null", .help = "network", .family = &layers },
    DNN_STRING(run, output, "null", "folder"),
};
enum { RUN_ROWS = 3 };

#endif
