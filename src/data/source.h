/** What every source of data looks like to the data set. A source is one file in sources/ with one descriptor
 * `const dnn_source_kind dnn_source_<name>` and one line `X(<name>)` in sources/kinds.def.
 *
 * All of it is Local. Only the rank that leads its team opens and reads; the data set hands the values to the other
 * ranks through the team's shared window, and agrees on failures. A source must bring the same rows whenever it is
 * opened with the same parameters. Bytes stay bytes: scaling and conversion to float belong to the gather. */
#ifndef DNN_DATA_SOURCE_H
#define DNN_DATA_SOURCE_H

#include "dnn/base/param.h"
#include "dnn/data/dataset.h"

/** Inputs or targets of one source at most; sources refuse more. */
enum { DNN_SOURCE_ARRAYS = 8 };

/** How a value lies in memory. */
typedef enum dnn_value { DNN_VALUE_UINT8, DNN_VALUE_INT32, DNN_VALUE_FLOAT } dnn_value;

typedef struct dnn_source_array {
    char name[64];   /**< input or output name; "x" and "y" where the source has none */
    dnn_shape shape; /**< of one row; rank 0: a single number */
    dnn_value type;
    bool labels;      /**< targets only: classes for sure (others count as labels when all their values are whole) */
    char origin[256]; /**< file and data set, for messages: "train.h5:/x"; "" where the source is made inside */
} dnn_source_array;

/** What `open` finds; zeroed by the caller but for `known`. No pointers into other ranks: the struct travels as it is, except for the
 * borrowed lists, which stay with the leader. */
typedef struct dnn_source_info {
    uint64_t rows[DNN_PARTS]; /**< what the source itself calls train, validation, test; 0: does not bring it */
    size_t n_x, n_y;          /**< n_x >= 1; n_y 0: no targets */
    dnn_source_array x[DNN_SOURCE_ARRAYS], y[DNN_SOURCE_ARRAYS];
    bool weighted;           /**< brings sample weights */
    bool fills;              /**< NaN in x stands for a missing value: the training part's mean is put there */
    size_t n_columns;        /**< names of the features of x[0]; 0: they have none */
    char *const *columns;    /**< [n_columns], borrowed until close */
    const uint64_t *numbers; /**< [rows[DNN_TRAIN]] number in the file of each row where some were left out, ascending;
                                  NULL: 0, 1, 2, … Borrowed until close */
    uint64_t file_rows;      /**< rows of the file that `numbers` counts in */
    const dnn_node *known;   /**< what the source found where the model was trained, to be taken instead; NULL: nothing */
    const dnn_node *found;   /**< a map for the model file: what values mean (codes of categories); NULL: nothing. Borrowed until
                                  close */
} dnn_source_info;

typedef struct dnn_source_kind {
    dnn_kind kind; /**< first, so that a dnn_kind of the family is a dnn_source_kind */
    /** Finds out sizes and types and checks what can be checked without reading all; DNN_E_DATA (a file) or
     * DNN_E_CONFIG (a parameter) name the place and what would be right. `state` is the source's own, freed by close;
     * where open fails it has freed everything itself. */
    dnn_status (*open)(const void *params, dnn_source_info *info, void **state);
    /** Rows [first, first + rows) of a part, row-major: x[i] and y[i] are arrays of [rows, units] values of the type
     * that info says, `weight` [rows] (NULL unless info->weighted). Any range within the part, any order of calls.
     * DNN_E_DATA names file, row and column; NaN, Inf and labels out of range are looked for by the data set as well.
     * Where there is a `place`, x[i] may be NULL: not wanted. */
    dnn_status (*read)(void *state, dnn_part part, uint64_t first, size_t rows, void *const *x, void *const *y,
                       float *weight);
    void (*close)(void *state);
    /** Where a file has the rows of x[i] of a part just as `read` would bring them, so that they can be used where they are: the byte
     * they begin at; 0: they lie otherwise. `*path` is borrowed until close. NULL: never. */
    uint64_t (*place)(void *state, dnn_part part, size_t i, const char **path);
} dnn_source_kind;

static inline size_t dnn_value_size(dnn_value type) { return type == DNN_VALUE_UINT8 ? 1 : 4; }

#endif
