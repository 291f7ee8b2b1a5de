/* What the losses share. */
#ifndef DNN_NN_LOSSES_H
#define DNN_NN_LOSSES_H

#include "dnn/nn/loss.h"

/* Keras's epsilon: probabilities are kept this far from 0 and 1. */
#define LOSS_EPSILON 1e-7

static inline double row_weight(const dnn_loss_pass *p, size_t row)
{
    return p->weight ? (double)p->weight[row / p->per_sample] : 1.0;
}

/* One element's loss and its derivative by y. */
typedef struct element { real value, slope; } element;
typedef element element_loss(const void *q, real y, real target); /* q: the loss's parameters */

enum { ELEMENTS_AT_ONCE = 256 };

/* Losses that are means over the last axis of a function of one output and one target. Inlined with its function, so that a loss is
 * that function and a loop that vectorizes across rows; the sums follow in double and in order. */
__attribute__((always_inline)) static inline double eval_elements(const void *q, const dnn_loss_pass *p, const real *y,
                                                                  element_loss *loss)
{
    real value[ELEMENTS_AT_ONCE], slope[ELEMENTS_AT_ONCE];
    const size_t total = p->rows * p->units;
    size_t row = 0, column = 0;
    double sum = 0, in_row = 0;
    for (size_t first = 0; first < total; first += ELEMENTS_AT_ONCE) {
        const size_t n = total - first < ELEMENTS_AT_ONCE ? total - first : ELEMENTS_AT_ONCE;
        for (size_t i = 0; i < n; i++) {
            const element e = loss(q, y[first + i], p->target[first + i]);
            value[i] = e.value;
            slope[i] = e.slope;
        }
        for (size_t i = 0; i < n; i++) {
            const double weight = row_weight(p, row) / (double)p->units;
            in_row += (double)value[i];
            if (p->dy) p->dy[first + i] = (real)(weight * p->scale * (double)slope[i]);
            if (++column < p->units) continue;
            sum += weight * in_row;
            in_row = 0;
            column = 0;
            row++;
        }
    }
    return sum;
}

/* A loss of that form: one file needs its function f(q, y, target) and a descriptor. */
#define ELEMENT_LOSS_EVAL(f) \
    static double eval(const void *q, const dnn_loss_pass *p) { return eval_elements(q, p, p->y, f); }

#endif
