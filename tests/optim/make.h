/* Components for tests, made as a run file would make them. */
#ifndef DNN_TESTS_OPTIM_MAKE_H
#define DNN_TESTS_OPTIM_MAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "dnn/base/param.h"

/** Map of keys and nodes: pairs("momentum", dnn_node_real(0.9), NULL). */
static inline dnn_node *pairs(const char *key, ...)
{
    dnn_node *map = dnn_node_map();
    va_list list;
    va_start(list, key);
    for (; key; key = va_arg(list, const char *)) assert_int_equal(dnn_node_set(map, key, va_arg(list, dnn_node *)), DNN_OK);
    va_end(list);
    return map;
}

/** Reads {name: params}; takes `params`. */
static inline dnn_status try_make(const dnn_family *family, const char *name, dnn_node *params, dnn_component *out)
{
    dnn_node *node = pairs(name, params, NULL);
    const dnn_status st = dnn_component_read(family, node, out);
    dnn_node_destroy(node);
    return st;
}

static inline dnn_component make(const dnn_family *family, const char *name, dnn_node *params)
{
    dnn_component c = { 0 };
    if (try_make(family, name, params, &c) != DNN_OK) fail_msg("%s: %s", name, dnn_fail_text());
    return c;
}

#endif
