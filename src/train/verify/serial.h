/* One training step done on one rank, in double, in plain words: what `verify` holds the engine against. The rows of the whole batch are one shard of the
 * double build (nn/reference.h); division, penalties, accumulation, clipping, decay, the optimizer's rule and the moving average are written here and in the
 * optimizers' `serial` once more, without slices, blocks, trees or meetings. Each half starts from the engine's own numbers before it, so that an
 * error does not travel from step to step and shows where it is made. Private to `train`. Local. */
#ifndef DNN_TRAIN_SERIAL_H
#define DNN_TRAIN_SERIAL_H

#include "dnn/nn/reference.h"
#include "train/loop/trainer.h"
#include "train/step/look.h"

/* Of a forward and a backward pass. */
typedef struct serial_numbers {
    double *gradient;              /* [total] mean over the rows, with penalties */
    double *moved;                 /* [total] weights with the statistics moved */
    double *values;                /* as the history reports them */
    double *seen;                  /* [look_width] of each layer */
} serial_numbers;

/* After an update. */
typedef struct serial_state {
    double *weights, *slots[DNN_MAX_VECTORS]; /* [total] */
    double norm, factor;           /* of the gradient after accumulation; global_clipnorm's factor */
} serial_state;

typedef struct serial_step {
    const trainer *t;
    dnn_reference *reference;
    size_t total, n_values, n_slots, rows;
    bool updates;                  /* false: the step only accumulates */
    bool has_rule;                 /* the optimizer has a serial rule */
    serial_numbers numbers, wobbled;
    serial_state state, wobbled_state;

    /* scratch */
    double *class_weight;
    double *x[DNN_MAX_IO], *target[DNN_MAX_IO], *weight, *start, *gradient;
    float *narrow;
    uint64_t *order;
    uint64_t dice;                 /* of wobbles */
} serial_step;

dnn_status serial_create(const trainer *t, serial_step **out);
void serial_destroy(serial_step *s);
/* The batch `batch` of epoch 1 after `step` steps, with the engine's weights before the step. `wobble`: weights and inputs are moved by so much of
 * themselves, at random; what that changes is how far rounding may reach. */
dnn_status serial_forward_backward(serial_step *s, const float *weights, uint64_t batch, uint64_t step, double wobble, serial_numbers *out);
/* The update from the engine's gradient of this step and its weights and vectors before. */
void serial_update(serial_step *s, const float *gradient, const float *weights, float *const *slots, uint64_t step, double wobble, serial_state *out);
/* serial_noise.c: what training.label_noise, weight_noise and gradient_noise do to labels [rows], weights and the update's gradient [total]. */
void serial_noise_labels(const serial_step *s, size_t output, uint64_t step, float *labels);
void serial_noise_weights(serial_step *s, uint64_t step, double *weights);
void serial_noise_gradient(serial_step *s, uint64_t step, uint64_t update, double *gradient);
/* A number in [1 - wobble, 1 + wobble], the next one at each call; 1 where it is 0. */
double serial_shake(serial_step *s, double wobble);

#endif
