/* Aligned columns. Private to `cli`. */
#ifndef DNN_CLI_TABLE_H
#define DNN_CLI_TABLE_H

#include <stdbool.h>
#include <stdio.h>
#include "dnn/base/status.h"

enum { TABLE_COLUMNS = 8 };

typedef struct table {
    size_t columns;
    bool right[TABLE_COLUMNS];      /* numbers */
    char **cells; size_t count, room; /* row by row, owned */
    int wrap;                       /* columns of the screen that the last column is broken to fit; 0: one line a row */
    bool failed;                    /* out of memory: said at the end, so that rows can be added without a check */
} table;

void table_open(table *t, size_t columns);
/* One cell; the row is full after `columns` of them. NULL is an empty cell. */
void table_add(table *t, const char *text);
__attribute__((format(printf, 2, 3))) void table_format(table *t, const char *format, ...);
/* Frees it unprinted. DNN_E_MEMORY where a cell was lost. */
dnn_status table_close(table *t);
/* With `indent` blanks in front of each row; frees the table. With a heading, the first row is one and is underlined. */
dnn_status table_print(table *t, FILE *stream, int indent, bool heading);
/* As a Markdown table, the first row being its head; frees the table. */
dnn_status table_markdown(table *t, FILE *stream);

#endif
