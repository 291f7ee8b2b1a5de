#include "data/legacy_random.h"

#include <math.h>

enum { MIDDLE = 397 };

void dnn_legacy_seed(dnn_legacy_random *random, uint32_t seed)
{
    for (uint32_t i = 0; i < DNN_LEGACY_WORDS; i++) {
        random->key[i] = seed;
        seed = 1812433253u * (seed ^ (seed >> 30)) + i + 1;
    }
    random->position = DNN_LEGACY_WORDS;
    random->has_gauss = false;
    random->gauss = 0.0;
}

static void twist(uint32_t *key)
{
    for (size_t i = 0; i < DNN_LEGACY_WORDS; i++) {
        const uint32_t y = (key[i] & 0x80000000u) | (key[(i + 1) % DNN_LEGACY_WORDS] & 0x7fffffffu);
        key[i] = key[(i + MIDDLE) % DNN_LEGACY_WORDS] ^ (y >> 1) ^ (-(y & 1u) & 0x9908b0dfu);
    }
}

uint32_t dnn_legacy_bits(dnn_legacy_random *random)
{
    if (random->position == DNN_LEGACY_WORDS) {
        twist(random->key);
        random->position = 0;
    }
    uint32_t y = random->key[random->position++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

double dnn_legacy_sample(dnn_legacy_random *random)
{
    const uint32_t high = dnn_legacy_bits(random) >> 5, low = dnn_legacy_bits(random) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

double dnn_legacy_uniform(dnn_legacy_random *random, double low, double high)
{
    return low + (high - low) * dnn_legacy_sample(random);
}

double dnn_legacy_normal(dnn_legacy_random *random)
{
    if (random->has_gauss) {
        random->has_gauss = false;
        return random->gauss;
    }
    double x1, x2, r2;
    do {
        x1 = 2.0 * dnn_legacy_sample(random) - 1.0;
        x2 = 2.0 * dnn_legacy_sample(random) - 1.0;
        r2 = x1 * x1 + x2 * x2;
    } while (r2 >= 1.0 || r2 == 0.0);
    const double f = sqrt(-2.0 * log(r2) / r2);
    random->gauss = f * x1;
    random->has_gauss = true;
    return f * x2;
}

uint64_t dnn_legacy_interval(dnn_legacy_random *random, uint64_t max)
{
    if (max == 0) return 0;
    uint64_t mask = max;
    for (int shift = 1; shift <= 32; shift *= 2) mask |= mask >> shift;
    for (;;) {
        uint64_t value = dnn_legacy_bits(random);
        /* Only ranges beyond 32 bits take a second word: the stream's position depends on it. */
        if (max > 0xffffffffu) value = value << 32 | dnn_legacy_bits(random);
        value &= mask;
        if (value <= max) return value;
    }
}

void dnn_legacy_shuffle(dnn_legacy_random *random, size_t *values, size_t count)
{
    for (size_t i = count; i-- > 1;) {
        const size_t j = dnn_legacy_interval(random, i), moved = values[j];
        values[j] = values[i];
        values[i] = moved;
    }
}
