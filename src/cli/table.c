#include "cli/table.h"

#include <stdarg.h>
#include <string.h>

#include "dnn/base/memory.h"

void table_open(table *t, size_t columns)
{
    *t = (table){ .columns = columns };
}

static void take(table *t, char *owned)
{
    if (t->count == t->room) {
        const size_t room = t->room ? 2 * t->room : 64;
        char **cells = dnn_realloc(t->cells, room, sizeof *cells);
        if (cells) {
            t->cells = cells;
            t->room = room;
        }
    }
    if (!owned || t->count == t->room) {
        t->failed = true;
        dnn_free(owned);
        return;
    }
    t->cells[t->count++] = owned;
}

void table_add(table *t, const char *text)
{
    take(t, dnn_strdup(text ? text : ""));
}

void table_format(table *t, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    table_add(t, text);
}

/* Characters, not bytes: all but the continuation bytes of UTF-8. */
static int width(const char *text)
{
    int count = 0;
    for (; *text; text++) count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

dnn_status table_close(table *t)
{
    const bool failed = t->failed;
    for (size_t i = 0; i < t->count; i++) dnn_free(t->cells[i]);
    dnn_free(t->cells);
    *t = (table){ 0 };
    return failed ? DNN_E_MEMORY : DNN_OK;
}

static void pad(FILE *stream, int count, char with)
{
    for (int i = 0; i < count; i++) fputc(with, stream);
}

/* `text` with line breaks at blanks so that it fits into `room` characters a line; what follows a break begins `left` blanks in. */
static void put_wrapped(FILE *stream, const char *text, int room, int left)
{
    int used = 0;
    while (*text) {
        const size_t length = strcspn(text, " ");
        char word[256];
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        const int wide = length < sizeof word ? width(word) : (int)length;
        if (used > 0 && used + 1 + wide > room) {
            fputc('\n', stream);
            pad(stream, left, ' ');
            used = 0;
        }
        if (used > 0) fputc(' ', stream);
        fwrite(text, 1, length, stream);
        used += wide + (used > 0);
        text += length + (text[length] == ' ');
    }
}

static void print_row(const table *t, FILE *stream, int indent, char **row, const int *widths)
{
    enum { NARROWEST = 20 };
    size_t last = t->columns;
    int left = indent;
    while (last > 0 && !row[last - 1][0]) last--; /* no blanks at the end of a line */
    pad(stream, last ? indent : 0, ' ');
    for (size_t c = 0; c < last; c++) {
        const int missing = widths[c] - width(row[c]);
        if (t->right[c]) pad(stream, missing, ' ');
        if (c + 1 == t->columns && t->wrap - left >= NARROWEST) put_wrapped(stream, row[c], t->wrap - left, left);
        else fputs(row[c], stream);
        left += widths[c] + 2;
        if (c + 1 == last) break;
        if (!t->right[c]) pad(stream, missing, ' ');
        fputs("  ", stream);
    }
    fputc('\n', stream);
}

dnn_status table_print(table *t, FILE *stream, int indent, bool heading)
{
    int widths[TABLE_COLUMNS] = { 0 };
    for (size_t i = 0; i < t->count; i++) {
        const int w = width(t->cells[i]);
        if (w > widths[i % t->columns]) widths[i % t->columns] = w;
    }
    for (size_t i = 0; !t->failed && i + t->columns <= t->count; i += t->columns) {
        print_row(t, stream, indent, t->cells + i, widths);
        if (!heading || i > 0) continue;
        pad(stream, indent, ' ');
        for (size_t c = 0, left = (size_t)indent; c < t->columns; left += (size_t)widths[c++] + 2) {
            const int room = t->wrap - (int)left;
            pad(stream, c + 1 == t->columns && t->wrap && room > 0 && room < widths[c] ? room : widths[c], '-');
            fputs(c + 1 < t->columns ? "  " : "\n", stream);
        }
    }
    return table_close(t);
}

static void markdown_cell(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (*text == '|') fputc('\\', stream);
        fputc(*text, stream);
    }
}

dnn_status table_markdown(table *t, FILE *stream)
{
    for (size_t i = 0; !t->failed && i + t->columns <= t->count; i += t->columns) {
        for (size_t c = 0; c < t->columns; c++) {
            fputs(c ? " | " : "| ", stream);
            markdown_cell(stream, t->cells[i + c]);
        }
        fputs(" |\n", stream);
        for (size_t c = 0; i == 0 && c < t->columns; c++) fputs(c ? " --- |" : "| --- |", stream);
        if (i == 0) fputc('\n', stream);
    }
    return table_close(t);
}
