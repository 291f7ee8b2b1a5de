/** Which matrix products a piece of work makes, kept so that they can be computed again alone: what a step costs at least
 * is the time of its products (`dnn-mpi bench`). Local; a log belongs to one thread. */
#ifndef DNN_MATH_PRODUCT_LOG_H
#define DNN_MATH_PRODUCT_LOG_H

#include <stddef.h>
#include "dnn/base/status.h"

typedef struct dnn_product_log {
    struct dnn_product_entry *entries;
    size_t count, room;
    double operations;   /**< multiplications and additions of the products noted */
} dnn_product_log;

/** Room for `room` products. */
dnn_status dnn_product_log_create(size_t room, dnn_product_log *log);
void dnn_product_log_destroy(dnn_product_log *log);
/** From here until dnn_product_log_end the products of the calling thread are noted, after which nothing is: without a log a
 * product costs one look at a thread's variable more. Products beyond `room` are counted and not kept. */
void dnn_product_log_begin(dnn_product_log *log);
void dnn_product_log_end(void);
/** Computes them once more, in order, on the same memory, which must still be there: results are written where they were written, or added
 * where they were added. */
void dnn_product_log_run(const dnn_product_log *log);

#endif
