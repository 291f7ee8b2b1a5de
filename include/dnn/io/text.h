/** A string that grows at its end: for the writers of YAML and JSON. Local. */
#ifndef DNN_IO_TEXT_H
#define DNN_IO_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** Starts all zero. Once memory has run out (failure text kept) `failed` stays set and additions do nothing, so that a
 * writer asks once, at its end. */
typedef struct dnn_text {
    char *at;
    size_t length, room;
    bool failed;
} dnn_text;

void dnn_text_add(dnn_text *text, const char *more);
void dnn_text_add_bytes(dnn_text *text, const char *more, size_t length);
void dnn_text_add_spaces(dnn_text *text, size_t count);
void dnn_text_clear(dnn_text *text);

/** Bytes at the front that are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms): `length` where all are.
 */
size_t dnn_text_utf8(const char *text, size_t length);

#endif
