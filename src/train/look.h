/* What goes through each layer, as two numbers a direction: a sum with signs that depend on the place in the global batch, which any value at a wrong
 * place changes, and the sum of squares. The same for the engine's shards and for the reference's one. Private to `train`. */
#ifndef DNN_TRAIN_LOOK_H
#define DNN_TRAIN_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOOK_SIGNED, LOOK_SQUARES, LOOK_NUMBERS };

static inline size_t look_at(size_t layer, bool backward) { return (2 * layer + backward) * LOOK_NUMBERS; }
static inline size_t look_width(size_t layers) { return look_at(layers, false); }

/* A word of hashed bits has the signs of 64 places (finalizer of splitmix64, Steele et al. 2014). */
static inline double look_sign(uint64_t place)
{
    uint64_t z = (place / 64 + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) >> (place % 64) & 1 ? 1.0 : -1.0;
}

#define LOOK_ADD(sums, first_place, n, values)                     \
    for (size_t i_ = 0; i_ < (n); i_++) {                          \
        const double v_ = (double)(values)[i_];                    \
        (sums)[LOOK_SIGNED] += v_ * look_sign((first_place) + i_); \
        (sums)[LOOK_SQUARES] += v_ * v_;                           \
    }

#endif
