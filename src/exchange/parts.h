/* The parts of a model file, each with its writer and its reader side by side. Private to exchange.
 *
 *     values.c      arrays with their checksums
 *     weights.c     /model_weights, read by weights_match.c and weights_pair.c
 *     state.c       /optimizer_weights
 *     section.c     /dnn_mpi
 *     model_write.c all of it to disk, model_file.c from there */
#ifndef DNN_EXCHANGE_PARTS_H
#define DNN_EXCHANGE_PARTS_H

#include "dnn/exchange/model_file.h"
#include "dnn/io/hdf5.h"

enum { MAX_NAME = 512 };

/** A file being written. `sums` collects the checksums of its arrays: a map of path to XXH3-64 in hex. */
typedef struct model_writer {
    dnn_hdf5 *hdf5;
    const dnn_model_content *content;
    dnn_node *sums; /**< NULL: none are kept */
    bool sequential;
    bool half; /**< weights with half precision */
} model_writer;

/** Segments of a network in a file. */
typedef struct weight_paths {
    char **at;     /**< [segments] path of each; owned */
    size_t *order; /**< segments as the file's layers have them, which is the optimizer's order; owned */
    size_t count;
} weight_paths;

struct dnn_model_file {
    dnn_hdf5 *hdf5;
    char *path;
    bool ours;
    const char *weights; /**< group of the layers: "/model_weights", or "" in files of weights alone */
    dnn_node *architecture, *training, *section, *sums;
    dnn_node *models; /**< map from models that are layers, each one group of the file, to the layers they are here; NULL: none */
    dnn_graph *graph; /**< the network described; NULL in files of weights alone */
    weight_paths paths; /**< of its segments */
};

/** Fails as "file: object: …" with DNN_E_MODEL. */
__attribute__((format(printf, 3, 4))) dnn_status model_fail(const dnn_model_file *file, const char *object,
                                                            const char *format, ...);

/* ---- values.c ---- */

dnn_status values_write(model_writer *w, const char *path, dnn_hdf5_type type, size_t rank, const size_t *dim,
                        const void *values);
/** Reads `count` values and compares their checksum where the file has one. */
dnn_status values_read(dnn_model_file *file, const char *path, dnn_hdf5_type type, size_t count, void *values);
/** Compares every array that has a checksum with it: the last look at a file just written. */
dnn_status values_verify(dnn_hdf5 *hdf5, const char *name, const dnn_node *sums);
/** Demands an array of numbers with this very shape; nothing is read. */
dnn_status values_check(dnn_model_file *file, const char *path, const dnn_shape *shape, const char *whose);

/* ---- weights.c ---- */

/** Path of a segment below its layer's group: "sequential/h1/kernel" or "h1/kernel"; `out` [MAX_NAME]. */
const char *weights_name(bool sequential, const dnn_segment *segment, char *out);
/** First segment of a layer, which lie side by side; NULL and 0 where it has none (calls have those of their layer). */
const dnn_segment *weights_of_layer(const dnn_graph *g, size_t layer, size_t *count);
dnn_status weights_write(model_writer *w);

/* ---- weights_match.c ---- */

/** Finds and judges the weights of the network that the file describes, `file->graph`. */
dnn_status weights_open(dnn_model_file *file);
/** Where the groups of the file have the segments of `graph`; to be cleared in any case. `described`: it is the network of the file, whose names
 * count. */
dnn_status weights_locate(dnn_model_file *file, const dnn_graph *graph, bool described, weight_paths *paths);
void weights_paths_clear(const dnn_graph *graph, weight_paths *paths);
/** The layer of that name; n_layers where there is none. */
size_t weights_layer_named(const dnn_graph *g, const char *name);
/** "kernel of layer 'h1'"; returns `out`. */
const char *weights_whose(const dnn_graph *g, const dnn_segment *s, char out[200]);
/** How it fails that a layer has other weights in the file, or none. */
dnn_status weights_count_differs(dnn_model_file *file, const char *where, size_t has, const dnn_layer *l, size_t wants);
dnn_status weights_missing(dnn_model_file *file, const dnn_layer *l);

/* ---- weights_pair.c ---- */

/** Layers with weights. */
typedef struct weight_bearers {
    size_t *at; /**< in Keras's order; owned */
    size_t count;
} weight_bearers;

bool weights_has(const dnn_graph *g, size_t layer);
dnn_status weights_bearers(const dnn_graph *g, weight_bearers *b);
/** Where the file has the segments of `graph`, and in which order; to be cleared in any case. Having matched layers and counts. */
dnn_status weights_find(dnn_model_file *file, const dnn_graph *graph, weight_paths *paths);

/* ---- state.c ---- */

dnn_status state_write(model_writer *w);

/* ---- section.c ---- */

dnn_status section_write(model_writer *w);
dnn_status section_read(dnn_model_file *file);

#endif
