/* Trees for tests, from flow style text, as if line 12 of run.yaml; and what a struct of every type looks like. */
#ifndef DNN_TESTS_BASE_SUPPORT_H
#define DNN_TESTS_BASE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/params.h"
#include "dnn/base/memory.h"

static inline void put_places(dnn_node *node, int column)
{
    node->place = (dnn_place){ .file = dnn_place_intern("run.yaml"), .line = 12, .column = column };
    if (node->key) node->key_place = (dnn_place){ .file = node->place.file, .line = 12, .column = column - 2 };
    for (size_t i = 0; i < node->count; i++) put_places(node->items[i], column + 10 * ((int)i + 1));
}

static inline dnn_node *tree(const char *text)
{
    dnn_node *node = NULL;
    assert_int_equal(dnn_preset_read(text, &node), DNN_OK);
    put_places(node, 10);
    return node;
}

static inline void assert_tree(dnn_node *got, const char *expected)
{
    dnn_node *other = tree(expected);
    assert_non_null(got);
    assert_true(dnn_node_equal(got, other));
    dnn_node_destroy(other);
}

#define assert_fails(status, expected, text) \
    do { \
        assert_int_equal((status), (expected)); \
        assert_string_equal(dnn_fail_text(), (text)); \
    } while (0)

static inline int nothing_is_left(void **state)
{
    (void)state;
    dnn_place_forget();
    return dnn_memory_balance() == 0 ? 0 : -1;
}

#endif
