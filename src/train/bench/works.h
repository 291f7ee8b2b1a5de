/* The works that `bench` times, and what it runs them on. Private to `train/bench`. */
#ifndef DNN_TRAIN_BENCH_WORKS_H
#define DNN_TRAIN_BENCH_WORKS_H

#include "dnn/math/product_log.h"
#include "dnn/train/bench.h"
#include "train/setup/setup.h"

enum { BENCH_SQUARE = 384 }; /* rows and columns of the products that show the peak */

/* SILENT_STEPS: without the exchange between teams. */
typedef enum work { STEPS, SILENT_STEPS, PRODUCTS, FLOOR, EXCHANGE, PEAK, WORKS } work;

typedef struct bench {
    dnn_comm *comm;
    dnn_config config;
    dnn_team *team;
    dnn_dataset *dataset;
    dnn_graph *graph;
    dnn_objective *objective;
    runner run;
    dnn_product_log *logs;      /* [workers of this rank] */
    float *squares;             /* [workers of this rank, 3, BENCH_SQUARE, BENCH_SQUARE] */
    uint64_t steps_done;
    work what;
    size_t times;               /* how often */
    bool finite;
} bench;

/* One step whose products are noted: b->logs [workers of this rank] are made here, large enough. Collective. */
dnn_status works_log_products(bench *b);
/* How often a work must be done to last long enough to be timed. Collective. */
size_t works_times_for(bench *b, work what);
/* Milliseconds each of so many; the same on all ranks. Collective. */
double works_timed(bench *b, work what, size_t times);

#endif
