/* What libfyaml 0.7.12 does not look after itself: it ends a text silently at a malformed byte, reads UTF-16 as nothing
 * and lets control characters through; it keeps a whole flow collection that might be a key as tokens of 270 bytes (1
 * MiB of "[": 270 MB); and it takes the square of a run of white space in time (20,000 blanks: 0.4 s). */
#include "io/yaml_check.h"

#include <stdbool.h>
#include <string.h>

#include "dnn/base/node.h"
#include "dnn/io/text.h"

enum { MAX_BYTES = 1 << 20, MAX_LINE = 1 << 16, MAX_MARKS = 100000, MAX_BLANK_COST = 50000000 };

static bool control(unsigned char c) { return (c < 0x20 && c != '\t' && c != '\r') || c == 0x7F; }

static int characters(const char *text, size_t length)
{
    int count = 0;
    for (size_t i = 0; i < length; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static dnn_status check_line(const char *text, size_t length, const char *file, int line)
{
    dnn_place place = {.file = file, .line = line, .column = 1};
    const size_t good = dnn_text_utf8(text, length);
    if (length > MAX_LINE) return dnn_place_fail(DNN_E_CONFIG, place, "a line of over %d bytes: break it", MAX_LINE);
    if (length > 0 && *text == '%')
        return dnn_place_fail(DNN_E_CONFIG, place, "directives (%%YAML, %%TAG) are not supported: remove the line");
    if (good < length) {
        place.column += characters(text, good);
        return dnn_place_fail(DNN_E_CONFIG, place, "byte 0x%02x is not UTF-8: save the file as UTF-8",
                              (unsigned char)text[good]);
    }
    size_t i = 0;
    while (i < length && !control((unsigned char)text[i])) i++;
    if (i == length) return DNN_OK;
    place.column += characters(text, i);
    return dnn_place_fail(DNN_E_CONFIG, place, "a control character (0x%02x): remove it", (unsigned char)text[i]);
}

/* Each of these may become a token; "-" and "?" only behind a blank, so that rulers in comments do not count. */
static bool is_mark(char c, bool behind_blank)
{
    return c != '\0' && (strchr(",[]{}\"'*&!", c) || (behind_blank && strchr("-?", c)));
}

/* What will cost the parser memory (tokens) and time (squares of runs of white space). */
typedef struct costs {
    size_t marks, run, blanks;
} costs;

static void add_costs(costs *c, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        c->marks += is_mark(text[i], c->run > 0);
        const bool blank = text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n';
        c->run = blank ? c->run + 1 : 0;
        c->blanks += blank ? 2 * c->run - 1 : 0; /* adds up to the square */
    }
}

static dnn_status check_costs(const costs *c, const char *file, int line)
{
    const dnn_place place = {.file = file, .line = line, .column = 1};
    if (c->marks > MAX_MARKS)
        return dnn_place_fail(DNN_E_CONFIG, place, "over %d brackets, commas and quotes in one file", MAX_MARKS);
    if (c->blanks > MAX_BLANK_COST)
        return dnn_place_fail(DNN_E_CONFIG, place, "too many blanks or empty lines in a row: remove them");
    return DNN_OK;
}

dnn_status dnn_yaml_check(const char *text, size_t length, const char *file)
{
    if (length > MAX_BYTES)
        return dnn_fail(DNN_E_CONFIG, "%s: %zu bytes: at most %d (1 MiB) are read", file, length, MAX_BYTES);
    if (length >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
        return dnn_fail(DNN_E_CONFIG, "%s: written in UTF-16: save it as UTF-8", file);
    if (memchr(text, '\0', length))
        return dnn_fail(DNN_E_CONFIG, "%s: holds zero bytes: is it UTF-16, or no text? UTF-8 is expected", file);
    dnn_status st = DNN_OK;
    costs so_far = {0};
    const char *const end = text + length;
    for (int line = 1; text < end && st == DNN_OK; line++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const size_t bytes = (size_t)((newline ? newline : end) - text);
        st = check_line(text, bytes, file, line);
        add_costs(&so_far, text, newline ? bytes + 1 : bytes);
        if (st == DNN_OK) st = check_costs(&so_far, file, line);
        text += bytes + 1;
    }
    return st;
}
