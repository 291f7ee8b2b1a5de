/* Random bits by position: Philox4x32-10 over a counter that is the position. */
#include "dnn/base/random.h"

#include <Random123/philox.h>

/* Counter, from its low end: block 48 bits, step 40, item 24, purpose 8, put together in 32-bit words so that
 * no two positions share a counter. The key is the seed. Part of the format of a training: never change. */
static inline philox4x32_ctr_t counter_of(const dnn_stream *stream, uint64_t step, uint64_t block)
{
    return (philox4x32_ctr_t){ {
        (uint32_t)block,
        (uint32_t)(block >> 32 & 0xFFFF) | (uint32_t)(step >> 32 & 0xFF) << 16,
        (uint32_t)step,
        (stream->item & 0xFFFFFF) | (uint32_t)stream->purpose << 24,
    } };
}

static inline philox4x32_key_t key_of(const dnn_stream *stream)
{
    return (philox4x32_key_t){ { (uint32_t)stream->seed, (uint32_t)(stream->seed >> 32) } };
}

void dnn_random_block(const dnn_stream *stream, uint64_t step, uint64_t block, uint32_t out[4])
{
    const philox4x32_ctr_t words = philox4x32(counter_of(stream, step, block), key_of(stream));
    for (int i = 0; i < 4; i++) out[i] = words.v[i];
}

/* The four words of the counters of many blocks, word by word. In this shape the rounds are loops over blocks that the compiler turns into
 * vector code; Random123's own function in a loop is vectorized too, but a quarter slower, and with as few as 16
 * blocks gcc takes the rounds apart first. */
enum { LANES = 64, ROUNDS = 10 };
typedef struct lanes { uint32_t word[4][LANES]; } lanes;

static inline void fill_counters(const dnn_stream *stream, uint64_t step, uint64_t first, size_t n, lanes *l)
{
    for (size_t i = 0; i < n; i++) {
        const philox4x32_ctr_t counter = counter_of(stream, step, first + i);
        for (int w = 0; w < 4; w++) l->word[w][i] = counter.v[w];
    }
}

/* One round: Salmon et al. 2011, section 3.3. */
static inline void one_round(philox4x32_key_t key, size_t n, lanes *l)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t p = (uint64_t)PHILOX_M4x32_0 * l->word[0][i], q = (uint64_t)PHILOX_M4x32_1 * l->word[2][i];
        l->word[0][i] = (uint32_t)(q >> 32) ^ l->word[1][i] ^ key.v[0];
        l->word[1][i] = (uint32_t)q;
        l->word[2][i] = (uint32_t)(p >> 32) ^ l->word[3][i] ^ key.v[1];
        l->word[3][i] = (uint32_t)p;
    }
}

void dnn_random_blocks(const dnn_stream *stream, uint64_t step, uint64_t first, size_t n, uint32_t *restrict out)
{
    lanes l;
    while (n > 0) {
        const size_t count = n < LANES ? n : LANES;
        philox4x32_key_t key = key_of(stream);
        fill_counters(stream, step, first, count, &l);
        for (int round = 0; round < ROUNDS; round++) {
            one_round(key, count, &l);
            key.v[0] += PHILOX_W32_0;
            key.v[1] += PHILOX_W32_1;
        }
        for (size_t i = 0; i < count; i++)
            for (int w = 0; w < 4; w++) out[4 * i + (size_t)w] = l.word[w][i];
        first += count;
        n -= count;
        out += 4 * count;
    }
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
