#include "dnn/data/config.h"

static const dnn_param split_params[] = {
    DNN_NODE(dnn_split_config, validation, "null",
             "rows of the validation part, or its share (floor) of the source's training rows"),
    DNN_NODE(dnn_split_config, test, "null",
             "rows of the test part likewise, taken before; where the source brings none"),
    DNN_NODE(dnn_split_config, train, "null",
             "rows of the training part, or its share: checked to be what validation and test leave; null: that"),
    DNN_NODE(dnn_split_config, by, "null",
             "feature that is not 0 in the rows validation and test are cut from, by name or number, or {column: …, value: …}; all others are for training"),
    DNN_REAL(dnn_split_config, folds, "null", ">= 2",
             "K: the rows without the test part in K folds, of which one is the validation part and the others are for training"),
    DNN_REAL(dnn_split_config, fold, "null", ">= 0", "which of the folds, from 0"),
    DNN_CHOICE(dnn_split_config, from, "front", "front|end", "where the parts are cut from the training rows"),
    DNN_BOOL(dnn_split_config, shuffle, "false", "cuts from the rows in random order, a function of the seed"),
    DNN_BOOL(dnn_split_config, stratify, "false", "gives each part the classes in the proportion of the whole"),
    DNN_STRING(
        dnn_split_config, file, "null",
        "CSV with columns subset,row: train, validation (or valid) or test, and row numbers from 0; its order is kept"),
};

static const dnn_param classes_params[] = {
    DNN_NUMBERS(dnn_classes_config, include, "[]", ">= 0",
                "labels to keep, renumbered from 0 in ascending order; empty: all"),
    DNN_NUMBERS(dnn_classes_config, exclude, "[]", ">= 0", "labels to leave out of all parts, the others renumbered"),
};

static const dnn_param limit_params[] = {
    DNN_REAL(dnn_limit_config, train, "null", ">= 1",
             "first rows of the training part to keep, after split and classes"),
    DNN_REAL(dnn_limit_config, validation, "null", ">= 1", "first rows of the validation part to keep"),
    DNN_REAL(dnn_limit_config, test, "null", ">= 1", "first rows of the test part to keep"),
};

static const dnn_param scale_params[] = {
    DNN_COMPONENT(dnn_scale_config, features, &dnn_scalers, "none",
                  "scaling of the inputs, per feature, fitted on the training part"),
    DNN_COMPONENT(
        dnn_scale_config, targets, &dnn_scalers, "none",
        "scaling of the targets; loss and metrics are then in scaled units, predictions in the original ones"),
};

const dnn_param dnn_data_params[DNN_DATA_PARAMS] = {
    DNN_COMPONENT(dnn_data_config, source, &dnn_sources, NULL, "where the data come from"),
    DNN_CHOICE(dnn_data_config, targets, "source", "source|inputs",
               "what is to be learned: the source's targets, or the inputs themselves, scaled as they are (autoencoders)"),
    DNN_NODE(dnn_data_config, inputs, "null",
             "map from input names to {columns: [...]}, by number or name; null: one input with all"),
    DNN_SECTION(dnn_data_config, split, split_params, "null", "parts cut from the training rows"),
    DNN_SECTION(dnn_data_config, classes, classes_params, "null", "labels to keep"),
    DNN_SECTION(dnn_data_config, limit, limit_params, "null", "rows to keep"),
    DNN_CHOICE(dnn_data_config, to_categorical, "auto", "auto|always|never",
               "labels as one-hot rows; auto: where the loss wants a value for each unit, and the training says so; always, never: losses that want them "
               "otherwise are refused"),
    DNN_SECTION(dnn_data_config, scale, scale_params, "null", "scaling"),
    DNN_CHOICE(dnn_data_config, stream, "auto", "auto|always|never",
               "inputs are read from their file as steps need them, not into memory; auto: where they would take more than "
               "half of it"),
};
