/** The `data` section of a run file. */
#ifndef DNN_DATA_CONFIG_H
#define DNN_DATA_CONFIG_H

#include "dnn/base/param.h"

typedef struct dnn_split_config {
    dnn_node *train, *validation, *test; /**< rows, or a fraction of the source's training rows; NULL: the rest, none */
    dnn_node *by;                /**< column that marks the rows validation and test are cut from; NULL: any */
    double folds, fold;          /**< NaN: none */
    int from;                    /**< 0 front, 1 end */
    bool shuffle, stratify;
    char *file; /**< CSV with columns subset,row */
} dnn_split_config;

typedef struct dnn_classes_config {
    dnn_numbers include, exclude;
} dnn_classes_config;
typedef struct dnn_limit_config {
    double train, validation, test; /**< NaN: all */
} dnn_limit_config;
typedef struct dnn_scale_config {
    dnn_component features, targets;
} dnn_scale_config;

typedef struct dnn_data_config {
    dnn_component source;
    int targets;      /**< 0 those of the source, 1 the inputs themselves (autoencoders) */
    dnn_node *inputs; /**< {wide: {columns: [0, 1]}, …}; NULL: one input with all features */
    dnn_split_config split;
    dnn_classes_config classes;
    dnn_limit_config limit;
    dnn_scale_config scale;
    int to_categorical; /**< dnn_to_categorical */
    int stream;       /**< 0 auto, 1 always, 2 never */
} dnn_data_config;

enum { DNN_DATA_PARAMS = 9 };
/** Whether labels become one-hot rows: where a loss wants a value for each unit; or it must; or it must not. */
typedef enum dnn_to_categorical { DNN_ONE_HOT_AUTO, DNN_ONE_HOT_ALWAYS, DNN_ONE_HOT_NEVER } dnn_to_categorical;
extern const dnn_param dnn_data_params[DNN_DATA_PARAMS];
extern dnn_family dnn_sources, dnn_scalers;

#endif
