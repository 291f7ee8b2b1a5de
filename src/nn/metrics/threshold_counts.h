/* Counts at thresholds, for precision and recall: of what is there and was found, and of one kind of error. Private to the metrics.
 *
 * A unit is called positive where its output is above the threshold and, with top_k, among the k largest of its row (of equals the first);
 * it is positive where its target is not 0. State: weight of the rows seen, then for each threshold true positives and errors. */
#ifndef DNN_NN_THRESHOLD_COUNTS_H
#define DNN_NN_THRESHOLD_COUNTS_H

#include "nn/metrics/metrics.h"

typedef struct threshold_counts {
    dnn_numbers thresholds;  /* none: 0.5, or with top_k no threshold */
    double top_k, class_id;  /* NaN: all */
} threshold_counts;

enum { THRESHOLD_COUNTS_PARAMS = 3 };
extern const dnn_param threshold_counts_params[THRESHOLD_COUNTS_PARAMS];

typedef enum counted_error { FALSE_POSITIVES, FALSE_NEGATIVES } counted_error;

size_t threshold_counts_state(const void *params, size_t units);
void threshold_counts_update(const void *params, const dnn_loss_pass *p, dnn_target target, counted_error error, double *state);
dnn_status threshold_counts_check(const void *params, size_t units);
/* true positives / (true positives + errors), the mean over the thresholds; 0 where there are neither. */
double threshold_counts_result(const void *params, size_t units, const double *state);
/* That of each threshold, where there are several. */
size_t threshold_counts_table_rows(const void *params, size_t units, size_t *columns);
void threshold_counts_table(const void *params, size_t units, const double *state, double *values);
/* Keras writes null where there are no thresholds and a number where there is one, and indexes with whole numbers. */
dnn_status threshold_counts_encode(const void *params, dnn_node *config);

#endif
