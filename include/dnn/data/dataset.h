/** The data of a run: sources read once per team into shared memory, bytes staying bytes; parts as lists of rows;
 * scaling and conversion in the gather. */
#ifndef DNN_DATA_DATASET_H
#define DNN_DATA_DATASET_H

#include "dnn/comm/team.h"
#include "dnn/data/config.h"
#include "dnn/math/shape.h"

typedef enum dnn_part { DNN_TRAIN, DNN_VALIDATION, DNN_TEST, DNN_PARTS } dnn_part;

typedef struct dnn_dataset dnn_dataset;

typedef struct dnn_array_info {
    char name[64];   /**< input or output name; "x"/"y" where the source has none */
    dnn_shape shape; /**< of one sample */
    bool labels;     /**< targets only: one whole number from 0 to 65535 in every row, not scaled. A loss may still take
                          them as values */
    size_t classes;  /**< labels: largest + 1 over all parts, after `classes:` */
    char largest_at[192]; /**< labels: where the largest stands, for messages: "t10k-labels.gz: test row 17"; "" after
                               `classes:` */
    char not_labels[192]; /**< targets without `labels`: why, for messages: "prices.csv: training row 3 is 2.5" */
} dnn_array_info;

/** Reads, splits, selects, fits scalers. Collective over the team's comm, errors agreed: DNN_E_DATA names file, row and
 * column; DNN_E_CONFIG the key; DNN_E_RANKS: the teams' files differ. The rank that leads its team does the work, the
 * others see the same memory. Scaling is affine, (x - shift) * factor per feature, fitted in double on the training
 * part alone, by one rank in the order of the rows: no bit depends on the number of ranks. `fitted`: what
 * dnn_dataset_fitted gave (from a model file), taken instead of fitting; needed on leading ranks only; NULL: fit. */
dnn_status dnn_dataset_open(dnn_team *team, const dnn_data_config *config, uint64_t seed, const dnn_node *fitted,
                            dnn_dataset **out);
void dnn_dataset_close(dnn_dataset *ds); /**< Collective */

size_t dnn_dataset_inputs(const dnn_dataset *ds);
size_t dnn_dataset_targets(const dnn_dataset *ds); /**< 0: the source brings none */
const dnn_array_info *dnn_dataset_input(const dnn_dataset *ds, size_t i);
const dnn_array_info *dnn_dataset_target(const dnn_dataset *ds, size_t i);
uint64_t dnn_dataset_rows(const dnn_dataset *ds, dnn_part part);
bool dnn_dataset_weighted(const dnn_dataset *ds); /**< the source has a weight column */
/** Rows of the part with label `c` in target 0, for `class_weights: balanced`; 0 where that has no labels. */
uint64_t dnn_dataset_class_count(const dnn_dataset *ds, dnn_part part, size_t c);
/** Hash of what was read (xxh3 over values, labels, split), equal on all ranks. */
uint64_t dnn_dataset_hash(const dnn_dataset *ds);
/** `data.to_categorical`, for who matches targets with losses. */
dnn_to_categorical dnn_dataset_to_categorical(const dnn_dataset *ds);
/** One line for the start of a run: "fashion_mnist: 55000 train, 5000 validation, 10000 test, [28, 28] uint8, 10
 * classes". */
const char *dnn_dataset_describe(const dnn_dataset *ds);

/** Gathers rows `at` [n] (positions within the part) of input `i` as floats, scaled, into out [n, units]. Local, no
 * allocation, threads may call it side by side. */
void dnn_dataset_gather_input(const dnn_dataset *ds, dnn_part part, const uint64_t *at, size_t n, size_t i, float *out);
/** Bytes of memory that its values and lists take, once for all ranks of a team. */
size_t dnn_dataset_bytes(const dnn_dataset *ds);
/** Whether inputs stay in files (`data.stream`), so that it helps to know ahead which rows will be wanted. */
bool dnn_dataset_streams(const dnn_dataset *ds);
/** These rows will be gathered soon: where inputs stay in files their reading begins, without waiting. Local, as above. */
void dnn_dataset_expect(const dnn_dataset *ds, dnn_part part, const uint64_t *at, size_t n);
/** Targets likewise: labels as whole numbers [n], values scaled [n, units]. */
void dnn_dataset_gather_target(const dnn_dataset *ds, dnn_part part, const uint64_t *at, size_t n, size_t i,
                               float *out);
/** Sample weights [n] (1 without a weight column). */
void dnn_dataset_gather_weight(const dnn_dataset *ds, dnn_part part, const uint64_t *at, size_t n, float *out);

/** What was fitted, for the model file: {features: {x: {kind, units, shift: […], factor: […]}, …}, targets: {…}, fill:
 * […]}, only what is scaled (empty maps where nothing is); lists have one number where all features share it; `fill`:
 * what missing values became, where the source has some; `source`: what the source found that the model depends on
 * (categories: {column: […]} of csv), on leading ranks. NULL when out of memory. Owned by the caller. */
dnn_node *dnn_dataset_fitted(const dnn_dataset *ds);
/** Undoes target scaling in place on predictions [n, units] of target `i`; also where the source brings no targets and
 * the scaling came with `fitted`. Nothing happens where it is not scaled. */
void dnn_dataset_unscale_target(const dnn_dataset *ds, size_t i, size_t n, float *values);

#endif
