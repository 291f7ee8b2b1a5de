/* The way of an override down the tree. Private to base. */
#ifndef DNN_BASE_WALK_H
#define DNN_BASE_WALK_H

#include "params.h"

enum { DNN_STEP_TEXT = 128 };

/** What is on its way: the value until it has found its place, and how far the path has been walked. */
typedef struct dnn_walk {
    const char *path;  /**< whole, for messages */
    const char *rest;  /**< what has not been walked yet */
    dnn_node *value;   /**< owned; NULL: delete */
    dnn_place place;   /**< "command line" */
} dnn_walk;

bool dnn_walk_ends(const dnn_walk *w);
/** The next key of the path. */
dnn_status dnn_walk_step(dnn_walk *w, char key[DNN_STEP_TEXT]);
/** The part of the path walked so far. */
const char *dnn_walk_done(const dnn_walk *w, char out[DNN_PATH_TEXT]);
/** "command line: whole.path: text" */
__attribute__((format(printf, 2, 3)))
dnn_status dnn_walk_fail(const dnn_walk *w, const char *format, ...);

/** The content of `with` takes the place of that of `node`, which keeps its key. `with` is consumed; NULL is out of memory. */
dnn_status dnn_node_become(dnn_node *node, dnn_node *with);
/** The value takes the place of `node`. */
dnn_status dnn_walk_deliver(dnn_walk *w, dnn_node *node);
/** The child of that key, made as null where there is none. */
dnn_status dnn_walk_child(const dnn_walk *w, dnn_node *map, const char *key, dnn_node **child);
/** `node` becomes an empty map. */
dnn_status dnn_walk_make_map(const dnn_walk *w, dnn_node *node);
/** {key: child}, `child` consumed; NULL when out of memory. */
dnn_node *dnn_walk_map_of(const dnn_walk *w, const char *key, dnn_node *child);
/** The item at the position that is the next key of the path; one behind the last is made. */
dnn_status dnn_walk_item(dnn_walk *w, dnn_node *list, dnn_node **item);
void dnn_list_drop(dnn_node *list, const dnn_node *item);

#endif
