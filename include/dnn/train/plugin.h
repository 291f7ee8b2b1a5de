/** Components of one's own: layers, activations, losses, metrics, optimizers, schedules, callbacks … that join the built-in ones through
 * the same descriptors. They come from a shared object that a run file or `--plugin` names, or from a program linked to the library.
 * This header brings all that a component needs; docs/adding-a-component.md builds one step by step.
 *
 * A plug-in ends with one table of what it brings:
 *
 *     DNN_PLUGIN(.layers = DNN_KINDS(dnn_layer_kind, &scale_by), .schedules = DNN_KINDS(dnn_schedule_kind, &halving))
 *
 *     cc -std=gnu17 -O3 -fPIC -shared -I<prefix>/include scale_by.c -o scale_by.so
 *
 * Compiled a second time with -DDNN_DOUBLE and linked into the same object, it also brings the half in double that `check --gradients`
 * measures against. That half may call no function of the library that takes `real`: in double they are not there to be found. */
#ifndef DNN_TRAIN_PLUGIN_H
#define DNN_TRAIN_PLUGIN_H

#include "dnn/comm/comm.h"
#include "dnn/nn/activation.h"
#include "dnn/nn/constraint.h"
#include "dnn/nn/initializer.h"
#include "dnn/nn/layer.h"
#include "dnn/nn/loss.h"
#include "dnn/nn/metric.h"
#include "dnn/nn/regularizer.h"
#include "dnn/optim/optimizer.h"
#include "dnn/optim/schedule.h"
#include "dnn/train/callback.h"

/** Counts changes of meaning; those of layout show in the sizes. */
enum { DNN_PLUGIN_ABI = 1, DNN_PLUGIN_SIZES = 14 };

/** What a plug-in brings: lists that end with NULL, or NULL. Losses become metrics as well. */
typedef struct dnn_plugin {
    uint32_t abi;
    uint32_t sizes[DNN_PLUGIN_SIZES];  /**< of the structures it was compiled with */
    const dnn_layer_kind *const *layers;
    const dnn_activation_kind *const *activations;
    const dnn_initializer_kind *const *initializers;
    const dnn_regularizer_kind *const *regularizers;
    const dnn_constraint_kind *const *constraints;
    const dnn_loss_kind *const *losses;
    const dnn_metric_kind *const *metrics;
    const dnn_optimizer_kind *const *optimizers;
    const dnn_schedule_kind *const *schedules;
    const dnn_callback_kind *const *callbacks;
} dnn_plugin;

#define DNN_PLUGIN_LAYOUT \
    { sizeof(dnn_plugin), sizeof(dnn_kind), sizeof(dnn_param), sizeof(dnn_layer_kind), sizeof(dnn_layer), sizeof(dnn_pass), \
      sizeof(dnn_activation_kind), sizeof(dnn_initializer_kind), sizeof(dnn_regularizer_kind), sizeof(dnn_constraint_kind), \
      sizeof(dnn_loss_kind) + sizeof(dnn_loss_pass), sizeof(dnn_metric_kind), \
      sizeof(dnn_optimizer_kind) + sizeof(dnn_schedule_kind) + sizeof(dnn_update) + sizeof(dnn_schedule_time), \
      sizeof(dnn_callback_kind) + sizeof(dnn_report) + sizeof(dnn_wish) + sizeof(dnn_segment) }

#ifdef DNN_DOUBLE
#define DNN_PLUGIN_SYMBOL dnn_plugin_double
#else
#define DNN_PLUGIN_SYMBOL dnn_plugin_float
#endif

#define DNN_KINDS(type, ...) (const type *const[]){ __VA_ARGS__, NULL }
#define DNN_PLUGIN(...) \
    extern const dnn_plugin DNN_PLUGIN_SYMBOL; \
    __attribute__((visibility("default"))) const dnn_plugin DNN_PLUGIN_SYMBOL = \
        { .abi = DNN_PLUGIN_ABI, .sizes = DNN_PLUGIN_LAYOUT, __VA_ARGS__ };

/** Adds to the families what a table brings, and to those of the double build what `doubles` brings (NULL: `check --gradients` then
 * refuses networks with its layers). `from` is what messages call it. For programs of one's own, before anything else: a table made
 * with DNN_PLUGIN is dnn_plugin_float. DNN_E_CONFIG: other layout, name taken. Local. */
dnn_status dnn_plugin_register(const dnn_plugin *plugin, const dnn_plugin *doubles, const char *from);

/** Loads shared objects, each once, whatever path it is named by twice. All ranks must find the same bytes: DNN_E_RANKS. DNN_E_CONFIG
 * where one is missing, is no plug-in, or was compiled for another version. Collective. */
dnn_status dnn_plugins_load(dnn_comm *comm, const char *const *paths, size_t count);
/** Loads what `plugins` of a run file's tree names; messages have its place. Collective. */
dnn_status dnn_plugins_load_tree(dnn_comm *comm, const dnn_node *root);
/** Looks whether what the model file says it was trained with is loaded; nothing is loaded for its sake, since the file may be a
 * stranger's. DNN_E_MODEL names what is missing and how to give it; other bytes than then are warned of. Files that name none, or cannot
 * be read, are left to who opens them. Collective. */
dnn_status dnn_plugins_check_model(dnn_comm *comm, const char *model_file);

/** What is loaded, as a map of paths to digests; NULL when out of memory. */
dnn_node *dnn_plugins_write(void);
/** Path of a plug-in without a half in double, or NULL. */
const char *dnn_plugins_without_double(void);
/** Families as they were built; loaded objects stay in memory. */
void dnn_plugins_forget(void);

#endif
