/* `preset` of a run file. Private to `train`; the family is in dnn/train/config.h. */
#ifndef DNN_TRAIN_PRESETS_H
#define DNN_TRAIN_PRESETS_H

#include "dnn/train/config.h"

/* Parameters of all of them: what one has no row for is 0. */
typedef struct preset {
    double max_rate, alpha_dropout;
    int64_t patience, deep;
} preset;

typedef struct preset_kind { dnn_kind kind; const char *activation, *initializer; } preset_kind;

typedef struct preset_work {
    const preset_kind *kind;
    const preset *p;
    dnn_node *defaults, *outputs;  /* of the model; NULL: none */
    const dnn_node *output;        /* the layer that is the output where `outputs` does not say */
    bool normalize;                /* batch normalization in front of all layers that learn but the first */
    bool behind_first;             /* where the walk over the layers stands */
} preset_work;

/* preset_layers.c: the layers of `model`. */
dnn_status preset_set_layers(preset_work *w, dnn_node *model);

/* Puts what the preset says into the tree wherever the tree does not say it itself, and takes the key away. */
dnn_status presets_expand(dnn_node *root);

#endif
