/** A tree of values: what a run file, a JSON document or a default says, before anyone knows what it
 * means. Readers of text make it (`io`), parameter rows read it (base/param.h) and write it. Every node knows
 * the place it was written at, so that an error can name it. Local. */
#ifndef DNN_BASE_NODE_H
#define DNN_BASE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "dnn/base/status.h"

typedef enum dnn_node_type {
    DNN_NODE_NULL, DNN_NODE_BOOL, DNN_NODE_INT, DNN_NODE_REAL, DNN_NODE_STRING, DNN_NODE_LIST, DNN_NODE_MAP
} dnn_node_type;

typedef struct dnn_place {
    const char *file; /**< borrowed for the life of the program (see dnn_place_intern); NULL: nowhere */
    int line, column; /**< from 1; 0: the file as a whole, or "command line" */
    const char *path; /**< where there is no line to look at: the whole key, "model.layers.2.dropout.rate"; borrowed likewise */
} dnn_place;

typedef struct dnn_node dnn_node;
struct dnn_node {
    dnn_node_type type;
    dnn_place place;
    char *key;        /**< name within the parent map, owned; NULL in lists and at the root */
    dnn_place key_place;
    char *text;       /**< strings: the value; numbers: as written. Owned */
    bool boolean;
    int64_t integer;  /**< DNN_NODE_INT only */
    double real;      /**< DNN_NODE_INT and DNN_NODE_REAL */
    dnn_node **items; /**< children of lists and maps, in the order written, owned */
    size_t count, room;
};

/** Keeps one copy of a file name for the life of the program (freed by dnn_place_forget, for tests); NULL stays NULL: nowhere. */
const char *dnn_place_intern(const char *file);
void dnn_place_forget(void);
/** "run.yaml:12:20", "run.yaml" or "command line" into `out`; returns `out`. */
const char *dnn_place_text(dnn_place place, char *out, size_t size);

/* All creators return NULL when out of memory (failure text kept). The caller owns the result until it
 * is put into a parent. */
dnn_node *dnn_node_null(void);
dnn_node *dnn_node_bool(bool value);
dnn_node *dnn_node_int(int64_t value);
/** The text is the shortest that reads back to the same double; NaN and Inf are spelled .nan, .inf, -.inf. */
dnn_node *dnn_node_real(double value);
dnn_node *dnn_node_string(const char *value);
dnn_node *dnn_node_list(void);
dnn_node *dnn_node_map(void);
dnn_node *dnn_node_copy(const dnn_node *node);
void dnn_node_destroy(dnn_node *node); /**< with all below it; NULL is fine */

/** Takes ownership of `child` in every case (destroyed on failure). A NULL `child` is out of memory: fails
 * likewise, so creations can be nested without a check. `dnn_node_set` replaces a child of that key. */
dnn_status dnn_node_append(dnn_node *list, dnn_node *child);
dnn_status dnn_node_set(dnn_node *map, const char *key, dnn_node *child);
/** Removes and destroys; nothing happens when it is not there. */
void dnn_node_remove(dnn_node *map, const char *key);
/** Child of a map, borrowed; NULL where there is none or `map` is no map (or NULL). */
dnn_node *dnn_node_find(const dnn_node *map, const char *key);
/** As find, along "a.b.2.c" (lists by position). */
dnn_node *dnn_node_at(const dnn_node *root, const char *path);

/** Same values and keys (order of keys aside; 1 equals 1.0; a value equals a list of it alone, as parameter rows read it); places do not
 * count. */
bool dnn_node_equal(const dnn_node *a, const dnn_node *b);
/** Fails with `status` and "run.yaml:12:20: text"; the text alone where the node is NULL or was written nowhere. A place with a path names
 * the key in whole: "dropout.rate = 1.5: …" becomes "command line: model.layers.2.dropout.rate = 1.5: …". */
__attribute__((format(printf, 3, 4)))
dnn_status dnn_node_fail(dnn_status status, const dnn_node *node, const char *format, ...);
/** Likewise for a place alone (a key's, a component's). */
__attribute__((format(printf, 3, 4)))
dnn_status dnn_place_fail(dnn_status status, dnn_place place, const char *format, ...);
/** "null", "true", "7", "\"abc\"", "a list", "a map": for messages. */
const char *dnn_node_describe(const dnn_node *node, char *out, size_t size);

#endif
