#include "train/folder/course.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

enum { PATH = 256, SHOWN = 6 };

/* Of no account for the course. */
static const char *const free_keys[] = { "output", "plugins", "preset", "checkpoint*", "comm*", "training.epochs", "training.phases.*.epochs", "training.log_every",
                                         "training.diagnose", "training.trace", "model.weights*" };
/* What the epoch under way has begun with it must end with. */
static const char *const epoch_keys[] = { "seed", "training.shuffle", "training.batch_size", "training.loss*", "training.metrics*", "training.weighted_metrics*",
                                          "training.class_weights*", "data.split*", "data.classes*", "data.limit*" };

static bool among(const char *const *patterns, size_t n, const char *path)
{
    for (size_t i = 0; i < n; i++)
        if (fnmatch(patterns[i], path, 0) == 0) return true;
    return false;
}

/* Maps with keys that users make up. */
static const char *const own_keys[] = { "training.class_weights", "training.loss_weights", "training.loss", "training.metrics", "training.weighted_metrics",
                                        "data.inputs", "data.targets" };

typedef struct differences {
    char all[COURSE_TEXT], epoch[COURSE_TEXT]; /* as text; the second: those an epoch does not bear */
    size_t n, n_epoch;
} differences;

static void add(char *text, size_t *n, const char *path, const dnn_node *saved, const dnn_node *present)
{
    char was[64], is[64];
    const size_t used = strlen(text);
    dnn_node_describe(saved, was, sizeof was);
    dnn_node_describe(present, is, sizeof is);
    if (++*n <= SHOWN) snprintf(text + used, COURSE_TEXT - used, "%s%s = %s (was %s)", used ? ", " : "", path, is, was);
    else if (*n == SHOWN + 1) snprintf(text + used, COURSE_TEXT - used, ", …");
}

static void note(differences *d, const char *path, const dnn_node *saved, const dnn_node *present)
{
    if (among(free_keys, sizeof free_keys / sizeof *free_keys, path)) return;
    add(d->all, &d->n, path, saved, present);
    if (among(epoch_keys, sizeof epoch_keys / sizeof *epoch_keys, path)) add(d->epoch, &d->n_epoch, path, saved, present);
}

static bool nothing(const dnn_node *n) { return !n || n->type == DNN_NODE_NULL; }

static void compare(differences *d, const char *path, const dnn_node *saved, const dnn_node *present);

static const dnn_node *twin_of(const dnn_node *other, const dnn_node *child, size_t i)
{
    return other->type == DNN_NODE_LIST ? other->items[i] : dnn_node_find(other, child->key);
}

static bool share_a_key(const dnn_node *saved, const dnn_node *present)
{
    for (size_t i = 0; i < saved->count; i++)
        if (dnn_node_find(present, saved->items[i]->key)) return true;
    return saved->count == 0 && present->count == 0;
}

/* A resolved run file has every key that its program knew: one that only the other has is of a later or an earlier program, with its default. */
static void compare_children(differences *d, const char *path, const dnn_node *saved, const dnn_node *present)
{
    char below[PATH];
    for (size_t i = 0; i < saved->count; i++) {
        const dnn_node *child = saved->items[i], *twin = twin_of(present, child, i);
        if (!twin) continue;
        if (saved->type == DNN_NODE_LIST) snprintf(below, sizeof below, "%s.%zu", path, i);
        else snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", child->key);
        compare(d, below, child, twin);
    }
}

/* Two components of unlike names have no key in common; where users make up the keys each counts. */
static bool comparable(const char *path, const dnn_node *saved, const dnn_node *present)
{
    if (saved->type != present->type || among(own_keys, sizeof own_keys / sizeof *own_keys, path)) return false;
    if (saved->type == DNN_NODE_MAP) return share_a_key(saved, present);
    return saved->type == DNN_NODE_LIST && saved->count == present->count;
}

static void compare(differences *d, const char *path, const dnn_node *saved, const dnn_node *present)
{
    if (nothing(saved) && nothing(present)) return;
    if (!nothing(saved) && !nothing(present) && comparable(path, saved, present)) compare_children(d, path, saved, present);
    else if (!dnn_node_equal(saved, present)) note(d, path, saved, present);
}

dnn_status course_compare(const char *file, const dnn_node *saved, const dnn_node *present, bool within_epoch, char *changes)
{
    differences d = { 0 };
    changes[0] = '\0';
    if (!saved || !present) return DNN_OK;
    compare(&d, "", saved, present);
    if (within_epoch && d.n_epoch > 0)
        return dnn_fail(DNN_E_CONFIG, "%s: it was saved within an epoch, which must end as it began, but %s; give back what was, or go on from a checkpoint "
                        "between epochs (--resume FILE)", file, d.epoch);
    memcpy(changes, d.all, sizeof d.all);
    return DNN_OK;
}
