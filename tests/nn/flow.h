/* Nodes from a text in YAML's flow style, with places as a run file would have them: "{layers: [flatten, {dense: {units: 3}}]}". For tests,
 * which link nn without io. The text is trusted. */
#ifndef DNN_TESTS_NN_FLOW_H
#define DNN_TESTS_NN_FLOW_H

#include <stdlib.h>
#include <string.h>

#include "dnn/base/node.h"

typedef struct flow_reader { const char *at; int line, column; const char *file; } flow_reader;

static inline void flow_step(flow_reader *r)
{
    if (*r->at == '\n') {
        r->line++;
        r->column = 1;
    } else {
        r->column++;
    }
    r->at++;
}

static inline void flow_blanks(flow_reader *r)
{
    while (*r->at == ' ' || *r->at == '\n') flow_step(r);
}

static inline char *flow_word(flow_reader *r)
{
    const char *begin = r->at;
    while (*r->at && !strchr(",:[]{}\n", *r->at)) flow_step(r);
    return strndup(begin, (size_t)(r->at - begin));
}

static inline dnn_node *flow_scalar(const char *text)
{
    char *end = NULL;
    if (strcmp(text, "null") == 0) return dnn_node_null();
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) return dnn_node_bool(*text == 't');
    const long long integer = strtoll(text, &end, 10);
    if (*text && !*end) return dnn_node_int(integer);
    const double number = strtod(text, &end);
    return *text && !*end ? dnn_node_real(number) : dnn_node_string(text);
}

static inline dnn_node *flow_value(flow_reader *r)
{
    flow_blanks(r);
    const dnn_place place = { .file = r->file, .line = r->line, .column = r->column };
    dnn_node *node = NULL;
    if (*r->at == '[' || *r->at == '{') {
        const bool map = *r->at == '{';
        node = map ? dnn_node_map() : dnn_node_list();
        do {
            flow_step(r);
            flow_blanks(r);
            if (*r->at == ']' || *r->at == '}') break;
            if (map) {
                const dnn_place key_place = { .file = r->file, .line = r->line, .column = r->column };
                char *key = flow_word(r);
                flow_step(r);
                dnn_node_set(node, key, flow_value(r));
                node->items[node->count - 1]->key_place = key_place;
                free(key);
            } else {
                dnn_node_append(node, flow_value(r));
            }
            flow_blanks(r);
        } while (*r->at == ',');
        flow_step(r);
    } else {
        char *text = flow_word(r);
        node = flow_scalar(text);
        free(text);
    }
    node->place = place;
    return node;
}

/** Owned by the caller. The first character stands at run.yaml:1:1. */
static inline dnn_node *flow(const char *text)
{
    flow_reader r = { .at = text, .line = 1, .column = 1, .file = "run.yaml" };
    return flow_value(&r);
}

#endif
