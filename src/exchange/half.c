/* Half precision: IEEE 754 binary16, five bits of exponent and ten of fraction. */
#include "dnn/exchange/export.h"

#include <math.h>
#include <string.h>

/* Rounding is that of a product with a power of two whose unit in the last place is the one wanted: exact arithmetic of
 * the processor, ties to even. */
uint16_t dnn_half_bits(float value)
{
    const uint16_t sign = signbit(value) ? 0x8000 : 0;
    const double size = fabs((double)value);
    if (value != value) return sign | 0x7e00;
    if (size < 0x1p-14) return sign | (uint16_t)nearbyint(size * 0x1p24);
    if (size >= 65520) return sign | 0x7c00;
    int exponent;
    const double fraction = frexp(size, &exponent); /* in [1/2, 1) */
    /* A fraction rounded up to 2048 carries into the exponent, as the layout of the bits wants it. */
    return sign | (uint16_t)(((exponent + 13) << 10) + (int)nearbyint(fraction * 2048));
}

float dnn_half_value(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    float size = exponent == 31 ? (fraction ? NAN : INFINITY)
                 : exponent     ? ldexpf((float)(1024 + fraction), exponent - 25)
                                : ldexpf((float)fraction, -24);
    return bits >> 15 ? -size : size;
}

dnn_status dnn_round_to_half(const dnn_graph *graph, float *weights)
{
    for (size_t s = 0; s < graph->segments.count; s++) {
        const dnn_segment *g = &graph->segments.at[s];
        if (!g->weight) continue; /* a variance may be of any size */
        for (size_t i = g->offset; i < g->offset + g->length; i++) {
            const float rounded = dnn_half_value(dnn_half_bits(weights[i]));
            if (isinf(rounded) && !isinf(weights[i]))
                return dnn_fail(DNN_E_MODEL, "weight '%s' holds %g: half precision ends at 65504", g->name, (double)weights[i]);
            weights[i] = rounded;
        }
    }
    return DNN_OK;
}
