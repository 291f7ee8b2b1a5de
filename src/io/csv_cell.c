/* Columns by name and cells as numbers. */
#include "dnn/io/csv.h"

#include <string.h>

#include "dnn/base/number.h"
#include "dnn/base/param.h"

dnn_status dnn_csv_column(const dnn_csv *csv, const char *name, size_t *column)
{
    for (size_t i = 0; i < csv->columns; i++)
        if (strcmp(csv->names[i], name) == 0) {
            *column = i;
            return DNN_OK;
        }
    int64_t position;
    if (dnn_integer_read(name, &position) && position >= 0 && (uint64_t)position < csv->columns) {
        *column = (size_t)position;
        return DNN_OK;
    }
    const char *near = dnn_nearest(name, (const char *const *)csv->names, csv->columns);
    if (near) return dnn_fail(DNN_E_DATA, "%s: no column \"%s\": did you mean \"%s\"?", csv->path, name, near);
    if (csv->columns == 1 && strpbrk(csv->names[0], ";\t"))
        return dnn_fail(DNN_E_DATA,
                        "%s: no column \"%s\": the fields seem to be separated by semicolons or tabs, commas are read",
                        csv->path, name);
    return dnn_fail(DNN_E_DATA, "%s: no column \"%s\": there are %zu, from \"%s\" to \"%s\"", csv->path, name,
                    csv->columns, csv->names[0], csv->names[csv->columns - 1]);
}

bool dnn_csv_number(const char *cell, double *value)
{
    char text[400]; /* more than any double needs when written out in full (309 digits) */
    cell += strspn(cell, " \t");
    size_t length = strlen(cell);
    while (length > 0 && (cell[length - 1] == ' ' || cell[length - 1] == '\t')) length--;
    if (length == 0 || length >= sizeof text) return false;
    memcpy(text, cell, length);
    text[length] = '\0';
    return dnn_number_read(text, value);
}
