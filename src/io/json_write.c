/* JSON on one line, spaced as Python's json.dumps. By hand: jansson writes 0.1 as 0.10000000000000001. */
#include "dnn/io/tree.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/number.h"
#include "dnn/io/text.h"

static dnn_status add_string(dnn_text *out, const dnn_node *node, const char *text)
{
    if (dnn_text_utf8(text, strlen(text)) < strlen(text))
        return dnn_node_fail(DNN_E_CONFIG, node, "a text is not UTF-8: JSON cannot hold it");
    dnn_text_add(out, "\"");
    for (const char *c = text; *c; c++) {
        char escaped[8];
        const char *named = *c == '"' ? "\\\"" : *c == '\\' ? "\\\\" : *c == '\n' ? "\\n" : *c == '\t' ? "\\t" : NULL;
        if (named)
            dnn_text_add(out, named);
        else if ((unsigned char)*c >= 0x20)
            dnn_text_add_bytes(out, c, 1);
        else {
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned char)*c);
            dnn_text_add(out, escaped);
        }
    }
    dnn_text_add(out, "\"");
    return DNN_OK;
}

/* Never the text as written: YAML's ".5" and "+1" are no JSON. */
static dnn_status add_real(dnn_text *out, const dnn_node *node)
{
    char text[DNN_NUMBER_TEXT];
    if (!isfinite(node->real))
        return dnn_node_fail(DNN_E_CONFIG, node, "%s: JSON has no such number", dnn_number_text(node->real, text));
    dnn_text_add(out, dnn_number_text(node->real, text));
    if (!strpbrk(text, ".e")) dnn_text_add(out, ".0"); /* else it reads back as a whole number */
    return DNN_OK;
}

static void add_integer(dnn_text *out, const dnn_node *node)
{
    char text[DNN_NUMBER_TEXT];
    snprintf(text, sizeof text, "%lld", (long long)node->integer);
    dnn_text_add(out, text);
}

static dnn_status add(dnn_text *out, const dnn_node *node);

static dnn_status add_children(dnn_text *out, const dnn_node *node)
{
    const bool map = node->type == DNN_NODE_MAP;
    dnn_status st = DNN_OK;
    dnn_text_add(out, map ? "{" : "[");
    for (size_t i = 0; i < node->count && st == DNN_OK; i++) {
        if (i > 0) dnn_text_add(out, ", ");
        if (map) st = add_string(out, node->items[i], node->items[i]->key);
        if (map) dnn_text_add(out, ": ");
        if (st == DNN_OK) st = add(out, node->items[i]);
    }
    dnn_text_add(out, map ? "}" : "]");
    return st;
}

static dnn_status add(dnn_text *out, const dnn_node *node)
{
    switch (node->type) {
    case DNN_NODE_LIST:
    case DNN_NODE_MAP:
        return add_children(out, node);
    case DNN_NODE_STRING:
        return add_string(out, node, node->text);
    case DNN_NODE_REAL:
        return add_real(out, node);
    case DNN_NODE_INT:
        add_integer(out, node);
        break;
    case DNN_NODE_BOOL:
        dnn_text_add(out, node->boolean ? "true" : "false");
        break;
    case DNN_NODE_NULL:
        dnn_text_add(out, "null");
        break;
    }
    return DNN_OK;
}

dnn_status dnn_json_write(const dnn_node *root, char **out)
{
    dnn_text text = {0};
    dnn_status st = add(&text, root);
    if (st == DNN_OK && text.failed) st = DNN_E_MEMORY;
    if (st != DNN_OK) dnn_text_clear(&text);
    *out = text.at;
    return st;
}
