/* How far two model files are apart. Private to `cli`. */
#ifndef DNN_CLI_CHECKPOINT_DIFF_H
#define DNN_CLI_CHECKPOINT_DIFF_H

#include <stddef.h>
#include "dnn/base/status.h"

typedef struct float_distance {
    size_t differing;   /* elements whose bits differ; 0 and -0 are equal, NaN and NaN as well */
    double largest;     /* absolute difference; infinite where one side alone is no number */
    double ulps;        /* largest distance in units of the last place */
} float_distance;

float_distance distance_of(const float *a, const float *b, size_t count);
/* Prints a table of tensors, weights first, then the optimizer's moments where both files have them. */
dnn_status checkpoint_diff(const char *a, const char *b);

#endif
