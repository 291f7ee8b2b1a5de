/** Columns of a CSV table as numbers: which ones, how coded, what a missing cell means. Local. */
#ifndef DNN_DATA_CSV_COLUMNS_H
#define DNN_DATA_CSV_COLUMNS_H

#include "dnn/base/node.h"
#include "dnn/io/csv.h"

typedef enum dnn_csv_code { DNN_CSV_NUMBER, DNN_CSV_ORDINAL, DNN_CSV_ONE_HOT } dnn_csv_code;
typedef enum dnn_csv_missing { DNN_CSV_ERROR, DNN_CSV_MEAN, DNN_CSV_DROP } dnn_csv_missing;

typedef struct dnn_csv_column_code {
    size_t at; /**< in the table */
    dnn_csv_code code;
    char **values; /**< the categories in order: number or place in the one-hot code; owned */
    char ***sorted; /**< [n_values] the categories ascending by text, pointing into `values` */
    size_t n_values;
    bool known; /**< they are those that a model was trained on */
} dnn_csv_column_code;

typedef struct dnn_csv_columns {
    dnn_csv_column_code *at;
    size_t count;
} dnn_csv_columns;

/** The columns that `wanted` (a name, a position, negative from the end, or a list of them; NULL: none) names.
 * DNN_E_CONFIG where one is named twice, DNN_E_DATA where there is none of that name; `key` is what messages call the
 * setting. */
dnn_status dnn_csv_columns_pick(const dnn_csv *csv, const char *key, const dnn_node *wanted, dnn_csv_columns *out);
/** All columns of the table but those in `others`. */
dnn_status dnn_csv_columns_rest(const dnn_csv *csv, const dnn_csv_columns *const *others, size_t n_others,
                                dnn_csv_columns *out);
void dnn_csv_columns_clear(dnn_csv_columns *columns);
/** Sets codes from the map {column: one_hot | ordinal | {one_hot: [values]} | {ordinal: [values]}}; without values the
 * categories are those in `known` (a map from columns to lists; NULL: none), else those of the table, ascending (as
 * numbers where all are numbers). The columns are looked for in all `sets`. */
dnn_status dnn_csv_columns_code(const dnn_csv *csv, const dnn_node *categorical, const dnn_node *known,
                                dnn_csv_columns *const *sets, size_t n_sets);
/** The category of a row's cell; DNN_E_DATA names file, line, column, cell and the categories there are. */
dnn_status dnn_csv_category(const dnn_csv *csv, size_t row, const dnn_csv_column_code *column, size_t *out);
void dnn_csv_categories_clear(dnn_csv_column_code *column);
/** Adds the categories of coded columns to `map`, as `known` takes them. */
dnn_status dnn_csv_columns_categories(const dnn_csv *csv, const dnn_csv_columns *columns, dnn_node *map);

/** Numbers a row turns into. */
size_t dnn_csv_columns_width(const dnn_csv_columns *columns);
/** Their names, "column" or "column=value"; [width], each and the list owned by the caller. */
dnn_status dnn_csv_columns_names(const dnn_csv *csv, const dnn_csv_columns *columns, char ***names);
/** Empty, or one of the words that stand for nothing: NA, N/A, nan, null, none, ?; with blanks around them or not. */
bool dnn_csv_is_missing(const char *cell);
bool dnn_csv_columns_miss(const dnn_csv *csv, const dnn_csv_columns *columns, size_t row);
/** Row `row` as numbers [width]; a missing numeric cell is NaN with `missing` DNN_CSV_MEAN and DNN_E_DATA otherwise,
 * naming file, line, column and remedy. */
dnn_status dnn_csv_columns_read(const dnn_csv *csv, const dnn_csv_columns *columns, size_t row, dnn_csv_missing missing,
                                float *out);

#endif
