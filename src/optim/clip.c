/* Clipping by value: Mikolov 2012; by norm: Pascanu, Mikolov and Bengio 2013, algorithm 1. A norm is the root of the sum of squares. */
#include "dnn/optim/clip.h"

#include <math.h>

/* Sums side by side, so that the loop fills vector registers without the compiler having to reorder anything: element i always
 * goes to sum i % LANES and the sums are always added in the same order. */
enum { LANES = 16 };

static double block_square_sum(const float *g, size_t n)
{
    double sums[LANES] = { 0.0 };
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) sums[j] += (double)g[i + j] * (double)g[i + j];
    for (size_t j = 0; i + j < n; j++) sums[j] += (double)g[i + j] * (double)g[i + j];
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++) sums[j] += sums[j + half];
    return sums[0];
}

double dnn_square_sum(const float *g, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i += DNN_BLOCK) sum += block_square_sum(g + i, n - i < DNN_BLOCK ? n - i : DNN_BLOCK);
    return sum;
}

/* A limit of 0 is none, as in Keras. */
static double limit_of(double value) { return value > 0 ? value : (double)NAN; }

dnn_clip dnn_clip_of(const dnn_component *optimizer)
{
    const dnn_optimizer_common *c = optimizer->common;
    dnn_clip clip = { .clipvalue = limit_of(c->clipvalue), .clipnorm = limit_of(c->clipnorm),
                      .global_clipnorm = limit_of(c->global_clipnorm) };
    clip.needs_norms = !isnan(clip.clipnorm) || !isnan(clip.global_clipnorm);
    clip.any = clip.needs_norms || !isnan(clip.clipvalue);
    return clip;
}

/* What brings `norm` down to `limit`. A norm that is no number stays one, and an infinite one becomes one: multiplied by 0 the
 * other elements would look like a healthy gradient. */
static double factor_to(double limit, double norm)
{
    if (isnan(limit) || norm <= limit) return 1.0;
    return isinf(norm) ? (double)NAN : limit / norm;
}

double dnn_clip_factors(const dnn_clip *clip, const dnn_segments *segments, const double *segment_norms, double global_norm,
                        double *factors)
{
    const double global = factor_to(clip->global_clipnorm, global_norm);
    for (size_t s = 0; s < segments->count; s++)
        factors[s] = segments->at[s].trainable ? global * factor_to(clip->clipnorm, global * segment_norms[s]) : 1.0;
    return global;
}

void dnn_clip_apply(const dnn_clip *clip, double factor, float *g, size_t n)
{
    if (factor != 1.0) {
        const float f = (float)factor;
        for (size_t i = 0; i < n; i++) g[i] *= f;
    }
    if (isnan(clip->clipvalue)) return;
    const float top = (float)clip->clipvalue;
    for (size_t i = 0; i < n; i++) {
        const float low = g[i] < -top ? -top : g[i];  /* comparisons, not fminf: NaN must come through */
        g[i] = low > top ? top : low;
    }
}
