/* A permutation that is computed, not stored: a Feistel network over the smallest even number of bits that holds n, and
 * cycle walking for what falls outside (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002). */
#include "dnn/base/random.h"

/* Below 2^8 values a Feistel network favours some orders (its rounds are even permutations): counted over 200,000 keys,
 * the orders of 5 items were 5 % uneven in a domain of 16 and as even as chance in one of 256. */
enum { ROUNDS = 8, LEAST_HALF_BITS = 4, PIECE = 64 };

static int half_bits(uint64_t n)
{
    int bits = LEAST_HALF_BITS;
    while (bits < 32 && ((n - 1) >> 2 * bits) != 0) bits++;
    return bits;
}

/* Any function makes a Feistel network a permutation; this one must mix every bit of half and key into the high word.
 * Multipliers of Philox2x64 and Philox4x64. */
static uint32_t mix(uint32_t half, uint32_t key, uint64_t round)
{
    uint64_t x = ((uint64_t)key << 32 | half) + round;
    x *= UINT64_C(0xD2B74407B1CE6E93);
    x ^= x >> 32;
    x *= UINT64_C(0xCA5A826395121157);
    return (uint32_t)(x >> 32);
}

typedef struct network { uint32_t keys[ROUNDS]; int bits; uint32_t mask; } network;

static network network_of(const dnn_stream *stream, uint64_t epoch, uint64_t n)
{
    network f = { .bits = half_bits(n) };
    f.mask = UINT32_MAX >> (32 - f.bits);
    dnn_random_block(stream, epoch, 0, f.keys);
    dnn_random_block(stream, epoch, 1, f.keys + 4);
    return f;
}

static inline uint64_t once(const network *f, uint64_t position)
{
    uint32_t left = (uint32_t)(position >> f->bits) & f->mask, right = (uint32_t)position & f->mask;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        const uint32_t next = left ^ (mix(right, f->keys[round], round) & f->mask);
        left = right;
        right = next;
    }
    return (uint64_t)left << f->bits | right;
}

uint64_t dnn_shuffle_at(const dnn_stream *stream, uint64_t epoch, uint64_t n, uint64_t position)
{
    const network f = network_of(stream, epoch, n);
    do position = once(&f, position);
    while (position >= n); /* ends: the walk is on a cycle that holds the start, which lies below n */
    return position;
}

/* Positions that still walk are kept together, so that the network stays a loop over many of them, which is vectorized: the rounds of
 * one position wait for each other. */
static void shuffle_piece(const network *f, uint64_t n, uint64_t first, size_t count, uint64_t *out)
{
    uint64_t walking[PIECE];
    size_t place[PIECE];
    for (size_t i = 0; i < count; i++) {
        walking[i] = first + i;
        place[i] = i;
    }
    while (count > 0) {
        size_t left = 0;
        for (size_t i = 0; i < count; i++) walking[i] = once(f, walking[i]);
        for (size_t i = 0; i < count; i++) {
            out[place[i]] = walking[i];
            walking[left] = walking[i];
            place[left] = place[i];
            left += walking[i] >= n;
        }
        count = left;
    }
}

void dnn_shuffle_span(const dnn_stream *stream, uint64_t epoch, uint64_t n, uint64_t first, size_t count, uint64_t *out)
{
    const network f = network_of(stream, epoch, n);
    for (size_t i = 0; i < count; i += PIECE) shuffle_piece(&f, n, first + i, count - i < PIECE ? count - i : PIECE, out + i);
}
