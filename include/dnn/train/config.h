/** The run file's schema: each section's rows assembled to one structure. Rows of components live in their own rooms. Local. */
#ifndef DNN_TRAIN_CONFIG_H
#define DNN_TRAIN_CONFIG_H

#include "dnn/comm/comm.h"
#include "dnn/data/config.h"

typedef struct dnn_weight_noise { double stddev; } dnn_weight_noise;
typedef struct dnn_gradient_noise { double stddev, decay; } dnn_gradient_noise;

typedef struct dnn_training_config {
    dnn_node *loss, *loss_weights, *metrics, *weighted_metrics;  /**< read by dnn_objective_create */
    dnn_component optimizer;
    int64_t batch_size;        /**< of the whole job */
    int64_t epochs;
    bool shuffle;
    dnn_node *shards;          /**< `auto` or a number */
    dnn_node *class_weights;   /**< `balanced` or a map from class to weight; NULL: none */
    dnn_weight_noise weight_noise;
    dnn_gradient_noise gradient_noise;
    double label_noise;        /**< probability that a label is another */
    bool diagnose;             /**< diagnosis.csv */
    bool trace;                /**< trace.json */
    int64_t log_every;         /**< steps between lines of steps.csv; 0: none */
    dnn_components callbacks;
    dnn_node *phases;          /**< list of phases; NULL: one of `epochs` epochs, which otherwise is the sum over all */
} dnn_training_config;

typedef struct dnn_every_config { double epochs, steps, seconds; /**< NaN: not set */ } dnn_every_config;
typedef struct dnn_checkpoint_config { dnn_every_config every; int64_t keep, max_failures; bool background; } dnn_checkpoint_config;
/** Whether gradients travel between teams while backward runs. */
typedef enum dnn_overlap { DNN_OVERLAP_AUTO, DNN_OVERLAP_ALWAYS, DNN_OVERLAP_NEVER } dnn_overlap;
typedef struct dnn_comm_config { double timeout; int64_t sentinel; int team; /**< dnn_team_scope */ int compression; /**< dnn_compression */ int overlap; /**< dnn_overlap */ } dnn_comm_config;

typedef struct dnn_config {
    int64_t seed;
    char *output;
    dnn_strings plugins;       /**< loaded by dnn_config_load, before anything else is read */
    dnn_component preset;      /**< always none here: dnn_config_load has put it into the tree */
    dnn_data_config data;
    dnn_node *model;
    dnn_training_config training;
    dnn_checkpoint_config checkpoint;
    dnn_comm_config comm;
} dnn_config;

/** What `preset` may be: usual choices for what a run file leaves out. */
extern dnn_family dnn_presets;

extern const dnn_param dnn_config_params[];
extern const size_t dnn_config_params_count;
/** Keys of `model` beside those of the network (nn/graph.h): where layers and first weights come from. */
enum { DNN_START_PARAMS = 4 };
extern const dnn_param dnn_start_params[DNN_START_PARAMS];

/** Reads a run file on rank 0, gives its text to all, parses it and applies `overrides` ("key.path=value") in order. Collective; the
 * same outcome on all ranks. `path` NULL: begins with an empty tree. */
dnn_status dnn_config_load(dnn_comm *comm, const char *path, const char *const *overrides, size_t count, dnn_node **root);
/** Applies overrides to a tree that came from elsewhere (a model file). Local. */
dnn_status dnn_config_override(dnn_node *root, const char *const *overrides, size_t count);
/** Reads the tree; errors name file:line:column. Local. */
dnn_status dnn_config_read(const dnn_node *root, dnn_config *out);
void dnn_config_clear(dnn_config *config);
/** Everything resolved, defaults included; running it again repeats the run. NULL when out of memory. */
dnn_node *dnn_config_write(const dnn_config *config);

#endif
