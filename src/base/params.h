/* What the files about parameter rows share. Private to base. */
#ifndef DNN_BASE_PARAMS_H
#define DNN_BASE_PARAMS_H

#include "dnn/base/param.h"

enum { DNN_CHOICE_TEXT = 64, DNN_PATH_TEXT = 512 };

/** Rows that are read from the same map: a kind's own and those common to its family. */
typedef struct dnn_row_set { const dnn_param *rows; size_t count; void *dest; } dnn_row_set;

/** The tree a default stands for. DNN_E_INTERNAL where the row is malformed. */
dnn_status dnn_preset_read(const char *preset, dnn_node **out);

typedef struct dnn_range { double low, high; bool low_open, high_open; } dnn_range;
/** False where the text is no range. */
bool dnn_range_parse(const char *text, dnn_range *out);
bool dnn_range_holds(const dnn_range *range, double value);
/** "must lie in [0, 1)", "must be > 0". */
const char *dnn_range_describe(const char *text, char *out, size_t size);

size_t dnn_choices_count(const char *choices);
const char *dnn_choice_at(const char *choices, size_t index, char *out, size_t size);
int dnn_choice_find(const char *choices, const char *word); /**< -1: none */

/** "a.b", or "b" where `path` is empty. */
const char *dnn_path_join(const char *path, const char *key, char out[DNN_PATH_TEXT]);
/** "'x'; did you mean 'y'?" style ending: writes "; did you mean 'y'?" or "" into out. */
const char *dnn_suggest(const char *word, const char *const *candidates, size_t count, char *out, size_t size);
/** Likewise among the keys of rows, which stand below `path`; a key that belongs further down is shown with its path. */
const char *dnn_suggest_key(const char *path, const char *word, const dnn_row_set *sets, size_t n_sets, char *out, size_t size);

/** Every key of `map` is in one of the sets. */
dnn_status dnn_keys_check(const dnn_row_set *sets, size_t n_sets, const char *path, const dnn_node *map);
/** Reads the rows of one set from `map` (NULL: defaults), other keys left alone. On failure the set is cleared. */
dnn_status dnn_rows_read(const dnn_row_set *set, const char *path, const dnn_node *map);
/** dnn_component_read with the path that messages shall show; NULL: the component's own name. */
dnn_status dnn_component_read_at(const dnn_family *family, const dnn_node *node, const char *path, dnn_component *out);
/** Whether `value` beside a kind's name is its parameters, or else its first parameter alone. */
bool dnn_value_is_params(const dnn_kind *kind, const dnn_family *family, const dnn_node *value);
/** Fails with the nearest name of the family. */
dnn_status dnn_kind_unknown(const dnn_family *family, dnn_place place, const char *path, const char *name);

#endif
