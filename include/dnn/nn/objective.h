/** What a training minimizes and reports: a loss for each output with its weight, metrics, and the record they add up in.
 * A record is a vector of doubles that adds over shards, ranks and steps. Local. */
#ifndef DNN_NN_OBJECTIVE_H
#define DNN_NN_OBJECTIVE_H

#include "dnn/nn/graph.h"
#include "dnn/nn/metric.h"

typedef struct dnn_objective dnn_objective;

/** `loss`, `metrics`, `weighted_metrics`, `loss_weights`: nodes as in `training` (a component, or a map from output names to them; NULL: none).
 * Checks that losses fit outputs; errors name the place. `graph` borrowed. */
dnn_status dnn_objective_create(const dnn_graph *graph, const dnn_node *loss, const dnn_node *metrics,
                                const dnn_node *weighted_metrics, const dnn_node *loss_weights, dnn_objective **out);
void dnn_objective_destroy(dnn_objective *objective);
/** What target output `o` takes: kind and units per sample (1 for a class). */
dnn_target dnn_objective_target(const dnn_objective *objective, size_t o, size_t *units);
/** Whether target values of output `o` must lie in [0, 1]. */
bool dnn_objective_wants_probabilities(const dnn_objective *objective, size_t o);
/** Doubles in a record. Place 0 counts samples. */
size_t dnn_objective_record_size(const dnn_objective *objective);
/** Doubles that losses want summed over the global batch before they are evaluated; 0: none, then dnn_objective_sum need not be called. */
size_t dnn_objective_sums(const dnn_objective *objective);
/** Adds the shard's rows to `sums` [dnn_objective_sums]; sums of shards merge by addition. */
void dnn_objective_sum(const dnn_objective *objective, const dnn_shard *shard, const real *const *targets, const real *weight, double *sums);
/** Adds the shard's rows to `record`. `targets` [n_outputs] of [capacity, units]; `weight` [capacity] per sample or NULL; `sums`: those of
 * the global batch, or NULL where the shard is all of it. With `gradient`, also writes the gradients of the weighted sum of losses where dnn_graph_backward reads them.
 * `fused` [n_outputs] out: which gradients are those of logits. */
void dnn_objective_eval(const dnn_objective *objective, dnn_shard *shard, const real *const *targets, const real *weight,
                        const double *sums, bool gradient, double *record);
const bool *dnn_objective_fused(const dnn_objective *objective);
/** Count that the summed gradient is divided by (samples; loss values where an output has more axes are handled inside). */
double dnn_objective_samples(const double *record);
/** Reported values in the order of the history: `loss` (data term), `<out>_loss` with several outputs, then metrics. */
size_t dnn_objective_values(const dnn_objective *objective);
const char *dnn_objective_name(const dnn_objective *objective, size_t value);
void dnn_objective_results(const dnn_objective *objective, const double *record, double *values);
/** Mean over the samples of what layers add to the loss; not in the `loss` above. */
double dnn_objective_penalty(const dnn_objective *objective, const double *record);
/** What metrics have to say beyond one number: <metric>_by_class and the like with one column, <metric> where the table is all there is. */
typedef struct dnn_objective_table { char *name; size_t rows, columns; double *values; /**< [rows, columns] */ } dnn_objective_table;
size_t dnn_objective_tables(const dnn_objective *objective);
/** Fills `out` [dnn_objective_tables]; owned by the caller, also after a failure (dnn_objective_tables_clear). */
dnn_status dnn_objective_fill_tables(const dnn_objective *objective, const double *record, dnn_objective_table *out);
/** Frees what `count` tables hold. */
void dnn_objective_tables_clear(dnn_objective_table *tables, size_t count);
/** The loss, metrics … as the nodes that create it again, defaults included (for run.yaml and model files). */
dnn_status dnn_objective_write(const dnn_objective *objective, dnn_node *training);

#endif
