/* What `verify` compares and how far it may differ. Lines are kept in the order in which a step comes to the quantities; of each the first
 * step at which it differs, else the worst.
 * Private to `train`. Local. */
#ifndef DNN_TRAIN_COMPARISON_H
#define DNN_TRAIN_COMPARISON_H

#include "dnn/train/verify.h"

typedef struct comparison_line {
    dnn_verify_line shown;
    double largest;       /* response of the reference to a wobble of its inputs, of the step under way */
} comparison_line;

typedef struct comparison {
    comparison_line *lines; size_t count, room;
    uint64_t step;        /* under way, from 1 */
} comparison;

dnn_status comparison_create(size_t room, comparison *c);
void comparison_destroy(comparison *c);
/* The line of that quantity and name, made at the first call; both borrowed. */
size_t comparison_line_of(comparison *c, const char *quantity, const char *name);
void comparison_begin_step(comparison *c, uint64_t step);
/* How far `wobbled` is from `reference` widens the line's tolerance at this step. */
void comparison_wobble(comparison *c, size_t line, size_t n, const double *reference, const double *wobbled);
/* Likewise by an absolute amount: what is left of sums that cancel. */
void comparison_allow(comparison *c, size_t line, double rounding);
/* The engine's numbers against the reference's; `scale` > 0: magnitude that differences are seen against, else the largest of the reference. */
void comparison_floats(comparison *c, size_t line, size_t n, const float *engine, const double *reference);
void comparison_doubles(comparison *c, size_t line, size_t n, const double *engine, const double *reference, double scale);
/* Against the engine on one worker, to the bit. */
void comparison_bits_floats(comparison *c, size_t line, size_t n, const float *engine, const float *alone);
void comparison_bits_doubles(comparison *c, size_t line, size_t n, const double *engine, const double *alone);
/* Something that either is or is not. */
void comparison_verdict(comparison *c, size_t line, bool agrees);
/* The first line of the first step at which one does not agree; NULL: all do. */
const dnn_verify_line *comparison_first(const comparison *c);

#endif
