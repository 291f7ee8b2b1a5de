/** Random floats by position: element i of a stream is a pure function of (stream, step, first + i), so an array may be
 * filled in pieces, anywhere, in any order. Always float, in the double build as well, so that both start from the
 * same numbers. Local. */
#ifndef DNN_MATH_DISTRIBUTION_H
#define DNN_MATH_DISTRIBUTION_H

#include <stddef.h>
#include "dnn/base/random.h"

/** Uniform in [low, high), from the 24 high bits of word `first + i`. */
void dnn_fill_uniform(const dnn_stream *stream, uint64_t step, uint64_t first, size_t n, float low, float high, float *out);

/** Normal (Box and Muller, Annals of Mathematical Statistics 29, 1958): words 2j and 2j+1 make elements 2j and 2j+1. At most 5.77
 * standard deviations from the mean. */
void dnn_fill_normal(const dnn_stream *stream, uint64_t step, uint64_t first, size_t n, float mean, float stddev, float *out);

/** Normal redrawn while it lies more than 2 standard deviations from the mean, as in Keras. `stddev` is that before the cut;
 * after it the deviation is .87962566103423978 of it. Positions below 2^44: redraws come from the words above. */
void dnn_fill_truncated_normal(const dnn_stream *stream, uint64_t step, uint64_t first, size_t n, float mean, float stddev,
                               float *out);

#endif
