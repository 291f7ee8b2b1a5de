/* Run files by libfyaml, event by event and never as its document: the document's check for repeated keys is quadratic
 * (20,000 keys: 15 s) and resolving aliases may fill any memory. Every limit is tested as the event comes in, so
 * hostile files end early. */
#include "dnn/io/tree.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "io/scalar.h"
#include "io/yaml_check.h"

#define NOTHING "the file says nothing: at least one key is expected"

typedef struct frame {
    dnn_node *node;
    char *key;
    dnn_place key_place;
} frame;

typedef struct reader {
    const char *file;
    dnn_place at;      /* of the event in hand */
    const char *value; /* of the command line, which has no lines; NULL: a file is read */
    dnn_node *root;
    frame open[YAML_MAX_DEPTH]; /* lists and maps not yet ended; their nodes are owned by `root` */
    size_t depth, documents, values;
} reader;

__attribute__((format(printf, 2, 3))) static dnn_status refuse(const reader *r, const char *format, ...)
{
    char what[900];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (r->value) return dnn_place_fail(DNN_E_CONFIG, r->at, "\"%.100s\": %s", r->value, what);
    return dnn_place_fail(DNN_E_CONFIG, r->at, "%s", what);
}

static void locate(reader *r, const struct fy_mark *mark, int back)
{
    if (!mark || r->value) return; /* an absent value stands where its key stands */
    r->at.line = mark->line + 1;
    r->at.column = mark->column + 1 - back;
}

/* libfyaml's marks stand behind the quote, "&" or "*" that a reader looks for. */
static bool marked_behind(struct fy_event *event)
{
    if (event->type == FYET_ALIAS) return true;
    if (event->type != FYET_SCALAR || !event->scalar.value) return false;
    const enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
    return style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

/* Hands the node over to the innermost open list or map, or makes it the root. */
static dnn_status put(reader *r, dnn_node *node)
{
    if (!node) return DNN_E_MEMORY;
    node->place = r->at;
    if (r->depth == 0) {
        r->root = node;
        return DNN_OK;
    }
    frame *top = &r->open[r->depth - 1];
    if (top->node->type == DNN_NODE_LIST) return dnn_node_append(top->node, node);
    const dnn_status st = dnn_node_set(top->node, top->key, node);
    if (st == DNN_OK) node->key_place = top->key_place;
    dnn_free(top->key);
    top->key = NULL;
    return st;
}

static bool key_is_due(const reader *r)
{
    return r->depth > 0 && r->open[r->depth - 1].node->type == DNN_NODE_MAP && !r->open[r->depth - 1].key;
}

static dnn_status read_key(reader *r, const char *text, bool plain)
{
    frame *top = &r->open[r->depth - 1];
    if (plain && strcmp(text, "<<") == 0) return refuse(r, "merge keys (<<) are not supported: write the keys out");
    if (plain && *text == '\0') return refuse(r, "a key is missing in front of the colon");
    if (top->node->count >= YAML_MAX_KEYS) return refuse(r, "over %d keys in one map", YAML_MAX_KEYS);
    const dnn_node *before = dnn_node_find(top->node, text);
    if (before && r->value) return refuse(r, "key \"%s\" is repeated: remove one of the two", text);
    if (before)
        return refuse(r, "key \"%s\" is repeated (first in line %d): remove one of the two", text,
                      before->key_place.line);
    top->key = dnn_strdup(text);
    top->key_place = r->at;
    return top->key ? DNN_OK : DNN_E_MEMORY;
}

static dnn_node *with_text_as_written(dnn_node *node, const char *text)
{
    if (!node) return NULL;
    char *written = dnn_strdup(text);
    if (!written) {
        dnn_node_destroy(node);
        return NULL;
    }
    dnn_free(node->text);
    node->text = written;
    return node;
}

static dnn_status read_value(reader *r, const char *text, bool plain)
{
    const dnn_scalar s = plain ? dnn_scalar_read(text) : (dnn_scalar){.type = DNN_NODE_STRING};
    if (s.refused) return refuse(r, "%s: %s", text, s.refused);
    switch (s.type) {
    case DNN_NODE_NULL:
        return put(r, dnn_node_null());
    case DNN_NODE_BOOL:
        return put(r, dnn_node_bool(s.boolean));
    case DNN_NODE_INT:
        return put(r, with_text_as_written(dnn_node_int(s.integer), text));
    case DNN_NODE_REAL:
        return put(r, with_text_as_written(dnn_node_real(s.real), text));
    default:
        return put(r, dnn_node_string(text));
    }
}

static dnn_status check_extras(reader *r, struct fy_event *event)
{
    struct fy_token *anchor = fy_event_get_anchor_token(event), *tag = fy_event_get_tag_token(event);
    if (anchor || tag) locate(r, fy_token_start_mark(anchor ? anchor : tag), anchor ? 1 : 0);
    if (anchor) return refuse(r, "anchors (&name) are not supported: write the value out, or put the text in quotes");
    if (tag) return refuse(r, "tags (!name) are not supported: leave it out, or put the text in quotes");
    return DNN_OK;
}

static dnn_status read_scalar(reader *r, struct fy_event *event)
{
    struct fy_token *token = fy_event_get_token(event);
    size_t length = 0;
    const char *text = token ? fy_token_get_text(token, &length) : "";
    if (!text) return dnn_fail(DNN_E_MEMORY, "out of memory");
    if (memchr(text, '\0', length)) return refuse(r, "a zero character in a text");
    char *copy = dnn_alloc(length + 1, 1);
    if (!copy) return DNN_E_MEMORY;
    memcpy(copy, text, length);
    const bool plain = !token || fy_token_scalar_style(token) == FYSS_PLAIN;
    const dnn_status st = key_is_due(r) ? read_key(r, copy, plain) : read_value(r, copy, plain);
    dnn_free(copy);
    return st;
}

static dnn_status open_collection(reader *r, dnn_node *node)
{
    if (!node) return DNN_E_MEMORY;
    if (key_is_due(r) || r->depth == YAML_MAX_DEPTH) {
        dnn_node_destroy(node);
        if (r->depth < YAML_MAX_DEPTH) return refuse(r, "a key must be a single word, not a list or map");
        return refuse(r, "nested deeper than %d levels", YAML_MAX_DEPTH);
    }
    const dnn_status st = put(r, node);
    if (st == DNN_OK) r->open[r->depth++] = (frame){.node = node};
    return st;
}

static dnn_status take_event(reader *r, struct fy_event *event)
{
    locate(r, fy_event_start_mark(event), marked_behind(event));
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return r->documents++ == 0 ? DNN_OK : refuse(r, "a second document begins here: one file holds one");
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        r->depth--;
        return DNN_OK;
    case FYET_ALIAS:
        return refuse(r, "aliases (*name) are not supported: write the value out, or put the text in quotes");
    case FYET_MAPPING_START:
    case FYET_SEQUENCE_START:
    case FYET_SCALAR:
        break;
    default:
        return DNN_OK;
    }
    dnn_status st = check_extras(r, event);
    if (st == DNN_OK && ++r->values > YAML_MAX_VALUES) st = refuse(r, "over %d keys and values in one file", YAML_MAX_VALUES);
    if (st != DNN_OK) return st;
    if (event->type == FYET_SCALAR) return read_scalar(r, event);
    return open_collection(r, event->type == FYET_MAPPING_START ? dnn_node_map() : dnn_node_list());
}

static dnn_status fail_as_told(reader *r, struct fy_diag *diag)
{
    void *position = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &position);
    if (!error) return refuse(r, "not readable as YAML");
    if (!r->value) r->at = (dnn_place){.file = r->file, .line = error->line, .column = error->column};
    return refuse(r, "%s", error->msg);
}

static dnn_status take_all(reader *r, struct fy_parser *parser, struct fy_diag *diag)
{
    dnn_status st = DNN_OK;
    struct fy_event *event;
    while (st == DNN_OK && (event = fy_parser_parse(parser))) {
        st = take_event(r, event);
        fy_parser_event_free(parser, event);
    }
    if (st == DNN_OK && fy_parser_get_stream_error(parser)) st = fail_as_told(r, diag);
    return st;
}

static dnn_status parse(reader *r, const char *text, size_t length)
{
    struct fy_diag_cfg quiet;
    fy_diag_cfg_default(&quiet);
    quiet.fp = NULL;
    struct fy_diag *diag = fy_diag_create(&quiet);
    if (!diag) return dnn_fail(DNN_E_MEMORY, "out of memory");
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE, .diag = diag};
    struct fy_parser *parser = fy_parser_create(&cfg);
    dnn_status st = DNN_OK;
    if (!parser || fy_parser_set_string(parser, text, length) != 0) st = dnn_fail(DNN_E_MEMORY, "out of memory");
    if (st == DNN_OK) st = take_all(r, parser, diag);
    if (parser) fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    for (size_t i = 0; i < YAML_MAX_DEPTH; i++) dnn_free(r->open[i].key); /* left over by a failure only */
    if (st != DNN_OK) {
        dnn_node_destroy(r->root);
        r->root = NULL;
    }
    return st;
}

static dnn_status read_text(reader *r, const char *name, const char *text, size_t length, dnn_node **out)
{
    *out = NULL;
    r->file = dnn_place_intern(name);
    if (!r->file) return DNN_E_MEMORY;
    r->at.file = r->file;
    dnn_status st = dnn_yaml_check(text, length, r->file);
    if (st == DNN_OK && length > 0) st = parse(r, text, length);
    if (st == DNN_OK && !r->root)
        st = dnn_fail(DNN_E_CONFIG, "%s: %s", name,
                      r->value ? "no value given (null: none, '': an empty text)" : NOTHING);
    *out = r->root;
    return st;
}

dnn_status dnn_yaml_parse(const char *text, size_t length, const char *name, dnn_node **out)
{
    reader r = {0};
    const bool marked = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0; /* or columns of line 1 were off by one */
    const dnn_status st = read_text(&r, name, marked ? text + 3 : text, marked ? length - 3 : length, out);
    if (st != DNN_OK || (*out)->type != DNN_NODE_NULL) return st;
    dnn_node_destroy(*out);
    *out = NULL;
    return dnn_fail(DNN_E_CONFIG, "%s: %s", name, NOTHING);
}

dnn_status dnn_yaml_value(const char *text, dnn_node **out)
{
    reader r = {.value = text};
    return read_text(&r, "command line", text, strlen(text), out);
}
