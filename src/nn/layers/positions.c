#include "nn/layers/positions.h"

#include <math.h>

#include "dnn/base/failpoint.h"

enum { PIECE = 256 };  /* elements at once; a multiple of the 4 words of a block */

void positions_mask(const dnn_layer *l, const dnn_pass *p, size_t units, double rate, real kept, real dropped, real *mask)
{
    const dnn_stream stream = { .seed = p->seed, .purpose = DNN_FOR_DROPOUT, .item = (uint32_t)l->number };
    /* u >= rate for u of 24 bits, asked of the bits themselves: the same answer in both precisions. */
    const uint32_t least = (uint32_t)ceil(rate * 0x1p+24);
    uint64_t first = (DNN_PLANT(same_masks_everywhere) ? 0 : p->first_row) * units;
    size_t n = p->capacity * units;
    uint32_t words[PIECE];
    while (n > 0) {
        const size_t skip = first % 4, count = n < PIECE - skip ? n : PIECE - skip;
        dnn_random_blocks(&stream, p->step, first / 4, (skip + count + 3) / 4, words);
        for (size_t i = 0; i < count; i++) mask[i] = words[skip + i] >> 8 >= least ? kept : dropped;
        first += count;
        mask += count;
        n -= count;
    }
}
