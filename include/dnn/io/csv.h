/** CSV tables (RFC 4180: quoted fields, CRLF, a header line), plain or gzipped. Local. */
#ifndef DNN_IO_CSV_H
#define DNN_IO_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include "dnn/base/status.h"

/** Cells as text, column by column; all owned. */
typedef struct dnn_csv {
    char *path;
    size_t rows, columns;
    char **names;      /**< [columns], blanks around them cut */
    const char **cell; /**< [rows * columns] row-major, into `text` */
    int *line;         /**< [rows] line of each row in the file */
    char *text, *numbers;
} dnn_csv;

/** Reads the whole table; empty lines are left out (where there is one column, at the end alone: else they are its cells), a byte-order mark in
 * front is fine. DNN_E_DATA names file and
 * line: a row with too few or too many fields, an open quote, a quote inside a bare field, a name used twice; also a
 * packed file that is cut, damaged or unpacks to over 200 times its size (from 4 MiB), and more than 2 GiB of text. */
dnn_status dnn_csv_read(const char *path, dnn_csv *out);
/** Likewise, of a table without a header line: the columns are named 0, 1, … */
dnn_status dnn_csv_read_bare(const char *path, dnn_csv *out);
void dnn_csv_clear(dnn_csv *csv);
/** Column of that name, else of that position ("3", from 0); DNN_E_DATA names the nearest. */
dnn_status dnn_csv_column(const dnn_csv *csv, const char *name, size_t *column);
/** The cell as a finite decimal number, blanks around it aside; false where it is none (empty, text, nan, inf,
 * hexadecimal). */
bool dnn_csv_number(const char *cell, double *value);

#endif
