/* Uniforms and normals by position. */
#include "dnn/math/distribution.h"
#include "dnn/base/status.h"
#include "dnn/math/vector.h"

/* Worked on in pieces of this many elements that begin at a multiple of 4, hence at whole blocks of random words. */
enum { PIECE = 256 };

/* Blocks are numbered below 2^48; attempt a draws from those that begin at a·2^42. */
#define ATTEMPT_BLOCKS ((uint64_t)1 << 42)
enum { ATTEMPTS = 64 };

typedef void piece_maker(const uint32_t *words, float *out);

static void unit_piece(const uint32_t *words, float *out)
{
    for (size_t i = 0; i < PIECE; i++) out[i] = (float)(int32_t)(words[i] >> 8) * 0x1p-24f;
}

static void normal_piece(const uint32_t *words, float *out)
{
    for (size_t i = 0; i < PIECE; i += 2) {
        /* In (0, 1], so that the logarithm is finite. */
        const float u = (float)(int32_t)((words[i] >> 8) + 1) * 0x1p-24f;
        const float turns = (float)(int32_t)(words[i + 1] >> 8) * 0x1p-24f;
        const float radius = sqrtf(-2.0f * dnn_log_f(u));
        out[i] = radius * dnn_sin_turns_f(turns + 0.25f);
        out[i + 1] = radius * dnn_sin_turns_f(turns);
    }
}

/* Whole pieces are made even where fewer elements are asked for: one loop, one result for an element. */
static void fill(const dnn_stream *stream, uint64_t step, uint64_t first, size_t n, float shift, float factor,
                 piece_maker *make, float *out)
{
    uint32_t words[PIECE];
    float values[PIECE];
    while (n > 0) {
        const size_t skip = first % 4;
        const size_t count = n < PIECE - skip ? n : PIECE - skip;
        dnn_random_blocks(stream, step, first / 4, (skip + count + 3) / 4, words);
        for (size_t i = (skip + count + 3) / 4 * 4; i < PIECE; i++) words[i] = 0;
        make(words, values);
        for (size_t i = 0; i < count; i++) out[i] = shift + factor * values[skip + i];
        first += count;
        out += count;
        n -= count;
    }
}

void dnn_fill_uniform(const dnn_stream *stream, uint64_t step, uint64_t first, size_t n, float low, float high, float *out)
{
    fill(stream, step, first, n, low, high - low, unit_piece, out);
    /* Rounding may lift a value onto the open end. */
    const float below = nextafterf(high, low);
    if (high > low)
        for (size_t i = 0; i < n; i++) out[i] = out[i] >= high ? below : out[i];
}

void dnn_fill_normal(const dnn_stream *stream, uint64_t step, uint64_t first, size_t n, float mean, float stddev, float *out)
{
    fill(stream, step, first, n, mean, stddev, normal_piece, out);
}

static float normal_again(const dnn_stream *stream, uint64_t step, uint64_t index, uint64_t attempt)
{
    uint32_t words[4];
    dnn_random_block(stream, step, attempt * ATTEMPT_BLOCKS + index / 4, words);
    const uint32_t *pair = words + index % 4 / 2 * 2;
    const float u = (float)(int32_t)((pair[0] >> 8) + 1) * 0x1p-24f;
    const float turns = (float)(int32_t)(pair[1] >> 8) * 0x1p-24f + (index % 2 == 0 ? 0.25f : 0.0f);
    return sqrtf(-2.0f * dnn_log_f(u)) * dnn_sin_turns_f(turns);
}

void dnn_fill_truncated_normal(const dnn_stream *stream, uint64_t step, uint64_t first, size_t n, float mean, float stddev,
                               float *out)
{
    DNN_ASSERT(first / 4 + n / 4 < ATTEMPT_BLOCKS - 1);
    fill(stream, step, first, n, 0.0f, 1.0f, normal_piece, out);
    for (size_t i = 0; i < n; i++) {
        float z = out[i];
        for (uint64_t attempt = 1; fabsf(z) > 2.0f && attempt < ATTEMPTS; attempt++)
            z = normal_again(stream, step, first + i, attempt);
        DNN_ASSERT(fabsf(z) <= 2.0f);  /* fails once in 10^85 draws */
        out[i] = mean + stddev * z;
    }
}
