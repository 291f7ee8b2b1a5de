/* training.weight_noise, gradient_noise and label_noise over whole tensors and the whole batch (formulas: noise.c). */
#include <math.h>

#include "dnn/base/random.h"
#include "dnn/math/distribution.h"
#include "train/verify/serial.h"

static uint64_t seed_of(const serial_step *s) { return (uint64_t)s->t->config.seed; }

void serial_noise_labels(const serial_step *s, size_t output, uint64_t step, float *labels)
{
    const double rate = s->t->config.training.label_noise;
    const size_t classes = dnn_dataset_target(s->t->dataset, s->t->run.target_of[output])->classes;
    for (size_t i = 0; i < s->rows && rate > 0.0; i++) {
        const dnn_stream whether = { .seed = seed_of(s), .purpose = DNN_FOR_LABELS, .item = (uint32_t)output };
        const dnn_stream which = { .seed = seed_of(s), .purpose = DNN_FOR_LABELS, .item = (uint32_t)(DNN_MAX_IO + output) };
        if ((double)dnn_uniform_at(&whether, step, i) >= rate) continue;
        const uint64_t other = dnn_below_at(&which, step, i, classes - 1);
        labels[i] = (float)(other < (uint64_t)labels[i] ? other : other + 1);
    }
}

/* values [total] += normal numbers for every tensor that learns. */
static void add_normal(serial_step *s, dnn_purpose purpose, uint64_t step, double stddev, double *values)
{
    const dnn_segments *all = &s->t->graph->segments;
    for (size_t i = 0; i < all->count && stddev > 0.0; i++) {
        const dnn_segment *g = &all->at[i];
        const dnn_stream stream = { .seed = seed_of(s), .purpose = purpose, .item = (uint32_t)i };
        if (!g->trainable) continue;
        dnn_fill_normal(&stream, step, 0, g->length, 0.0f, (float)stddev, s->narrow);
        for (size_t j = 0; j < g->length; j++) values[g->offset + j] += (double)s->narrow[j];
    }
}

void serial_noise_weights(serial_step *s, uint64_t step, double *weights)
{
    add_normal(s, DNN_FOR_WEIGHT_NOISE, step, s->t->config.training.weight_noise.stddev, weights);
}

void serial_noise_gradient(serial_step *s, uint64_t step, uint64_t update, double *gradient)
{
    const dnn_gradient_noise *n = &s->t->config.training.gradient_noise;
    add_normal(s, DNN_FOR_GRADIENT_NOISE, step, sqrt(n->stddev * n->stddev / pow((double)update, n->decay)), gradient);
}
