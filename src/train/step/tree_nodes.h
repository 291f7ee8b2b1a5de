/* The one tree over V shards when several teams hold them. A team adds the shards of each node of the tree that lies wholly in its hands; these partial
 * sums travel between the teams, and the rest of the tree is added from them in the same order everywhere. With
 * `training.shards` the bits then do not depend on how ranks are spread over hosts. The fast path exchanges one sum per team instead. */
#ifndef DNN_TRAIN_TREE_NODES_H
#define DNN_TRAIN_TREE_NODES_H

#include "dnn/base/status.h"

#include <stddef.h>

/* A stretch [first, end) of shards that is a node of the tree. */
typedef struct tree_node { size_t first, end; } tree_node;
typedef struct tree_merge { size_t into, from; } tree_merge;  /* numbers of nodes */

typedef struct tree_nodes {
    tree_node *nodes; size_t n_nodes;    /* of all teams, in order */
    tree_merge *merges; size_t n_merges; /* to be done in this order; node 0 is the sum then */
    size_t *team_first;                  /* [teams + 1] first node of each team */
} tree_nodes;

/* `team_shards` [teams + 1]: where each team's shards begin. */
dnn_status tree_nodes_plan(size_t shards, size_t teams, const size_t *team_shards, tree_nodes *out);
void tree_nodes_clear(tree_nodes *t);

#endif
