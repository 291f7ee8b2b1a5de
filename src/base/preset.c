/* Defaults, as written in parameter rows: scalars, and lists and maps in flow style ("{min_max: {range: [0, 1]}}"). `base` leans
 * on no library, and the text is our own, so this reads just that. */
#include "params.h"

#include <stdlib.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/number.h"

static void skip_blanks(const char **at)
{
    while (**at == ' ') (*at)++;
}

static bool take(const char **at, char c)
{
    skip_blanks(at);
    if (**at != c) return false;
    (*at)++;
    return true;
}

/* Up to what ends it within a list or map, without blanks around; owned by the caller. */
static char *word(const char **at)
{
    skip_blanks(at);
    size_t length = strcspn(*at, ",:[]{}");
    const char *begin = *at;
    *at += length;
    while (length > 0 && begin[length - 1] == ' ') length--;
    char *text = dnn_alloc(length + 1, 1);
    if (text) memcpy(text, begin, length);
    return text;
}

static dnn_node *scalar(const char *text)
{
    int64_t integer;
    double real;
    if (!*text || strcmp(text, "null") == 0) return dnn_node_null();
    if (strcmp(text, "true") == 0) return dnn_node_bool(true);
    if (strcmp(text, "false") == 0) return dnn_node_bool(false);
    if (dnn_integer_read(text, &integer)) return dnn_node_int(integer);
    if (!dnn_number_read(text, &real)) return dnn_node_string(text);
    dnn_node *node = dnn_node_real(real);
    char *written = node ? dnn_strdup(text) : NULL;
    if (written) {
        dnn_free(node->text);
        node->text = written; /* "1e-7" reads better than the digits it stands for */
    }
    return node;
}

static dnn_node *value(const char **at);

static dnn_node *list(const char **at)
{
    dnn_node *node = dnn_node_list();
    dnn_status st = node ? DNN_OK : DNN_E_MEMORY;
    if (take(at, ']')) return node;
    do {
        if (st == DNN_OK) st = dnn_node_append(node, value(at));
    } while (st == DNN_OK && take(at, ','));
    if (st == DNN_OK && take(at, ']')) return node;
    dnn_node_destroy(node);
    return NULL;
}

static dnn_node *map(const char **at)
{
    dnn_node *node = dnn_node_map();
    dnn_status st = node ? DNN_OK : DNN_E_MEMORY;
    if (take(at, '}')) return node;
    do {
        char *key = word(at);
        if (!key || !take(at, ':')) st = DNN_E_INTERNAL;
        if (st == DNN_OK) st = dnn_node_set(node, key, value(at));
        dnn_free(key);
    } while (st == DNN_OK && take(at, ','));
    if (st == DNN_OK && take(at, '}')) return node;
    dnn_node_destroy(node);
    return NULL;
}

static dnn_node *value(const char **at)
{
    if (take(at, '[')) return list(at);
    if (take(at, '{')) return map(at);
    char *text = word(at);
    dnn_node *node = text ? scalar(text) : NULL;
    dnn_free(text);
    return node;
}

dnn_status dnn_preset_read(const char *preset, dnn_node **out)
{
    const char *at = preset;
    dnn_fail_clear();
    *out = value(&at);
    skip_blanks(&at);
    if (*out && *at == '\0') return DNN_OK;
    const bool malformed = *out || dnn_fail_text()[0] == '\0';
    dnn_node_destroy(*out);
    *out = NULL;
    return malformed ? dnn_fail(DNN_E_INTERNAL, "the default '%s' of a parameter row cannot be read", preset) : DNN_E_MEMORY;
}
