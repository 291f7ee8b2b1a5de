/* CSV tables: RFC 4180. Cells stay where they were read; quotes are undone in place, which only shortens them. */
#include "dnn/io/csv.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/number.h"
#include "io/gzip.h"

/* Above this HDF5 is the better home. A packed file may also not grow more than a table of numbers does (about 3 to 30
 * fold), so that a bomb of some kilobytes ends early. */
#define MAX_BYTES ((size_t)2 << 30)
#define MAX_GROWTH 200
#define ALWAYS_ALLOWED ((size_t)4 << 20)

static size_t limit_of(const dnn_gzip *gz)
{
    const size_t grown = gz->size < MAX_BYTES / MAX_GROWTH ? gz->size * MAX_GROWTH : MAX_BYTES;
    if (!gz->packed) return MAX_BYTES;
    return grown > ALWAYS_ALLOWED ? grown : ALWAYS_ALLOWED;
}

static dnn_status load(const char *path, char **text, size_t *length)
{
    dnn_gzip gz;
    dnn_status st = dnn_gzip_open(path, &gz);
    if (st != DNN_OK) return st;
    const size_t limit = limit_of(&gz);
    size_t room = gz.packed ? (size_t)1 << 20 : gz.size + 1, got = 0;
    if (room > limit) room = limit + 1;
    *length = 0;
    while (st == DNN_OK) {
        char *more = dnn_realloc(*text, room + 1, 1);
        if (!more) {
            st = DNN_E_MEMORY;
            break;
        }
        *text = more;
        st = dnn_gzip_read(&gz, *text + *length, room - *length, &got);
        *length += got;
        if (st == DNN_OK && *length > limit)
            st = dnn_fail(DNN_E_DATA, "%s: holds more than %zu bytes of text: %s", path, limit,
                          gz.packed ? "unpack it, if it is to be trusted" : "use an HDF5 file");
        if (*length < room) break;
        room = room > limit / 2 ? limit + 1 : 2 * room;
    }
    if (*text) (*text)[*length] = '\0';
    dnn_gzip_close(&gz);
    return st;
}

typedef struct scanner {
    dnn_csv *csv;
    char *at, *end;
    int line;
    size_t room; /* of csv->cell, in cells */
} scanner;

static dnn_status wrong(const scanner *s, int line, const char *what)
{
    return dnn_fail(DNN_E_DATA, "%s:%d: %s", s->csv->path, line, what);
}

static bool ends_field(const scanner *s, const char *c)
{
    return c == s->end || *c == ',' || *c == '\n' || (*c == '\r' && c + 1 < s->end && c[1] == '\n');
}

static dnn_status quoted_field(scanner *s, char **cell)
{
    const int line = s->line;
    char *to = ++s->at;
    *cell = to;
    for (;; s->at++) {
        if (s->at == s->end) return wrong(s, line, "a quote is opened here and never closed");
        if (*s->at == '\n') s->line++;
        if (*s->at == '"' && *++s->at != '"') break; /* the NUL behind the text is no quote */
        *to++ = *s->at;
    }
    if (!ends_field(s, s->at))
        return wrong(s, s->line, "text behind a closing quote: a quote inside a field is written twice");
    *to = '\0';
    return DNN_OK;
}

static dnn_status bare_field(scanner *s, char **cell)
{
    *cell = s->at;
    for (; !ends_field(s, s->at); s->at++) {
        if (*s->at == '"')
            return wrong(s, s->line,
                         "a quote inside a field: put the whole field in quotes and write that quote twice");
        if (*s->at == '\r') return wrong(s, s->line, "a lone carriage return: lines end with LF or CRLF");
    }
    return DNN_OK;
}

/* One field with what ends it; `last` of its line. */
static dnn_status take_field(scanner *s, char **cell, bool *last)
{
    const dnn_status st = s->at < s->end && *s->at == '"' ? quoted_field(s, cell) : bare_field(s, cell);
    if (st != DNN_OK) return st;
    char *stop = s->at;
    *last = stop == s->end || *stop != ',';
    if (stop < s->end) s->at += *stop == '\r' ? 2 : 1;
    if (*last && stop < s->end) s->line++;
    *stop = '\0';
    return DNN_OK;
}

static bool blank_to_the_end(const scanner *s)
{
    const char *c = s->at;
    while (c < s->end && (*c == '\r' || *c == '\n')) c++;
    return c == s->end;
}

static char *trimmed(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) length--;
    text[length] = '\0';
    return text;
}

static void skip_blank_lines(scanner *s)
{
    for (; s->at < s->end; s->line++) {
        const char *const c = s->at + (*s->at == '\r');
        if (c == s->end || *c != '\n') return;
        s->at += c - s->at + 1;
    }
}

static dnn_status add_name(dnn_csv *csv, char *name)
{
    if ((csv->columns & (csv->columns - 1)) == 0) { /* room doubles at powers of two */
        char **names = dnn_realloc(csv->names, csv->columns ? 2 * csv->columns : 1, sizeof *names);
        if (!names) return DNN_E_MEMORY;
        csv->names = names;
    }
    csv->names[csv->columns++] = name;
    return DNN_OK;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static dnn_status check_names(const dnn_csv *csv, int line)
{
    char **sorted = dnn_alloc(csv->columns, sizeof *sorted);
    if (!sorted) return DNN_E_MEMORY;
    memcpy(sorted, csv->names, csv->columns * sizeof *sorted);
    qsort(sorted, csv->columns, sizeof *sorted, by_name);
    dnn_status st = DNN_OK;
    for (size_t i = 1; i < csv->columns && st == DNN_OK; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            st = dnn_fail(DNN_E_DATA, "%s:%d: two columns are named \"%s\": names must differ", csv->path, line,
                          sorted[i]);
    dnn_free(sorted);
    return st;
}

static dnn_status read_first_line(scanner *s)
{
    if (blank_to_the_end(s)) return dnn_fail(DNN_E_DATA, "%s: is empty: a table is expected", s->csv->path);
    bool last = false;
    dnn_status st = DNN_OK;
    while (st == DNN_OK && !last) {
        char *name;
        st = take_field(s, &name, &last);
        if (st == DNN_OK) st = add_name(s->csv, name);
    }
    return st;
}

static dnn_status read_header(scanner *s)
{
    const int line = s->line;
    const dnn_status st = read_first_line(s);
    if (st != DNN_OK) return st;
    for (size_t c = 0; c < s->csv->columns; c++) s->csv->names[c] = trimmed(s->csv->names[c]);
    return check_names(s->csv, line);
}

static dnn_status reserve_row(scanner *s)
{
    dnn_csv *csv = s->csv;
    const size_t needed = (csv->rows + 1) * csv->columns;
    if (needed <= s->room) return DNN_OK;
    const size_t rows = 2 * csv->rows + 64;
    const char **cell = dnn_realloc(csv->cell, rows * csv->columns, sizeof *cell);
    if (cell) csv->cell = cell;
    int *line = dnn_realloc(csv->line, rows, sizeof *line);
    if (line) csv->line = line;
    if (!cell || !line) return DNN_E_MEMORY;
    s->room = rows * csv->columns;
    return DNN_OK;
}

/* Columns are called by their numbers. */
static dnn_status number_columns(dnn_csv *csv)
{
    enum { DIGITS = 24 };
    csv->numbers = dnn_alloc(csv->columns, DIGITS);
    if (!csv->numbers) return DNN_E_MEMORY;
    for (size_t c = 0; c < csv->columns; c++) {
        csv->names[c] = csv->numbers + c * DIGITS;
        snprintf(csv->names[c], DIGITS, "%zu", c);
    }
    return DNN_OK;
}

static dnn_status read_first_row(scanner *s)
{
    dnn_csv *csv = s->csv;
    const int line = s->line;
    dnn_status st = read_first_line(s);
    if (st == DNN_OK) st = reserve_row(s);
    if (st != DNN_OK) return st;
    for (size_t c = 0; c < csv->columns; c++) csv->cell[c] = csv->names[c];
    csv->line[csv->rows++] = line;
    return number_columns(csv);
}

static dnn_status read_row(scanner *s)
{
    dnn_csv *csv = s->csv;
    const int line = s->line;
    size_t fields = 0;
    bool last = false;
    dnn_status st = reserve_row(s);
    while (st == DNN_OK && !last) {
        char *cell;
        st = take_field(s, &cell, &last);
        if (st == DNN_OK && fields < csv->columns) csv->cell[csv->rows * csv->columns + fields] = cell;
        fields++;
    }
    if (st == DNN_OK && fields != csv->columns)
        st = dnn_fail(DNN_E_DATA, "%s:%d: %zu field%s, but the header has %zu", csv->path, line, fields,
                      fields == 1 ? "" : "s", csv->columns);
    if (st == DNN_OK) csv->line[csv->rows++] = line;
    return st;
}

static dnn_status read_table(const char *path, bool header, dnn_csv *out)
{
    *out = (dnn_csv){.path = dnn_strdup(path)};
    size_t length = 0;
    dnn_status st = out->path ? load(path, &out->text, &length) : DNN_E_MEMORY;
    if (st == DNN_OK && memchr(out->text, '\0', length))
        st = dnn_fail(DNN_E_DATA, "%s: holds zero bytes: no text in UTF-8", path);
    if (st == DNN_OK) {
        scanner s = {.csv = out, .at = out->text, .end = out->text + length, .line = 1};
        if (length >= 3 && memcmp(s.at, "\xEF\xBB\xBF", 3) == 0) s.at += 3; /* spreadsheets put a mark there */
        st = header ? read_header(&s) : read_first_row(&s);
        while (st == DNN_OK && !blank_to_the_end(&s)) {
            /* In a table of one column such a line is a row whose cell is empty. */
            if (out->columns > 1) skip_blank_lines(&s);
            st = read_row(&s);
        }
    }
    if (st != DNN_OK) dnn_csv_clear(out);
    return st;
}

dnn_status dnn_csv_read(const char *path, dnn_csv *out) { return read_table(path, true, out); }
dnn_status dnn_csv_read_bare(const char *path, dnn_csv *out) { return read_table(path, false, out); }

void dnn_csv_clear(dnn_csv *csv)
{
    dnn_free(csv->path);
    dnn_free(csv->names);
    dnn_free(csv->numbers);
    dnn_free(csv->cell);
    dnn_free(csv->line);
    dnn_free(csv->text);
    *csv = (dnn_csv){0};
}
