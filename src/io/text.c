/* Growing strings, and the well-formedness of UTF-8 (RFC 3629, section 4). */
#include "dnn/io/text.h"

#include <string.h>

#include "dnn/base/memory.h"

void dnn_text_add_bytes(dnn_text *text, const char *more, size_t length)
{
    if (text->failed) return;
    if (length >= text->room - text->length) {
        const size_t room = 2 * (text->length + length) + 256;
        char *at = dnn_realloc(text->at, room, 1);
        if (!at) {
            text->failed = true;
            return;
        }
        text->at = at;
        text->room = room;
    }
    memcpy(text->at + text->length, more, length);
    text->length += length;
    text->at[text->length] = '\0';
}

void dnn_text_add(dnn_text *text, const char *more) { dnn_text_add_bytes(text, more, strlen(more)); }

void dnn_text_add_spaces(dnn_text *text, size_t count)
{
    while (count-- > 0) dnn_text_add_bytes(text, " ", 1);
}

void dnn_text_clear(dnn_text *text)
{
    dnn_free(text->at);
    *text = (dnn_text){0};
}

/* Bytes of the character that begins at `c`, 0 where it is none. The table of RFC 3629: the second byte's range depends
 * on the first, which is what shuts out overlong forms and surrogates. */
static size_t character(const unsigned char *c, size_t left)
{
    if (c[0] < 0x80) return 1;
    const size_t length = c[0] < 0xC2 || c[0] > 0xF4 ? 0 : c[0] < 0xE0 ? 2 : c[0] < 0xF0 ? 3 : 4;
    if (length == 0 || length > left) return 0;
    const unsigned char low = c[0] == 0xE0 ? 0xA0 : c[0] == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = c[0] == 0xED ? 0x9F : c[0] == 0xF4 ? 0x8F : 0xBF;
    if (c[1] < low || c[1] > high) return 0;
    for (size_t i = 2; i < length; i++)
        if (c[i] < 0x80 || c[i] > 0xBF) return 0;
    return length;
}

size_t dnn_text_utf8(const char *text, size_t length)
{
    size_t i = 0, step = 1;
    while (i < length && (step = character((const unsigned char *)text + i, length - i)) > 0) i += step;
    return i;
}
