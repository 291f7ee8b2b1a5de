/* What goes through each layer, as a few numbers a direction: sums with signs that depend on the place in the global batch, which a value that is wrong or
 * at a wrong place changes (three of them, since one may be hit by chance), and the sum of squares. The same for the engine's shards and for the reference's
 * one. Private to `train`. */
#ifndef DNN_TRAIN_LOOK_H
#define DNN_TRAIN_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOOK_SIGNED, LOOK_SIGNS = 3, LOOK_SQUARES = LOOK_SIGNED + LOOK_SIGNS, LOOK_NUMBERS };

static inline size_t look_at(size_t layer, bool backward) { return (2 * layer + backward) * LOOK_NUMBERS; }
static inline size_t look_width(size_t layers) { return look_at(layers, false); }

/* Hashed (finalizer of splitmix64, Steele et al. 2014); each bit is a sign. */
static inline uint64_t look_signs(uint64_t place)
{
    uint64_t z = (place + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline void look_add(double *sums, uint64_t place, double value)
{
    const uint64_t signs = look_signs(place);
    for (int i = 0; i < LOOK_SIGNS; i++) sums[LOOK_SIGNED + i] += signs >> i & 1 ? value : -value;
    sums[LOOK_SQUARES] += value * value;
}

#endif
