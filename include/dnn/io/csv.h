/** CSV tables (RFC 4180: quoted fields, CRLF, a header line), plain or gzipped. Local. */
#ifndef DNN_IO_CSV_H
#define DNN_IO_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include "dnn/base/status.h"

/** Cells as text, column by column; all owned. */
typedef struct dnn_csv { char *path; size_t rows, columns; char **names; /**< [columns] */
                         const char **cell; /**< [rows * columns] row-major, into `text` */ int *line; /**< [rows] line of each row in the file */ char *text; } dnn_csv;

/** Reads the whole table. DNN_E_DATA names file and line: a row with too few or too many fields, an open quote, a name used twice. */
dnn_status dnn_csv_read(const char *path, dnn_csv *out);
void dnn_csv_clear(dnn_csv *csv);
/** Column of that name, or of that position ("3"); DNN_E_DATA names the nearest. */
dnn_status dnn_csv_column(const dnn_csv *csv, const char *name, size_t *column);
/** The cell as a finite number; false where it is none (empty, text, nan). */
bool dnn_csv_number(const char *cell, double *value);

#endif
