/** Line charts as SVG: a file of its own that browsers show, readable on light and on dark grounds. Local. */
#ifndef DNN_REPORT_CHART_H
#define DNN_REPORT_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include "dnn/base/status.h"

typedef struct dnn_chart_line {
    const char *name;        /**< in the legend */
    const double *x, *y;     /**< [n] borrowed; what is not finite, or not above 0 on a logarithmic axis, is a gap */
    size_t n;
    bool faint;              /**< drawn thin and pale, behind the others: raw values beside their average */
} dnn_chart_line;

typedef struct dnn_chart {
    const char *title, *x_label, *y_label;   /**< UTF-8; any characters, they are escaped */
    bool log_x, log_y;
    const dnn_chart_line *lines; size_t n_lines;
    double mark;             /**< x of a vertical line; NaN: none */
    const char *mark_label;
} dnn_chart;

/** The text of the SVG file, dnn_free. DNN_E_MEMORY. */
dnn_status dnn_chart_svg(const dnn_chart *chart, char **svg);
/** Into a file, as a whole or not at all. DNN_E_IO. */
dnn_status dnn_chart_write(const dnn_chart *chart, const char *path);
/** Columns of a CSV table with a header line against its column `x`: fills lines and labels (where these are NULL) of a copy of `chart` and writes it.
 * Cells that are no number are gaps; the first of several columns is faint where `raw`. DNN_E_DATA names file and column. */
dnn_status dnn_chart_write_table(const dnn_chart *chart, const char *csv, const char *x, const char *const *y, size_t n_y, bool raw, const char *path);

#endif
