/** Callbacks: what looks at a training, at its steps, epochs and evaluations, and may wish something. They see values that are the same on all ranks, so every rank's
 * copy decides alike; what writes files does so where `report->writes`. Their state is in the checkpoint. One file
 * each under src/train/callbacks/. */
#ifndef DNN_TRAIN_CALLBACK_H
#define DNN_TRAIN_CALLBACK_H

#include "dnn/base/param.h"
#include "dnn/math/segment.h"
#include "dnn/optim/optimizer.h"

/** What happened in an epoch. `names`: "loss", "accuracy", "val_loss", … as in history.csv. */
typedef struct dnn_report {
    uint64_t epoch, step;          /**< epochs and updates done */
    double learning_rate;          /**< of the last update */
    double seconds;                /**< of the training part of this epoch */
    const char *const *names;
    const double *values;
    size_t count;
    bool writes;                   /**< this rank writes files */
    const char *output;            /**< the run's folder */
    const dnn_segments *segments;  /**< the network's tensors and */
    const float *weights;          /**< [segments->total] their values as they stand, on every rank; both borrowed, not to be written */
    const float *gradients;        /**< [segments->total] as the optimizer's rule got them in the last update: means over the batch, clipped. At the end
                                        of epochs, where a callback wants_gradients; else NULL. Borrowed */
} dnn_report;

/** A table worth a picture, which whoever shows the progress draws: columns of a CSV file under `output`. Borrowed for the length of the training. */
typedef struct dnn_plot {
    const char *file;              /**< the table's name; the picture's is the same with .svg at its end */
    const char *title, *x, *y[4];  /**< names of columns, ended by NULL; several: the first is the raw one */
    bool log_x, log_y;
    double mark;                   /**< x of a line with a label; NaN: none */
    char mark_label[64];
} dnn_plot;

/** What a callback wishes of the training. */
typedef struct dnn_wish {
    bool stop;
    bool keep;      /**< keep the present weights as this callback's best */
    bool restore;   /**< at the end: go back to the kept ones */
    const char *save_as;  /**< file under `output` that the present model shall be written to; NULL: none. Borrowed until the next call */
    bool weights_only;    /**< without what a training would go on from: optimizer, kept weights */
    bool scale;     /**< from now on multiply the learning rate by `learning_rate_factor`; the product is kept in the checkpoint */
    double learning_rate_factor;
    const dnn_plot *plot; /**< at the end of the training; NULL: none */
    dnn_status status;  /**< how this callback's own work went (dnn_fail); one rank's failure ends the training on all */
} dnn_wish;

/** Called by every rank's main thread. */
typedef void dnn_callback_hook(const void *params, void *state, const dnn_report *report, dnn_wish *wish);

typedef struct dnn_callback_kind {
    dnn_kind kind;
    size_t state_size;  /**< zeroed before begin */
    /** Each of `training.phases` is a training of its own: it ends and begins anew with them, counts their epochs, and a wish to stop ends the phase
     * alone. */
    bool by_phase;
    /** Before the first epoch, with the names there will be: checks `monitor`. DNN_E_CONFIG. This and the next: NULL: nothing. */
    dnn_status (*begin)(const dnn_component *component, const char *const *names, size_t count, void *state);
    /** The hooks; NULL: nothing. Wishes outside of steps are made one on all ranks: a stop is one where any rank wishes it, all else is as rank 0
     * wishes it. Before the first step (also of a training that goes on from a checkpoint, whose state is back by then), and around each
     * epoch; of wishes at a begin only `stop` and `status` count. */
    dnn_callback_hook *train_begin, *epoch_begin, *epoch_end;
    /** Before each step: `report->step` updates are done, there are no values. Wishes as for step_end. */
    dnn_callback_hook *step_begin;
    /** After each update, with the training values of its batch before it; of wishes only `stop` and `status` count, and the next update is made yet. NULL:
     * nothing. */
    dnn_callback_hook *step_end;
    dnn_callback_hook *train_end;  /**< all wishes count but `stop` */
    /** Around a validation (one that is interrupted has no end, and begins anew when the training goes on), and around `evaluate`; the values ("loss", …) are those of the part, at its begin there are none. Around `predict`, which has
     * none. `evaluate` and `predict` start from zeroed state, without train_begin; of wishes only `status` counts there, in a training `stop` too. */
    dnn_callback_hook *test_begin, *test_end, *predict_begin, *predict_end;
    /** File under `output` that holds the best model so far, as `save` says how good it is. NULL: it keeps none. */
    const char *(*keeps_file)(const void *params);
    /** State to and from a map that the checkpoint keeps. NULL where there is none. */
    dnn_node *(*save)(const void *state);
    dnn_status (*load)(const dnn_node *saved, void *state);
    /** Whether it looks at `report->gradients`; NULL: no. */
    bool (*wants_gradients)(const void *params);
    /** It moves the learning rate, which a schedule does too: DNN_E_CONFIG where the optimizer's rate is not a number. */
    bool moves_learning_rate;
    /** Learning rate in place of `rate`, the optimizer's; a pure function of the time. At most one callback has one. NULL: none. */
    double (*learning_rate)(const void *params, double rate, const dnn_schedule_time *time);
} dnn_callback_kind;

extern dnn_family dnn_callbacks;

/** Index of `monitor` among names or a DNN_E_CONFIG at the component's place that lists what there is. */
dnn_status dnn_callback_monitor(const dnn_component *component, const char *monitor, const char *const *names, size_t count, size_t *index);
/** Whether `monitor` is better when larger: mode 0 auto (as the metric says that ends the name; a loss: smaller), 1 min, 2 max. */
bool dnn_callback_maximizes(const char *monitor, int mode);

#endif
