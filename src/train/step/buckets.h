/* Gradients on their way between teams while backward still runs. Backward ends the gradients of the last layers first; stretches of them, buckets, are added over the
 * team's shards and begin to travel as soon as all its workers have them. Only with several teams in the fast path: the exact path exchanges
 * nodes of its tree (tree_nodes.h). Private to `train`. */
#ifndef DNN_TRAIN_BUCKETS_H
#define DNN_TRAIN_BUCKETS_H

#include <stdint.h>
#include "dnn/comm/exchange.h"
#include "dnn/train/config.h"

struct runner;
struct worker;

typedef struct buckets {
    bool silent;           /* nothing travels, for comparison: teams go apart */
    bool overlap;          /* else there is one bucket, exchanged when backward has ended */
    size_t most, count;    /* room; of what is trainable now */
    size_t *end;           /* [count + 1] bucket b is blocks [end[b + 1], end[b]): from the last layers to the first */
    unsigned *reports;     /* [count] how often layers of the bucket report in a pass backward */
    size_t *first_of, *last_of; /* [layers] the buckets that a layer has part in; first_of > last_of: none */
    uint64_t *ready;       /* [most] shared by the team: workers that had the bucket's gradients, over all steps */
    dnn_exchange *exchange;/* NULL: no buckets here */
} buckets;

/* A worker's place in them. */
typedef struct bucket_course {
    unsigned *reports;     /* [most] still to come */
    size_t passed, begun;  /* buckets that it has handed over; and, on main threads, that travel */
    uint64_t steps;
} bucket_course;

/* How many there may be, whatever is trainable; 0 where none are used. For the size of `ready`. */
size_t buckets_most(const struct runner *r);
/* Collective, after the windows are there. */
dnn_status buckets_create(struct runner *r, dnn_compression compression, dnn_overlap overlap);
void buckets_destroy(struct runner *r);
/* Anew for what is trainable now. */
void buckets_cut(struct runner *r);
/* Every worker, around a pass backward: */
void buckets_begin(struct worker *k);
void buckets_layer_done(void *worker, size_t layer);
/* Right behind it: what has not set out yet does, before workers meet for anything else. */
void buckets_set_out(struct worker *k);
/* The gradient summed over all teams, undivided, is in r->reduced. */
void buckets_end(struct worker *k);

#endif
