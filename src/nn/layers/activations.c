/* Activations that Keras also has as layers of their own, some with other defaults than in `activation:`. The formulas
 * are those of the activations of the same names. */
#include "nn/layers/activation.h"
#include "nn/layers/keras.h"

typedef struct { double negative_slope; } leaky_relu;
static const dnn_param leaky_relu_params[] = {
    DNN_REAL(leaky_relu, negative_slope, "0.3", ">= 0", "slope for negative x"),
};

/* Keras 2 called the slope alpha. */
static dnn_status decode_slope(const dnn_node *config, dnn_node *node)
{
    (void)config;
    return keras_rename(node, "alpha", "negative_slope");
}

typedef struct { double negative_slope, max_value, threshold; } relu;
static const dnn_param relu_params[] = {
    DNN_REAL(relu, negative_slope, "0", ">= 0", "slope at or below the threshold"),
    DNN_REAL(relu, max_value, "null", "> 0", "largest output; null: no limit"),
    DNN_REAL(relu, threshold, "0", ">= 0", "x from which on it passes unchanged"),
};

typedef struct { double alpha; } elu;
static const dnn_param elu_params[] = {
    DNN_REAL(elu, alpha, "1", ">= 0", "minus the limit for x to -inf"),
};

#define ACTIVATION_LAYER(name_, keras_, help_, ...)                                                                    \
    const dnn_layer_kind dnn_layer_##name_ = { .kind = { .name = #name_,                                               \
                                                         .help = help_,                                                \
                                                         .params_size = sizeof(name_),                                 \
                                                         DNN_PARAMS(name_##_params),                                   \
                                                         .keras = keras_,                                              \
                                                         __VA_ARGS__ },                                                \
                                               .activation_layer = true,                                               \
                                               .activation = #name_,                                                   \
                                               .forward = activation_forward,                                          \
                                               .backward = activation_backward,

ACTIVATION_LAYER(leaky_relu, "LeakyReLU", "x, below 0 slope·x (Maas et al. 2013)", .decode = decode_slope).plan =
    activation_plan
}
;
ACTIVATION_LAYER(relu, "ReLU", "max(x, 0), with slope, limit and threshold", ) .plan = activation_plan };
ACTIVATION_LAYER(elu, "ELU", "x, below 0 alpha·(e^x - 1) (Clevert et al. 2016)", ) .plan = activation_plan };
