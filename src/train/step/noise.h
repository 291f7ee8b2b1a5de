/* Noise on weights, gradients and labels of a training: what is drawn and from which text it comes is told in noise.c. Private to `train`. */
#ifndef DNN_TRAIN_NOISE_H
#define DNN_TRAIN_NOISE_H

#include "dnn/train/config.h"

enum { WEIGHT_NOISE_PARAMS = 1, GRADIENT_NOISE_PARAMS = 2 };
extern const dnn_param weight_noise_params[WEIGHT_NOISE_PARAMS];
extern const dnn_param gradient_noise_params[GRADIENT_NOISE_PARAMS];

#endif
