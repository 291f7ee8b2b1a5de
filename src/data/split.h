/* The source's training rows while they are cut into parts: what the files about splits share. */
#ifndef DNN_DATA_SPLIT_H
#define DNN_DATA_SPLIT_H

#include "data/inside.h"

typedef struct dnn_cutting {
    const dnn_dataset *ds;
    const dnn_split_config *config;
    uint64_t n, first; /* the source's training rows */
    uint64_t *order;   /* position -> row */
    uint8_t *part;     /* position -> part; DNN_TRAIN: still free */
    bool *target;      /* position -> whether validation and test may have it; NULL: any */
    uint64_t classes;  /* 1 where nothing is stratified */
} dnn_cutting;

static inline bool dnn_cutting_free(const dnn_cutting *c, uint64_t position)
{
    return c->part[position] == DNN_TRAIN && (c->target == NULL || c->target[position]);
}

/** The i-th position from the end that parts are cut from. */
static inline uint64_t dnn_cutting_position(const dnn_cutting *c, uint64_t i)
{
    return c->config->from == 0 ? i : c->n - 1 - i;
}

/** Class by which the position is stratified. */
static inline uint64_t dnn_cutting_class(const dnn_cutting *c, uint64_t position)
{
    return c->classes > 1 ? (uint64_t)dnn_values_label(c->ds, c->order[position]) : 0;
}

/* split_by.c */
/** Fills c->target [n] from `data.split.by`. DNN_E_CONFIG. */
dnn_status dnn_split_target(dnn_cutting *c, const dnn_source_info *info);

/* folds.c */
/** `folds` and `fold`, in themselves. DNN_E_CONFIG. */
dnn_status dnn_folds_check(const dnn_split_config *config);
/** Makes one of K folds of what is free the validation part. */
dnn_status dnn_folds_take(dnn_cutting *c);

#endif
