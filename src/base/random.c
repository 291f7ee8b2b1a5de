/* Random bits by position: Philox4x32-10 over a counter that is the position. */
#include "dnn/base/random.h"

#include <Random123/philox.h>

/* Counter, from its low end: block 48 bits, step 40, item 24, purpose 8, put together in 32-bit words so that
 * no two positions share a counter. The key is the seed. Part of the format of a training: never change. */
void dnn_random_block(const dnn_stream *stream, uint64_t step, uint64_t block, uint32_t out[4])
{
    const philox4x32_ctr_t counter = { {
        (uint32_t)block,
        (uint32_t)(block >> 32 & 0xFFFF) | (uint32_t)(step >> 32 & 0xFF) << 16,
        (uint32_t)step,
        (stream->item & 0xFFFFFF) | (uint32_t)stream->purpose << 24,
    } };
    const philox4x32_key_t key = { { (uint32_t)stream->seed, (uint32_t)(stream->seed >> 32) } };
    const philox4x32_ctr_t words = philox4x32(counter, key);
    for (int i = 0; i < 4; i++) out[i] = words.v[i];
}

uint32_t dnn_random_at(const dnn_stream *stream, uint64_t step, uint64_t index)
{
    uint32_t words[4];
    dnn_random_block(stream, step, index / 4, words);
    return words[index % 4];
}

float dnn_uniform_at(const dnn_stream *stream, uint64_t step, uint64_t index)
{
    return dnn_unit_float(dnn_random_at(stream, step, index));
}

uint64_t dnn_below_at(const dnn_stream *stream, uint64_t step, uint64_t index, uint64_t n)
{
    uint32_t words[4];
    dnn_random_block(stream, step, index, words);
    const uint64_t bits = (uint64_t)words[1] << 32 | words[0];
    return (uint64_t)((unsigned __int128)bits * n >> 64);
}
