/* Predictions on their way to a file: CSV or HDF5, written new. Rank 0 alone. */
#ifndef DNN_TRAIN_PREDICT_FILE_H
#define DNN_TRAIN_PREDICT_FILE_H

#include "dnn/base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One column group: "y" [rows, units], or "mean" and "std" of stochastic passes. */
typedef struct prediction { char name[64]; size_t units; const float *values; } prediction;

/* By the ending of `path`: .csv or .h5. Fails with DNN_E_CONFIG on another ending, or where the file exists and `overwrite` is not set. */
dnn_status predict_file_check(const char *path, bool overwrite);
dnn_status predict_file_write(const char *path, uint64_t rows, const prediction *groups, size_t count);

#endif
