/* The chart is drawn in user units of 760 by 440. Colours are classes, so that one style sheet serves both grounds; beyond six lines the same colours
 * return dashed. */
#include "dnn/report/chart.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/io/file.h"
#include "dnn/io/text.h"
#include "report/axis.h"

enum { WIDTH = 760, HEIGHT = 440, LEFT = 78, RIGHT = 18, TOP = 44, BOTTOM = 56, LEGEND_LINE = 20, COLOURS = 6, PIECE = 512 };

typedef struct drawing {
    dnn_text text;
    const dnn_chart *chart;
    axis x, y;
    double top; /* of the plot: below title and legend */
} drawing;

static const char style[] =
    "<style>\n"
    "svg{background:#fff;color:#1d2026;font:13px system-ui,sans-serif}\n"
    "text{fill:currentColor} .title{font-size:16px;font-weight:600} .tick{font-size:12px;opacity:.8}\n"
    ".grid{stroke:currentColor;opacity:.13} .minor{opacity:.06} .frame{fill:none;stroke:currentColor;opacity:.5}\n"
    ".line{fill:none;stroke-width:2;stroke-linejoin:round} .faint{stroke-width:1;opacity:.35} .again{stroke-dasharray:6 4}\n"
    ".mark{stroke:currentColor;stroke-dasharray:4 4;opacity:.7}\n"
    ".c0{stroke:#1f6fc4} .c1{stroke:#c2571a} .c2{stroke:#2b8a3e} .c3{stroke:#9c36b5} .c4{stroke:#b08900} .c5{stroke:#0c8599}\n"
    "@media (prefers-color-scheme:dark){svg{background:#16181d;color:#e6e8ec}\n"
    ".c0{stroke:#6cb2ff} .c1{stroke:#ff9f5a} .c2{stroke:#69db7c} .c3{stroke:#e599f7} .c4{stroke:#ffd43b} .c5{stroke:#3bc9db}}\n"
    "</style>\n";

__attribute__((format(printf, 2, 3))) static void put(drawing *d, const char *format, ...)
{
    char piece[PIECE]; /* numbers and words of our own: what comes from elsewhere goes through escape */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    dnn_text_add(&d->text, piece);
}

/* Bytes that are no UTF-8, and controls, would make it no XML. */
static void escape(drawing *d, const char *words)
{
    for (const char *at = words ? words : ""; *at;) {
        const size_t good = dnn_text_utf8(at, strlen(at)), plain = strcspn(at, "<>&\"'");
        if (*at == '<') dnn_text_add(&d->text, "&lt;");
        else if (*at == '>') dnn_text_add(&d->text, "&gt;");
        else if (*at == '&') dnn_text_add(&d->text, "&amp;");
        else if (*at == '"') dnn_text_add(&d->text, "&quot;");
        else if (*at == '\'') dnn_text_add(&d->text, "&#39;");
        else if (good == 0 || (unsigned char)*at < ' ') dnn_text_add(&d->text, "?");
        else {
            size_t n = 0;
            while (n < good && n < plain && (unsigned char)at[n] >= ' ') n++;
            dnn_text_add_bytes(&d->text, at, n);
            at += n;
            continue;
        }
        at++;
    }
}

static double place_x(const drawing *d, double value) { return LEFT + axis_share(&d->x, value) * (WIDTH - LEFT - RIGHT); }
static double place_y(const drawing *d, double value) { return HEIGHT - BOTTOM - axis_share(&d->y, value) * (HEIGHT - BOTTOM - d->top); }

static axis range(const dnn_chart *c, bool of_x)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < c->n_lines; k++)
        for (size_t i = 0; i < c->lines[k].n; i++) {
            if (!axis_shows(c->log_x, c->lines[k].x[i]) || !axis_shows(c->log_y, c->lines[k].y[i])) continue;
            const double value = of_x ? c->lines[k].x[i] : c->lines[k].y[i];
            low = fmin(low, value);
            high = fmax(high, value);
        }
    return axis_make(of_x ? c->log_x : c->log_y, low, high);
}

static void draw_grid(drawing *d)
{
    for (size_t i = 0; i < d->x.n_ticks; i++) {
        const double x = place_x(d, d->x.ticks[i]);
        put(d, "<path class=\"grid%s\" d=\"M%.2f %.2fV%d\"/>\n", d->x.labelled[i] ? "" : " minor", x, d->top, HEIGHT - BOTTOM);
        if (d->x.labelled[i]) put(d, "<text class=\"tick\" x=\"%.2f\" y=\"%d\" text-anchor=\"middle\">%.6g</text>\n", x, HEIGHT - BOTTOM + 18, d->x.ticks[i]);
    }
    for (size_t i = 0; i < d->y.n_ticks; i++) {
        const double y = place_y(d, d->y.ticks[i]);
        put(d, "<path class=\"grid%s\" d=\"M%d %.2fH%d\"/>\n", d->y.labelled[i] ? "" : " minor", LEFT, y, WIDTH - RIGHT);
        if (d->y.labelled[i]) put(d, "<text class=\"tick\" x=\"%d\" y=\"%.2f\" text-anchor=\"end\">%.6g</text>\n", LEFT - 8, y + 4, d->y.ticks[i]);
    }
    put(d, "<rect class=\"frame\" x=\"%d\" y=\"%.2f\" width=\"%d\" height=\"%.2f\"/>\n", LEFT, d->top, WIDTH - LEFT - RIGHT, HEIGHT - BOTTOM - d->top);
}

static void draw_words(drawing *d)
{
    put(d, "<text class=\"title\" x=\"%d\" y=\"26\">", LEFT);
    escape(d, d->chart->title);
    put(d, "</text>\n<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14);
    escape(d, d->chart->x_label);
    put(d, "</text>\n<text transform=\"translate(18 %.2f) rotate(-90)\" text-anchor=\"middle\">", (d->top + HEIGHT - BOTTOM) / 2);
    escape(d, d->chart->y_label);
    put(d, "</text>\n");
}

static void put_class(drawing *d, size_t line)
{
    put(d, "class=\"line c%zu%s%s\"", line % COLOURS, d->chart->lines[line].faint ? " faint" : "", line / COLOURS % 2 ? " again" : "");
}

/* As many entries in a line as fit, by the length of their names. Draws, or with `draws` false counts lines. */
static int legend(drawing *d, bool draws)
{
    double x = LEFT;
    int row = 0;
    for (size_t k = 0; k < d->chart->n_lines; k++) {
        const char *name = d->chart->lines[k].name ? d->chart->lines[k].name : "";
        const double width = 44 + 7.2 * (double)strlen(name);
        if (x > LEFT && x + width > WIDTH - RIGHT) {
            x = LEFT;
            row++;
        }
        if (draws) {
            put(d, "<path ");
            put_class(d, k);
            put(d, " d=\"M%.2f %dh22\"/>\n<text x=\"%.2f\" y=\"%d\">", x, TOP + row * LEGEND_LINE, x + 28, TOP + row * LEGEND_LINE + 4);
            escape(d, name);
            put(d, "</text>\n");
        }
        x += width;
    }
    return d->chart->n_lines ? row + 1 : 0;
}

static void draw_line(drawing *d, size_t k)
{
    const dnn_chart_line *l = &d->chart->lines[k];
    bool pen = false;
    put(d, "<path clip-path=\"url(#plot)\" ");
    put_class(d, k);
    put(d, " d=\"");
    for (size_t i = 0; i < l->n; i++) {
        const bool shown = axis_shows(d->x.log, l->x[i]) && axis_shows(d->y.log, l->y[i]);
        if (shown) put(d, "%c%.2f %.2f", pen ? 'L' : 'M', place_x(d, l->x[i]), place_y(d, l->y[i]));
        const bool alone = shown && !pen && (i + 1 == l->n || !axis_shows(d->x.log, l->x[i + 1]) || !axis_shows(d->y.log, l->y[i + 1]));
        if (alone) put(d, "h.01"); /* a point between gaps would not be seen */
        pen = shown;
    }
    put(d, "\"/>\n");
}

static void draw_mark(drawing *d)
{
    const double mark = d->chart->mark;
    if (!axis_shows(d->x.log, mark) || mark < d->x.low || mark > d->x.high) return;
    const double x = place_x(d, mark);
    const bool left = x > (LEFT + WIDTH - RIGHT) / 2.0;
    put(d, "<path class=\"mark\" d=\"M%.2f %.2fV%d\"/>\n<text x=\"%.2f\" y=\"%.2f\" text-anchor=\"%s\">", x, d->top, HEIGHT - BOTTOM, x + (left ? -6 : 6),
        d->top + 18, left ? "end" : "start");
    escape(d, d->chart->mark_label);
    put(d, "</text>\n");
}

dnn_status dnn_chart_svg(const dnn_chart *chart, char **svg)
{
    drawing d = { .chart = chart, .x = range(chart, true), .y = range(chart, false) };
    *svg = NULL;
    d.top = TOP + legend(&d, false) * LEGEND_LINE - 4;
    put(&d, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n<title>", WIDTH, HEIGHT, WIDTH, HEIGHT);
    escape(&d, chart->title);
    put(&d, "</title>\n");
    dnn_text_add(&d.text, style);
    put(&d, "<clipPath id=\"plot\"><rect x=\"%d\" y=\"%.2f\" width=\"%d\" height=\"%.2f\"/></clipPath>\n", LEFT, d.top, WIDTH - LEFT - RIGHT, HEIGHT - BOTTOM - d.top);
    draw_grid(&d);
    draw_words(&d);
    legend(&d, true);
    for (int faint = 1; faint >= 0; faint--)
        for (size_t k = 0; k < chart->n_lines; k++)
            if (chart->lines[k].faint == (faint == 1)) draw_line(&d, k);
    draw_mark(&d);
    put(&d, "</svg>\n");
    if (d.text.failed) {
        dnn_text_clear(&d.text);
        return DNN_E_MEMORY;
    }
    *svg = d.text.at;
    return DNN_OK;
}

dnn_status dnn_chart_write(const dnn_chart *chart, const char *path)
{
    char *svg = NULL;
    dnn_status st = dnn_chart_svg(chart, &svg);
    if (st == DNN_OK) st = dnn_file_write(path, svg, strlen(svg));
    dnn_free(svg);
    return st;
}
