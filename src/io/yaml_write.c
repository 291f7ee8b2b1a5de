/* Trees as run files a person likes to read: the sections and lists of components one line per entry, lists of scalars
 * and maps of parameters on one line where they fit. */
#include "dnn/io/tree.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/number.h"
#include "io/scalar.h"
#include "dnn/io/text.h"
#include "io/yaml_check.h"

enum { LINE_LENGTH = 110, STEP = 2, LONGEST_KEY = 500 };

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

/* Text that needs no quotes anywhere, neither for us nor for readers of YAML 1.1. The alphabet leaves out all
 * indicators. */
static bool plain_text(const char *text)
{
    static const char *const words[] = {"yes", "no", "on", "off", "y", "n"};
    if (!*text || !strchr(LETTERS "/.", *text)) return false;
    if (text[strcspn(text, LETTERS)] == '\0') return false; /* "..." and the like */
    if (text[strspn(text, LETTERS "/.0123456789+-")] != '\0') return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0) return false;
    const dnn_scalar s = dnn_scalar_read(text);
    return s.type == DNN_NODE_STRING && !s.refused;
}

static void add_quoted(dnn_text *out, const char *text)
{
    dnn_text_add(out, "\"");
    for (const char *c = text; *c; c++) {
        char escaped[8];
        const char *named = *c == '"' ? "\\\"" : *c == '\\' ? "\\\\" : *c == '\n' ? "\\n" : *c == '\t' ? "\\t" : NULL;
        if (named)
            dnn_text_add(out, named);
        else if ((unsigned char)*c >= 0x20 && *c != 0x7F)
            dnn_text_add_bytes(out, c, 1);
        else {
            snprintf(escaped, sizeof escaped, "\\x%02X", (unsigned char)*c);
            dnn_text_add(out, escaped);
        }
    }
    dnn_text_add(out, "\"");
}

static void add_text(dnn_text *out, const char *text)
{
    if (plain_text(text))
        dnn_text_add(out, text);
    else
        add_quoted(out, text);
}

/* A key is text whatever it looks like, so a label ("0") may stand bare. */
static void add_key(dnn_text *out, const char *key)
{
    if (*key && key[strspn(key, "0123456789")] == '\0')
        dnn_text_add(out, key);
    else
        add_text(out, key);
    dnn_text_add(out, ":");
}

/* As written, where that still says the value: a node's number may have been changed, or made by other means. */
static void add_number(dnn_text *out, const dnn_node *node)
{
    const dnn_scalar s = dnn_scalar_read(node->text ? node->text : "");
    const bool same = s.type == node->type && !s.refused &&
                      s.integer == (node->type == DNN_NODE_INT ? node->integer : s.integer) &&
                      (node->type == DNN_NODE_INT || s.real == node->real || (isnan(s.real) && isnan(node->real)));
    if (same) {
        dnn_text_add(out, node->text);
        return;
    }
    dnn_node *fresh = node->type == DNN_NODE_INT ? dnn_node_int(node->integer) : dnn_node_real(node->real);
    if (fresh)
        dnn_text_add(out, fresh->text);
    else
        out->failed = true;
    dnn_node_destroy(fresh);
}

static void add_scalar(dnn_text *out, const dnn_node *node)
{
    if (node->type == DNN_NODE_NULL)
        dnn_text_add(out, "null");
    else if (node->type == DNN_NODE_BOOL)
        dnn_text_add(out, node->boolean ? "true" : "false");
    else if (node->type == DNN_NODE_STRING)
        add_text(out, node->text);
    else
        add_number(out, node);
}

static bool is_collection(const dnn_node *node) { return node->type == DNN_NODE_LIST || node->type == DNN_NODE_MAP; }

static void add_flow(dnn_text *out, const dnn_node *node)
{
    if (!is_collection(node)) {
        add_scalar(out, node);
        return;
    }
    dnn_text_add(out, node->type == DNN_NODE_LIST ? "[" : "{");
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0) dnn_text_add(out, ", ");
        if (node->type == DNN_NODE_MAP) {
            add_key(out, node->items[i]->key);
            dnn_text_add(out, " ");
        }
        add_flow(out, node->items[i]);
    }
    dnn_text_add(out, node->type == DNN_NODE_LIST ? "]" : "}");
}

/* A list of maps (layers, phases) reads better below one another. */
static bool flow_suits(const dnn_node *node)
{
    for (size_t i = 0; i < node->count; i++) {
        if (node->type == DNN_NODE_LIST && node->items[i]->type == DNN_NODE_MAP && node->items[i]->count > 0)
            return false;
        if (!flow_suits(node->items[i])) return false;
    }
    return true;
}

/* Writes it in flow style where it suits and ends on this line; else leaves the text as it was. */
static bool try_flow(dnn_text *out, const dnn_node *node, size_t column)
{
    const size_t before = out->length;
    if (!flow_suits(node)) return false;
    add_flow(out, node);
    if (out->failed || node->count == 0 || column + out->length - before <= LINE_LENGTH) return true;
    out->length = before;
    out->at[before] = '\0';
    return false;
}

static void add_block(dnn_text *out, const dnn_node *node, size_t indent, bool in_list);

/* What follows "key:"; sections of the file (depth 0) are never squeezed into a line. */
static void add_value(dnn_text *out, const dnn_node *node, size_t indent, size_t column, bool section)
{
    if (!is_collection(node) || node->count == 0 || !section || node->type == DNN_NODE_LIST) {
        const size_t before = out->length;
        dnn_text_add(out, " ");
        if (!is_collection(node)) {
            add_scalar(out, node);
            return;
        }
        if (try_flow(out, node, column + 1)) return;
        if (!out->failed) out->at[out->length = before] = '\0';
    }
    dnn_text_add(out, "\n");
    add_block(out, node, indent + STEP, false);
}

static void add_entry(dnn_text *out, const dnn_node *item, size_t indent, bool section)
{
    const size_t start = out->length;
    add_key(out, item->key);
    add_value(out, item, indent, indent + out->length - start, section);
}

/* An item behind its "- ": a component with its parameters goes on as "- dense: {units: 10}". */
static void add_item(dnn_text *out, const dnn_node *item, size_t indent)
{
    const bool component = item->type == DNN_NODE_MAP && item->count == 1;
    if (!is_collection(item))
        add_scalar(out, item);
    else if (component || !try_flow(out, item, indent + STEP))
        add_block(out, item, indent + STEP, true);
}

/* `in_list`: the first line begins behind a dash. No newline at the end. */
static void add_block(dnn_text *out, const dnn_node *node, size_t indent, bool in_list)
{
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0) dnn_text_add(out, "\n");
        if (i > 0 || !in_list) dnn_text_add_spaces(out, indent);
        if (node->type == DNN_NODE_LIST) dnn_text_add(out, "- ");
        if (node->type == DNN_NODE_LIST)
            add_item(out, node->items[i], indent);
        else
            add_entry(out, node->items[i], indent, indent == 0);
    }
}

static bool is_utf8(const char *text) { return !text || dnn_text_utf8(text, strlen(text)) == strlen(text); }

/* What the reader would refuse is not written. `depth`: collections around it and itself. */
static dnn_status check(const dnn_node *node, size_t depth, size_t *values)
{
    if (!is_utf8(node->key) || !is_utf8(node->text))
        return dnn_node_fail(DNN_E_CONFIG, node, "a text is not UTF-8: it cannot be written as YAML");
    if (node->key && strlen(node->key) > LONGEST_KEY)
        return dnn_node_fail(DNN_E_CONFIG, node, "a key of %zu bytes: at most %d can be written", strlen(node->key),
                             LONGEST_KEY);
    *values += node->key ? 2 : 1;
    if (*values > YAML_MAX_VALUES)
        return dnn_node_fail(DNN_E_CONFIG, node, "over %d keys and values: more than is read", YAML_MAX_VALUES);
    if (!is_collection(node)) return DNN_OK;
    if (depth >= YAML_MAX_DEPTH)
        return dnn_node_fail(DNN_E_CONFIG, node, "nested deeper than %d levels: more than is read", YAML_MAX_DEPTH);
    if (node->type == DNN_NODE_MAP && node->count > YAML_MAX_KEYS)
        return dnn_node_fail(DNN_E_CONFIG, node, "%zu keys in one map: at most %d are read", node->count, YAML_MAX_KEYS);
    dnn_status st = DNN_OK;
    for (size_t i = 0; i < node->count && st == DNN_OK; i++) st = check(node->items[i], depth + 1, values);
    return st;
}

dnn_status dnn_yaml_write(const dnn_node *root, char **out)
{
    *out = NULL;
    size_t values = 0;
    dnn_status st = check(root, 0, &values);
    if (st != DNN_OK) return st;
    dnn_text text = {0};
    if (is_collection(root) && root->count > 0)
        add_block(&text, root, 0, false);
    else
        add_flow(&text, root);
    dnn_text_add(&text, "\n");
    st = text.failed ? DNN_E_MEMORY : dnn_yaml_check(text.at, text.length, "the run file to be written");
    if (st != DNN_OK) dnn_text_clear(&text);
    *out = text.at;
    return st;
}
