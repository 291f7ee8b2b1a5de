/* Noise that regularizes a training, drawn by position and step, so that ranks, threads, teams and shards get the same.
 *
 *   weights    w + n, n normal, while a step looks at the weights; its update moves w (An, "The effects of adding noise during backpropagation
 *              training", 1996; Graves, "Practical variational inference for neural networks", 2011)
 *   gradients  g + n on the mean gradient of an update, n with variance stddev² / (1 + t)^decay at update t from 0 (Neelakantan et al., "Adding gradient
 *              noise improves learning for very deep networks", 2015, equation 1)
 *   labels     with probability `rate` a label is one of the others, each as likely, anew each time the row is used (after Xie et al.,
 *              "DisturbLabel", 2016) */
#include <math.h>
#include <string.h>

#include "dnn/math/distribution.h"
#include "train/step/noise.h"
#include "train/step/runner.h"

enum { PIECE = 256 };

const dnn_param weight_noise_params[WEIGHT_NOISE_PARAMS] = {
    DNN_REAL(dnn_weight_noise, stddev, "0", ">= 0", "standard deviation; 0: none"),
};

const dnn_param gradient_noise_params[GRADIENT_NOISE_PARAMS] = {
    DNN_REAL(dnn_gradient_noise, stddev, "0", ">= 0", "standard deviation at the first update; 0: none"),
    DNN_REAL(dnn_gradient_noise, decay, "0.55", ">= 0", "gamma: the variance is stddev^2 / (1 + t)^gamma at update t; 0: always the same"),
};

/* A block's elements are counted within its tensor, so the numbers stay where layers before it grow. */
static void add_normal(const runner *r, const slice_block *b, dnn_purpose purpose, uint64_t step, double stddev, float *values)
{
    const dnn_stream stream = { .seed = r->seed, .purpose = purpose, .item = b->segment };
    const uint64_t first = b->offset - r->graph->segments.at[b->segment].offset;
    float noise[PIECE];
    for (size_t i = 0; i < b->length; i += PIECE) {
        const size_t n = b->length - i < PIECE ? b->length - i : PIECE;
        dnn_fill_normal(&stream, step, first + i, n, 0.0f, (float)stddev, noise);
        for (size_t j = 0; j < n; j++) values[i + j] += noise[j];
    }
}

void noise_on_weights(worker *k)
{
    runner *r = k->r;
    size_t first, end;
    if (r->noise.weights.stddev == 0.0) return;
    slice_of(k, r->n_blocks, &first, &end);
    dnn_team_barrier(r->team); /* a leader may still be saving the weights of the step before */
    for (size_t i = first; i < end; i++) {
        const slice_block *b = &r->blocks[i];
        memcpy(r->without_noise + b->offset, r->weights + b->offset, b->length * sizeof(float));
        add_normal(r, b, DNN_FOR_WEIGHT_NOISE, k->step, r->noise.weights.stddev, r->weights + b->offset);
    }
    dnn_team_barrier(r->team);
}

/* Taking the noise off again would leave rounding behind. */
void noise_off_weights(worker *k)
{
    runner *r = k->r;
    size_t first, end;
    if (r->noise.weights.stddev == 0.0) return;
    slice_of(k, r->n_blocks, &first, &end);
    for (size_t i = first; i < end; i++)
        memcpy(r->weights + r->blocks[i].offset, r->without_noise + r->blocks[i].offset, r->blocks[i].length * sizeof(float));
}

void noise_on_gradient(const worker *k, const slice_block *b, uint64_t update, float *g)
{
    const dnn_gradient_noise *n = &k->r->noise.gradients;
    if (n->stddev == 0.0) return;
    add_normal(k->r, b, DNN_FOR_GRADIENT_NOISE, k->step, n->stddev * pow((double)update, -n->decay / 2.0), g);
}

void noise_on_labels(const runner *r, uint64_t step, size_t output, const bay *b, float *label)
{
    const size_t classes = dnn_dataset_target(r->dataset, r->target_of[output])->classes;
    const dnn_stream whether = { .seed = r->seed, .purpose = DNN_FOR_LABELS, .item = (uint32_t)output };
    const dnn_stream which = { .seed = r->seed, .purpose = DNN_FOR_LABELS, .item = (uint32_t)(DNN_MAX_IO + output) };
    for (size_t i = 0; i < b->shard.rows; i++) {
        const uint64_t row = b->shard.first_row + i;
        if ((double)dnn_uniform_at(&whether, step, row) >= r->noise.labels) continue;
        const uint64_t other = dnn_below_at(&which, step, row, classes - 1);
        label[i] = (float)(other + (other >= (uint64_t)label[i]));
    }
}

dnn_status noise_check(const runner *r)
{
    if (r->noise.labels == 0.0) return DNN_OK;
    for (size_t o = 0; o < r->graph->n_outputs; o++) {
        const dnn_array_info *target = dnn_dataset_target(r->dataset, r->target_of[o]);
        if (!target->labels)
            return dnn_fail(DNN_E_CONFIG, "training.label_noise = %g: target '%s' has no class labels: %s", r->noise.labels, target->name, target->not_labels);
        if (target->classes < 2)
            return dnn_fail(DNN_E_CONFIG, "training.label_noise = %g: target '%s' has one class, there is no other", r->noise.labels, target->name);
    }
    return DNN_OK;
}
