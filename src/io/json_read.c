/* JSON (RFC 8259) by jansson, which refuses repeated keys, bad UTF-8 and numbers out of range with their place. */
#include "dnn/io/tree.h"

#include <jansson.h>
#include <string.h>

#include "dnn/base/memory.h"

enum { MAX_DEPTH = 200 };

/* Ahead of jansson, whose own limit (2048 levels) has no place in its text and whose tree we walk by recursion. */
static dnn_status check_depth(const char *text, size_t length, const char *name)
{
    int depth = 0, line = 1;
    size_t line_start = 0;
    bool quoted = false;
    for (size_t i = 0; i < length; i++) {
        const char c = text[i];
        if (c == '\n') {
            line++;
            line_start = i + 1;
        } else if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == '{') && ++depth > MAX_DEPTH)
            return dnn_fail(DNN_E_CONFIG, "%s:%d:%zu: nested deeper than %d levels", name, line, i - line_start + 1,
                            MAX_DEPTH);
        else if (!quoted && (c == ']' || c == '}'))
            depth--;
    }
    return DNN_OK;
}

static dnn_node *convert(const json_t *json, dnn_place place);

static dnn_node *convert_list(const json_t *json, dnn_place place)
{
    dnn_node *list = dnn_node_list();
    dnn_status st = list ? DNN_OK : DNN_E_MEMORY;
    for (size_t i = 0; i < json_array_size(json) && st == DNN_OK; i++)
        st = dnn_node_append(list, convert(json_array_get(json, i), place));
    if (st == DNN_OK) return list;
    dnn_node_destroy(list);
    return NULL;
}

static dnn_node *convert_map(json_t *json, dnn_place place)
{
    dnn_node *map = dnn_node_map();
    dnn_status st = map ? DNN_OK : DNN_E_MEMORY;
    for (void *i = json_object_iter(json); i && st == DNN_OK; i = json_object_iter_next(json, i))
        st = dnn_node_set(map, json_object_iter_key(i), convert(json_object_iter_value(i), place));
    if (st == DNN_OK) return map;
    dnn_node_destroy(map);
    return NULL;
}

static dnn_node *convert_value(const json_t *json, dnn_place place)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return convert_map((json_t *)json, place);
    case JSON_ARRAY:
        return convert_list(json, place);
    case JSON_STRING:
        return dnn_node_string(json_string_value(json));
    case JSON_INTEGER:
        return dnn_node_int(json_integer_value(json));
    case JSON_REAL:
        return dnn_node_real(json_real_value(json));
    case JSON_TRUE:
        return dnn_node_bool(true);
    case JSON_FALSE:
        return dnn_node_bool(false);
    default:
        return dnn_node_null();
    }
}

static dnn_node *convert(const json_t *json, dnn_place place)
{
    dnn_node *node = convert_value(json, place);
    if (node) node->place = place;
    return node;
}

dnn_status dnn_json_parse(const char *text, size_t length, const char *name, dnn_node **out)
{
    *out = NULL;
    const dnn_place place = {.file = dnn_place_intern(name)};
    if (!place.file) return DNN_E_MEMORY;
    const dnn_status st = check_depth(text, length, name);
    if (st != DNN_OK) return st;
    json_error_t error;
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!json) return dnn_fail(DNN_E_CONFIG, "%s:%d:%d: %s", name, error.line, error.column, error.text);
    *out = convert(json, place);
    json_decref(json);
    return *out ? DNN_OK : DNN_E_MEMORY;
}
