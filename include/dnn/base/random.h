/** Random bits by position (Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011; the
 * generator of Random123, NumPy and cuRAND). There is no generator state: a number is a pure
 * function of (seed, purpose, item, step, index), so it does not depend on ranks, threads or call order. Local. */
#ifndef DNN_BASE_RANDOM_H
#define DNN_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/** What numbers are drawn for. Values are part of the format of a training (docs/formats.md): never renumber. */
typedef enum dnn_purpose {
    DNN_FOR_WEIGHTS = 1, DNN_FOR_SHUFFLE = 2, DNN_FOR_SPLIT = 3, DNN_FOR_DROPOUT = 4, DNN_FOR_NOISE = 5,
    DNN_FOR_AUGMENTATION = 6, DNN_FOR_LABELS = 7, DNN_FOR_DATA = 8, DNN_FOR_SEARCH = 9, DNN_FOR_GRADIENT_NOISE = 10,
    DNN_FOR_WEIGHT_NOISE = 11, DNN_FOR_CHECK = 12
} dnn_purpose;

typedef struct dnn_stream {
    uint64_t seed;
    dnn_purpose purpose;
    uint32_t item;  /**< which layer or parameter, below 2^24 */
} dnn_stream;

/** The four 32-bit words of block `block` (below 2^48) at `step` (below 2^40). */
void dnn_random_block(const dnn_stream *stream, uint64_t step, uint64_t block, uint32_t out[4]);
/** out [4 n]: the words of blocks first … first + n - 1, the same as one by one, two to four times as fast from a
 * dozen blocks on. */
void dnn_random_blocks(const dnn_stream *stream, uint64_t step, uint64_t first, size_t n, uint32_t *out);
/** Word `index % 4` of block `index / 4`. */
uint32_t dnn_random_at(const dnn_stream *stream, uint64_t step, uint64_t index);
/** Uniform in [0, 1) with 24 bits. */
static inline float dnn_unit_float(uint32_t bits) { return (float)(bits >> 8) * 0x1p-24f; }
float dnn_uniform_at(const dnn_stream *stream, uint64_t step, uint64_t index);
/** Uniform integer in [0, n), n >= 1; bias below 2^-32·n/2^32. From two words of the block `index`. */
uint64_t dnn_below_at(const dnn_stream *stream, uint64_t step, uint64_t index, uint64_t n);

/** Position `position` of the permutation of 0 … n-1 that (stream, epoch) names: a Feistel network of Philox rounds with
 * cycle walking, so no rank holds a table and any position is found alone. */
uint64_t dnn_shuffle_at(const dnn_stream *stream, uint64_t epoch, uint64_t n, uint64_t position);
/** out [count]: positions first … first + count - 1 of that permutation (all below n), several times as fast as one by one. */
void dnn_shuffle_span(const dnn_stream *stream, uint64_t epoch, uint64_t n, uint64_t first, size_t count, uint64_t *out);

#endif
