/* Of what was called positive, the share that is: tp / (tp + fp). */
#include "nn/metrics/threshold_counts.h"

static void update(const void *q, const dnn_loss_pass *p, dnn_target target, double *state)
{
    threshold_counts_update(q, p, target, FALSE_POSITIVES, state);
}

const dnn_metric_kind dnn_metric_precision = {
    .kind = { .name = "precision", .help = "share of what was called positive that is: tp / (tp + fp)", .params_size = sizeof(threshold_counts),
              DNN_PARAMS(threshold_counts_params), .keras = "Precision", .encode = threshold_counts_encode },
    .larger_is_better = true, .state = threshold_counts_state, .check = threshold_counts_check, .update = update,
    .result = threshold_counts_result, .table_by = "threshold", .table_rows = threshold_counts_table_rows, .table = threshold_counts_table,
};
