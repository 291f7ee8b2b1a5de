/** Floats with 8 bits of mantissa, in the upper half of a float. */
#ifndef DNN_COMM_BFLOAT16_H
#define DNN_COMM_BFLOAT16_H

#include <stdint.h>
#include <string.h>

/** To nearest, ties to even. */
static inline uint16_t half_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40); /* NaN stays one */
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float float_of_half(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
