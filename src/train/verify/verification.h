/* What verify.c makes the engine do and verify_lines.c compares. Private to `train`. */
#ifndef DNN_TRAIN_VERIFICATION_H
#define DNN_TRAIN_VERIFICATION_H

#include "train/step/look.h"
#include "train/verify/comparison.h"
#include "train/verify/serial.h"

/* Looks at what goes through a worker's layers. */
typedef struct eye {
    worker *k;
    dnn_observer observer;
    const dnn_layer *layer;
    bool backward;
    size_t shard;
    double *sums;              /* [look_width] */
} eye;

typedef struct verification {
    dnn_comm *comm;
    const dnn_verify_request *request;
    trainer t;
    eye *eyes;                 /* [workers of this rank] */
    double *seen;              /* [look_width] over all ranks */
    dnn_window tap;            /* [total] gradient */
    uint64_t batch, step;      /* of the step under way: batch of the epoch, steps before it */
    bool finite;

    /* Rank 0 */
    bool exact;                /* training.shards: held against one worker as well */
    trainer alone;
    dnn_window alone_tap;
    serial_step *serial;
    comparison c;
    float *before, *slots_before[DNN_MAX_VECTORS]; /* [total] */
} verification;

/* Rank 0, after the engine's step and before its replicas are compared. DNN_E_MEMORY. */
dnn_status verification_compare(verification *v);
/* The line of the teams' copies. */
void verification_note_copies(verification *v, bool same);

#endif
