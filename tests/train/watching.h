/* A callback from the text of a run file, without a training: what the tests of callbacks start from. */
#ifndef DNN_TESTS_TRAIN_WATCHING_H
#define DNN_TESTS_TRAIN_WATCHING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/io/tree.h"
#include "dnn/train/callback.h"

typedef struct watching {
    dnn_node *node;
    dnn_component component;
    const dnn_callback_kind *kind;
    void *state;
} watching;

static inline dnn_status watching_open(const char *text, const char *const *names, size_t count, watching *w)
{
    *w = (watching){ 0 };
    assert_int_equal(dnn_yaml_value(text, &w->node), DNN_OK);
    const dnn_status st = dnn_component_read(&dnn_callbacks, w->node, &w->component);
    if (st != DNN_OK) return st;
    w->kind = (const dnn_callback_kind *)w->component.kind;
    w->state = dnn_alloc(1, w->kind->state_size);
    assert_non_null(w->state);
    return w->kind->begin ? w->kind->begin(&w->component, names, count, w->state) : DNN_OK;
}

static inline void watching_close(watching *w)
{
    dnn_free(w->state);
    dnn_component_clear(&w->component);
    dnn_node_destroy(w->node);
}

static inline dnn_wish watching_epoch(watching *w, const dnn_report *report)
{
    dnn_wish wish = { 0 };
    w->kind->epoch_end(w->component.params, w->state, report, &wish);
    return wish;
}

/* What a checkpoint does: the state to a map and back into a callback that has just begun. */
static inline void watching_reopen(watching *w, const char *const *names, size_t count)
{
    dnn_node *saved = w->kind->save(w->state);
    assert_non_null(saved);
    memset(w->state, 0, w->kind->state_size);
    if (w->kind->begin) assert_int_equal(w->kind->begin(&w->component, names, count, w->state), DNN_OK);
    assert_int_equal(w->kind->load(saved, w->state), DNN_OK);
    dnn_node_destroy(saved);
}

#endif
