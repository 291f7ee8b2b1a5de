/** Metrics, as sums that add over rows, shards and ranks: counts are whole numbers in doubles, exact to 2^53. */
#ifndef DNN_NN_METRIC_H
#define DNN_NN_METRIC_H

#include "dnn/nn/loss.h"

typedef struct dnn_metric_kind {
    dnn_kind kind;
    bool larger_is_better;
    /** Doubles of state for outputs of `units` (last axis); all zero is the empty state; states merge by addition. NULL: 2. */
    size_t (*state)(const void *params, size_t units);
    /** Whether targets of that kind can be used with such outputs; NULL: any. */
    bool (*accepts)(const void *params, dnn_target target, size_t units);
    /** What rows cannot say: DNN_E_CONFIG with a text that begins with the key. NULL: nothing. */
    dnn_status (*check)(const void *params, size_t units);
    /** Adds the rows of `pass` (y, target, weight; target one class a row if `target` says so). */
    void (*update)(const void *params, const dnn_loss_pass *pass, dnn_target target, double *state);
    /** NULL: state[0] / state[1], a mean over rows. */
    double (*result)(const void *params, size_t units, const double *state);
    /** More than one number, for `evaluate`: a value for each class, threshold … whose mean the result is (one column, called
     * <metric>_by_<table_by>), or, with `table_only`, all there is (a confusion matrix). Rows, 0 where these parameters make
     * no table; NULL: never. */
    size_t (*table_rows)(const void *params, size_t units, size_t *columns);
    /** values [rows, columns] */
    void (*table)(const void *params, size_t units, const double *state, double *values);
    const char *table_by;  /**< "class" */
    bool table_only;       /**< no single result, hence no column in the history */
} dnn_metric_kind;

/** The kinds of its own list, each one file under src/nn/metrics/, and behind them every loss: as a metric, a loss is its mean over rows,
 * always computed from the output; one that is a single value of the whole batch is that value of all rows. A component of this family is used through the functions below, which know the difference. */
extern dnn_family dnn_metrics;

size_t dnn_metric_state(const dnn_component *metric, size_t units);
bool dnn_metric_accepts(const dnn_component *metric, dnn_target target, size_t units);
/** Parameters against the output; DNN_E_CONFIG with a text that begins with the key. */
dnn_status dnn_metric_check(const dnn_component *metric, size_t units);
void dnn_metric_update(const dnn_component *metric, const dnn_loss_pass *pass, dnn_target target, double *state);
/** NaN where no row has been seen. */
double dnn_metric_result(const dnn_component *metric, size_t units, const double *state);
/** False: it has but a table. */
bool dnn_metric_has_result(const dnn_component *metric);
/** Rows of its table, 0 where it has none. */
size_t dnn_metric_table_rows(const dnn_component *metric, size_t units, size_t *columns);
/** What the table's rows are ("class"), NULL where the table is all there is. */
const char *dnn_metric_table_by(const dnn_component *metric);
/** values [rows, columns] */
void dnn_metric_table(const dnn_component *metric, size_t units, const double *state, double *values);
/** Whether a kind of dnn_metrics grows as a model gets better. */
bool dnn_metric_larger_is_better(const dnn_kind *kind);

#endif
