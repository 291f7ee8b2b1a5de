/** What a layer is: a kind (descriptor) with parameters, shapes and a plan. Layers are constant while a network runs;
 * what changes is in the pass. `nn` knows neither ranks nor threads. */
#ifndef DNN_NN_LAYER_H
#define DNN_NN_LAYER_H

#include "dnn/base/param.h"
#include "dnn/base/random.h"
#include "dnn/math/real.h"
#include "dnn/math/shape.h"
#include "dnn/nn/activation.h"
#include "dnn/nn/outline.h"

enum { DNN_MAX_WEIGHTS = 8 };

typedef struct dnn_layer dnn_layer;

typedef struct dnn_weight_plan {
    const char *name;            /**< "kernel" */
    dnn_shape shape;
    bool statistic;              /**< a moving statistic: not a weight of the optimizer */
    size_t fan_in, fan_out;
    const dnn_component *initializer, *regularizer, *constraint;  /**< NULL: zeros, none, none */
} dnn_weight_plan;

/** What a layer needs; filled by `plan`. Sizes per sample are multiplied by the shard's capacity. */
typedef struct dnn_layer_plan {
    dnn_shape out;
    dnn_weight_plan weights[DNN_MAX_WEIGHTS];  /**< trainable first, then statistics */
    size_t n_weights;
    size_t saved;          /**< reals per sample kept from forward to backward */
    size_t saved_fixed;    /**< reals kept besides, whatever the number of samples */
    size_t scratch;        /**< reals per sample, for the length of one call */
    size_t scratch_fixed;
    size_t sums;           /**< doubles reduced over the global batch in forward (training) and again in backward */
    bool view;             /**< y is x with another shape (flatten): nothing is computed, no function is called */
    /** Of an activation layer: it acts along another axis than the last. No loss is computed from what it reads, and its own outline tells it. */
    bool along_others;
    bool backward_wants_x, backward_wants_y;  /**< else their memory may serve others by then */
} dnn_layer_plan;

/** One call of a layer on one shard. Row-major [capacity, units]. Products run over `capacity` rows; rows from `rows`
 * on are masked: their x is finite, their dy is zero and must come out zero in dx; they count in no sum. */
typedef struct dnn_pass {
    bool training;         /**< false: inference mode (no dropout, moving statistics) */
    size_t rows, capacity;
    uint64_t seed, step;
    uint64_t first_row;    /**< position of row 0 in the global batch */
    const real *const *x;  /**< [n_inputs] */
    real *y;
    real *dy;              /**< nobody reads it afterwards: backward may work in it */
    real *const *dx;       /**< [n_inputs]; an entry is NULL where nobody wants it. Overwritten, not added to */
    const real *const *w;  /**< [n_weights] */
    real *const *dw;       /**< [n_weights]; NULL entries: frozen or statistic. Overwritten, not added to, but for `adds` */
    bool adds;             /**< dw is another shard's, to be added to; for kinds that say they can */
    real *saved;           /**< [capacity, saved]; NULL in forward where no backward will follow */
    real *saved_fixed;     /**< [saved_fixed]; NULL likewise */
    real *scratch;         /**< [capacity, scratch] */
    real *scratch_fixed;   /**< [scratch_fixed] */
    double *sums; /**< [sums] written by the _sums halves for this shard, unchanged until the second half is done */
    double *penalty; /**< forward adds here what it adds to the loss, summed over its rows; NULL: not asked for */
    /** [sums] of the whole global batch, for the second halves; in backward NULL where nobody wants dx. */
    const double *merged;
} dnn_pass;

typedef struct dnn_layer_kind {
    dnn_kind kind;
    bool merges;             /**< takes two or more inputs; all others take one */
    bool adds;               /**< backward can add to dw: each element is its own sum, rounded, and then added */
    bool penalizes;          /**< adds to the loss (dnn_pass.penalty); backward adds the gradient of that to dx */
    bool activation_layer;   /**< its activation is all it does: of an output layer, what it reads are the logits */
    /** A row `activity_regularizer` of family dnn_regularizers is the graph's to obey, behind the activation.
     * A layer that is one activation (leaky_relu): its name; the activation's rows are then among the layer's, at the
     * same places of the struct. Others: a row of family dnn_activations says which. */
    const char *activation;
    /** Kinds that are an input of the network: its shape from the parameters. Others: NULL. */
    dnn_status (*input_shape)(const dnn_layer *l, dnn_shape *shape);
    /** Fills `p`, zeroed before. Fails with DNN_E_CONFIG and a text that begins with key or shape; the builder puts
     * place and layer in front. */
    dnn_status (*plan)(const dnn_layer *l, dnn_layer_plan *p);
    void (*forward)(const dnn_layer *l, const dnn_pass *p);
    void (*backward)(const dnn_layer *l, const dnn_pass *p);
    /** Only kinds with plan.sums > 0: first halves, run in training on a layer that is not frozen; then sums of all
     * shards are merged and forward or backward runs with `merged`. A shard without rows writes an empty part; merging
     * an empty part changes nothing. dw is this shard's share, from `sums`, never from `merged`. */
    void (*forward_sums)(const dnn_layer *l, const dnn_pass *p);
    void (*backward_sums)(const dnn_layer *l, const dnn_pass *p);
    void (*merge)(const dnn_layer *l, bool backward, double *into, const double *from);
    /** Learns statistics of the data before the training (Keras: adapt): forward_sums, merge and move_statistics then
     * serve dnn_graph_measure, and no step. */
    bool adapts;
    /** Moves the statistics once a step, from the merged forward sums. `w` [n_weights] is writable here. */
    void (*move_statistics)(const dnn_layer *l, const double *merged, real *const *w);
    /** What it computes in inference, in operations, without its activation; dnn_outline_pass: its input. NULL: cannot be
     * told; layers that are a view or an activation need none. */
    dnn_value (*outline)(const dnn_layer *l, dnn_outline *o);
} dnn_layer_kind;

struct dnn_layer {
    char *name;
    const dnn_layer_kind *kind;
    const void *params;
    dnn_component component;      /**< owns params; kind NULL in layers made inside (split-off activations) */
    size_t number;                /**< position in the graph's layers: item of its random streams */
    bool frozen;                  /**< weights fixed; batch norm then runs in inference mode */
    bool shared;                  /**< other layers are calls of this one */
    bool called;                  /**< another use of layer `owner`: kind, parameters and weights are that one's */
    size_t owner;
    bool internal;                /**< made inside; not part of summary or model files */
    size_t n_inputs;
    dnn_shape *in;                /**< [n_inputs] */
    dnn_shape out;
    const dnn_activation_kind *activation;  /**< applied at the end of this layer; NULL: linear, or split off */
    const void *activation_params;
    const dnn_component *activity;  /**< its activity_regularizer, a penalty on what it puts out; NULL: none */
    dnn_layer_plan plan;
};

/** What every layer takes in a run file beside its own parameters. */
typedef struct dnn_layer_common { char *name; dnn_strings inputs; bool trainable; } dnn_layer_common;

/** The largest number of values a shape or a tensor of weights may have; beyond it a size is taken for a mistake. */
#define DNN_MAX_VALUES_OF_TENSOR ((size_t)1 << 40)

extern dnn_family dnn_layers;

#endif
