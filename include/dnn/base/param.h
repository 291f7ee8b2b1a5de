/** Parameter rows: one row per thing that can be written, with key, type, default, range and help. The same rows
 * read the run file, check it, print `list`, write the effective run file and the model file, and make
 * the reference in docs. No second table of names exists. Local.
 *
 * A component is a name, or a map of its name to its parameters: `relu`, `{leaky_relu: {negative_slope: 0.1}}`;
 * a lone value in place of the parameters is the first one: `{divide: 255}`, `{activation: softmax}`.
 * A family is the list of components of one kind (layers, losses, …). */
#ifndef DNN_BASE_PARAM_H
#define DNN_BASE_PARAM_H

#include "dnn/base/node.h"

typedef struct dnn_param dnn_param;
typedef struct dnn_family dnn_family;

/** The head of every descriptor: layer, loss, optimizer … kinds begin with it. */
typedef struct dnn_kind {
    const char *name;        /**< as written in a run file, e.g. "batch_normalization" */
    const char *help;        /**< one line: what it does, with the formula's source */
    size_t params_size;      /**< of the struct that the rows fill; 0 when there are no parameters */
    const dnn_param *params;
    size_t n_params;
    const char *keras;       /**< Keras's class_name, NULL where Keras has none */
    /** Where Keras's config differs from the rows: `encode` adjusts in place the Keras config map that was written from the rows of `params`,
     * `decode` the parameter map that was translated from Keras's `config` key by key (unknown keys included, which it may rename or
     * drop). NULL: rows and config agree. */
    dnn_status (*encode)(const void *params, dnn_node *config);
    dnn_status (*decode)(const dnn_node *config, dnn_node *params);
} dnn_kind;

/** A chosen kind with its parameters. Owned parts are freed by dnn_component_clear. */
typedef struct dnn_component {
    const dnn_kind *kind;    /**< NULL: none chosen */
    void *params;            /**< struct of kind->params_size, owned; NULL when that is 0 */
    void *common;            /**< struct of the family's common_size (e.g. a layer's name), owned */
    const dnn_family *family;
    dnn_place place;
} dnn_component;

struct dnn_family {
    const char *name;              /**< "layer": in messages and `list layer` */
    const dnn_kind *const *kinds;  /**< in the order of the family's list */
    size_t count;
    const char *number_kind;       /**< kind meant by a bare number (`learning_rate: 0.1`), or NULL */
    const dnn_param *common;       /**< rows that every member takes beside its own, e.g. `name` */
    size_t n_common, common_size;
    const dnn_kind **grown;        /**< `kinds` once members were added, owned; NULL before */
    const dnn_kind *const *own;    /**< what `kinds` was then */
    size_t own_count;
};

typedef struct dnn_strings { char **at; size_t count; } dnn_strings;          /**< owned */
typedef struct dnn_numbers { double *at; size_t count; } dnn_numbers;         /**< owned */
typedef struct dnn_components { dnn_component *at; size_t count; } dnn_components; /**< owned */

typedef enum dnn_param_type {
    DNN_PARAM_BOOL,       /**< bool */
    DNN_PARAM_INT,        /**< int64_t */
    DNN_PARAM_SIZE,       /**< size_t; range defaults to ">= 0" */
    DNN_PARAM_REAL,       /**< double; NaN where the default is "null" and nothing was written */
    DNN_PARAM_STRING,     /**< char *, owned; NULL where null */
    DNN_PARAM_CHOICE,     /**< int: index into the range "valid|same" */
    DNN_PARAM_STRINGS,    /**< dnn_strings; one string stands for a list of one */
    DNN_PARAM_NUMBERS,    /**< dnn_numbers; one number stands for a list of one */
    DNN_PARAM_COMPONENT,  /**< dnn_component of `family`; kind NULL where null */
    DNN_PARAM_COMPONENTS, /**< dnn_components of `family`; one component stands for a list of one */
    DNN_PARAM_SECTION,    /**< nested struct read by `rows`: a fixed part of the run file, e.g. `checkpoint` */
    DNN_PARAM_NODE        /**< dnn_node *, owned copy as written; its reader checks it. NULL where absent */
} dnn_param_type;

struct dnn_param {
    const char *key;
    dnn_param_type type;
    size_t offset;
    const char *preset;       /**< default as written in a run file; NULL: must be given; "null": none */
    const char *range;        /**< "[0, 1)", "> 0", ">= 1", "valid|same"; NULL: any */
    const char *help;         /**< one line, with the unit */
    const dnn_family *family; /**< COMPONENT(S); NODE: family of the list's items, for overrides by path */
    const dnn_param *rows;    /**< SECTION */
    size_t n_rows;
};

/* Row makers: DNN_REAL(dropout, rate, "0.5", "[0, 1)", "fraction of inputs zeroed while training") */
#define DNN_ROW(T, S, f, preset_, range_, help_) \
    { .key = #f, .type = T, .offset = offsetof(S, f), .preset = preset_, .range = range_, .help = help_ }
#define DNN_BOOL(S, f, preset, help) DNN_ROW(DNN_PARAM_BOOL, S, f, preset, NULL, help)
#define DNN_INT(S, f, preset, range, help) DNN_ROW(DNN_PARAM_INT, S, f, preset, range, help)
#define DNN_SIZE(S, f, preset, range, help) DNN_ROW(DNN_PARAM_SIZE, S, f, preset, range, help)
#define DNN_REAL(S, f, preset, range, help) DNN_ROW(DNN_PARAM_REAL, S, f, preset, range, help)
#define DNN_STRING(S, f, preset, help) DNN_ROW(DNN_PARAM_STRING, S, f, preset, NULL, help)
#define DNN_CHOICE(S, f, preset, choices, help) DNN_ROW(DNN_PARAM_CHOICE, S, f, preset, choices, help)
#define DNN_STRINGS(S, f, preset, help) DNN_ROW(DNN_PARAM_STRINGS, S, f, preset, NULL, help)
#define DNN_NUMBERS(S, f, preset, range, help) DNN_ROW(DNN_PARAM_NUMBERS, S, f, preset, range, help)
#define DNN_NODE(S, f, preset, help) DNN_ROW(DNN_PARAM_NODE, S, f, preset, NULL, help)
#define DNN_COMPONENT(S, f, family_, preset_, help_) \
    { .key = #f, .type = DNN_PARAM_COMPONENT, .offset = offsetof(S, f), .preset = preset_, .help = help_, .family = family_ }
#define DNN_COMPONENTS(S, f, family_, preset_, help_) \
    { .key = #f, .type = DNN_PARAM_COMPONENTS, .offset = offsetof(S, f), .preset = preset_, .help = help_, .family = family_ }
#define DNN_SECTION(S, f, rows_, preset_, help_) \
    { .key = #f, .type = DNN_PARAM_SECTION, .offset = offsetof(S, f), .preset = preset_, .help = help_, \
      .rows = rows_, .n_rows = sizeof rows_ / sizeof *rows_ }
/** In a kind: `.kind = { .name = "dropout", .help = …, .params_size = sizeof(dropout), DNN_PARAMS(params) }` */
#define DNN_PARAMS(rows) .params = rows, .n_params = sizeof rows / sizeof *rows

/** Reads the map `node` (NULL or a null node: all defaults) into `dest`, a zeroed struct. Unknown, missing,
 * ill-typed and out-of-range keys fail with DNN_E_CONFIG and the place, key, value and what would be right,
 * an unknown key with the nearest valid name; `path` is what the message calls the map ("dropout").
 * On failure everything read so far is released and `dest` is zeroed. */
dnn_status dnn_params_read(const dnn_param *rows, size_t count, const char *path, const dnn_node *node, void *dest);
/** Frees what the rows own in `dest` and zeroes those fields. */
void dnn_params_clear(const dnn_param *rows, size_t count, void *dest);
/** The map that reads back to `source`, defaults included; NULL when out of memory. */
dnn_node *dnn_params_write(const dnn_param *rows, size_t count, const void *source);
dnn_status dnn_params_copy(const dnn_param *rows, size_t count, const void *from, void *to);
/** The row of `key`, or NULL. */
const dnn_param *dnn_params_find(const dnn_param *rows, size_t count, const char *key);

/** Reads a component of `family` from its name, a map of its name to its parameters, or (where the family has a
 * number_kind) a number. */
dnn_status dnn_component_read(const dnn_family *family, const dnn_node *node, dnn_component *out);
/** By name with default parameters; fails with DNN_E_CONFIG and the nearest name. */
dnn_status dnn_component_make(const dnn_family *family, const char *name, dnn_component *out);
dnn_status dnn_component_copy(const dnn_component *from, dnn_component *to);
void dnn_component_clear(dnn_component *component);
/** The node that reads back to it: a bare name where it has no parameters, else a map of the name to all
 * parameters with their values. */
dnn_node *dnn_component_write(const dnn_component *component);
/** Adds a member, borrowed for the life of the program: a descriptor of the family's own type (dnn_layer_kind …) seen as its head. Before
 * any component is read; not while others read the family. DNN_E_CONFIG where the name is taken or the descriptor is not whole. */
dnn_status dnn_family_add(dnn_family *family, const dnn_kind *kind);
/** Back to the members that the family was built with. */
void dnn_family_forget(dnn_family *family);
/** The kind of that name, or NULL. */
const dnn_kind *dnn_family_find(const dnn_family *family, const char *name);
/** The kind of that Keras class_name, or NULL. */
const dnn_kind *dnn_family_find_keras(const dnn_family *family, const char *class_name);

/** Sets `value` (taken over in every case) at `path` ("training.optimizer.sgd.learning_rate") in the tree `root`,
 * whose shape the rows describe: a component written as a bare name becomes a map where a key goes below
 * it, naming another component than the one written fails and shows how to replace it whole; positions in
 * lists count from 0; unknown keys fail with the nearest name. `value` NULL deletes the key. */
dnn_status dnn_params_override(const dnn_param *rows, size_t count, dnn_node *root, const char *path, dnn_node *value);

/** The candidate nearest to `word` by edit distance, or NULL where none is near enough to suggest. */
const char *dnn_nearest(const char *word, const char *const *candidates, size_t count);

#endif
