/** Gradient clipping after the reduction. Norms come from sums of squares per block of DNN_BLOCK elements, combined in block order,
 * hence independent of who computed which block. Local. */
#ifndef DNN_OPTIM_CLIP_H
#define DNN_OPTIM_CLIP_H

#include "dnn/optim/optimizer.h"

/** Sum of squares of n elements, in double, in a fixed order. */
double dnn_square_sum(const float *g, size_t n);

typedef struct dnn_clip {
    bool any;            /**< some clipping is asked for */
    bool needs_norms;    /**< clipnorm or global_clipnorm */
    double clipvalue, clipnorm, global_clipnorm; /**< NaN: off */
} dnn_clip;
dnn_clip dnn_clip_of(const dnn_component *optimizer);

/** Factors from norms: `segment_norms` [count] (norm of each trainable segment's reduced gradient, any value for others) and their
 * global norm; writes factor per segment (global times per-tensor) and returns that of global_clipnorm (1 when off). */
double dnn_clip_factors(const dnn_clip *clip, const dnn_segments *segments, const double *segment_norms, double global_norm, double *factors);
/** g *= factor, then clipvalue. */
void dnn_clip_apply(const dnn_clip *clip, double factor, float *g, size_t n);

#endif
