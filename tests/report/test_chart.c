/* Charts as text: what is drawn where, and that nothing a user writes can break the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dnn/base/memory.h"
#include "dnn/base/node.h"
#include "dnn/report/chart.h"
#include "report/axis.h"

static char *svg_of(const dnn_chart *chart)
{
    char *svg = NULL;
    assert_int_equal(dnn_chart_svg(chart, &svg), DNN_OK);
    assert_non_null(svg);
    return svg;
}

static size_t count(const char *text, const char *word)
{
    size_t n = 0, length = strlen(word);
    for (; *text; text++) n += strncmp(text, word, length) == 0;
    return n;
}

static void linear_ticks_are_round_numbers_and_about_six(void **state)
{
    (void)state;
    static const double ranges[][2] = { { 0, 1 }, { -3, 17 }, { 1e-9, 3e-9 }, { 12345, 12346 }, { 5, 5 }, { 0, 0 }, { -1e30, 1e30 } };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const axis a = axis_make(false, ranges[i][0], ranges[i][1]);
        assert_in_range(a.n_ticks, 3, 12);
        assert_true(a.low < ranges[i][0] && a.high > ranges[i][1]);
        const double step = a.ticks[1] - a.ticks[0], digits = step / pow(10, floor(log10(step) + 1e-9));
        assert_true(fabs(digits - 1) < 1e-6 || fabs(digits - 2) < 1e-6 || fabs(digits - 5) < 1e-6 || fabs(digits - 10) < 1e-6);
        for (size_t t = 0; t < a.n_ticks; t++) assert_true(axis_share(&a, a.ticks[t]) >= 0 && axis_share(&a, a.ticks[t]) <= 1);
    }
}

static void logarithmic_ticks_are_powers_of_ten(void **state)
{
    (void)state;
    const axis a = axis_make(true, 1e-6, 10);
    size_t labels = 0;
    for (size_t t = 0; t < a.n_ticks; t++) {
        if (!a.labelled[t]) continue;
        labels++;
        assert_true(fabs(log10(a.ticks[t]) - round(log10(a.ticks[t]))) < 1e-9);
    }
    assert_int_equal(labels, 8);
    assert_true(fabs(axis_share(&a, 1e-6 * sqrt(1e7)) - 0.5) < 1e-9); /* the geometric mean lies in the middle */
    const axis narrow = axis_make(true, 2, 4);
    size_t shown = 0;
    for (size_t t = 0; t < narrow.n_ticks; t++) shown += narrow.labelled[t];
    assert_true(shown >= 1);
}

static void a_line_goes_through_its_points_and_breaks_at_gaps(void **state)
{
    (void)state;
    const double x[] = { 0, 1, 2, 3, 4, 5 }, y[] = { 0, 10, NAN, 5, INFINITY, 2 };
    const dnn_chart_line line = { .name = "loss", .x = x, .y = y, .n = 6 };
    char *svg = svg_of(&(dnn_chart){ .title = "t", .x_label = "x", .y_label = "y", .lines = &line, .n_lines = 1, .mark = NAN });
    /* the plot spans 78 … 742 and 60 … 384 in user units, with 4 % room at each end: 0 lies at 102.59, 372 and 10 at 72 */
    assert_non_null(strstr(svg, "d=\"M102.59 372.00L225.56 72.00M471.48 222.00h.01M717.41 312.00h.01\""));
    assert_int_equal(count(svg, "class=\"mark\""), 0);
    dnn_free(svg);
}

static void what_is_not_above_zero_has_no_place_on_a_logarithmic_axis(void **state)
{
    (void)state;
    const double x[] = { 0, 1e-3, 1e-2, 1e-1 }, y[] = { 1, 2, -1, 3 };
    const dnn_chart_line line = { .name = "loss", .x = x, .y = y, .n = 4 };
    char *svg = svg_of(&(dnn_chart){ .lines = &line, .n_lines = 1, .log_x = true, .log_y = true, .mark = 0.01, .mark_label = "here" });
    assert_int_equal(count(svg, "h.01"), 2);
    assert_null(strstr(svg, "nan"));
    assert_null(strstr(svg, "inf"));
    assert_int_equal(count(svg, "class=\"mark\""), 1);
    dnn_free(svg);
}

static void words_are_escaped(void **state)
{
    (void)state;
    const double x[] = { 0, 1 };
    const dnn_chart_line line = { .name = "</svg><script>\"&'", .x = x, .y = x, .n = 2 };
    char *svg = svg_of(&(dnn_chart){ .title = "a < b & \x01\xff \xc3\xa9", .lines = &line, .n_lines = 1, .mark = NAN });
    assert_int_equal(count(svg, "</svg>"), 1);
    assert_null(strstr(svg, "<script>"));
    assert_non_null(strstr(svg, "&lt;/svg&gt;&lt;script&gt;&quot;&amp;&#39;"));
    assert_non_null(strstr(svg, "a &lt; b &amp; ?? \xc3\xa9"));
    dnn_free(svg);
}

static void nothing_to_draw_is_an_empty_chart(void **state)
{
    (void)state;
    char *svg = svg_of(&(dnn_chart){ .title = "none", .mark = NAN });
    assert_non_null(strstr(svg, "</svg>"));
    assert_null(strstr(svg, "nan"));
    dnn_free(svg);
}

static void many_lines_have_a_legend_of_several_rows_and_dashes_where_colours_return(void **state)
{
    (void)state;
    enum { LINES = 9 };
    const double x[] = { 0, 1 }, y[] = { 1, 2 };
    dnn_chart_line lines[LINES];
    for (size_t i = 0; i < LINES; i++) lines[i] = (dnn_chart_line){ .name = "validation_accuracy", .x = x, .y = y, .n = 2, .faint = i == 0 };
    char *svg = svg_of(&(dnn_chart){ .title = "t", .lines = lines, .n_lines = LINES, .mark = NAN });
    assert_int_equal(count(svg, ">validation_accuracy<"), LINES);
    assert_int_equal(count(svg, " again\""), 2 * 3); /* in the plot and in the legend */
    assert_int_equal(count(svg, " faint\""), 2);
    assert_non_null(strstr(svg, "y=\"88\">validation_accuracy")); /* a third row of the legend */
    dnn_free(svg);
}

static void columns_of_a_table_become_lines(void **state)
{
    (void)state;
    char table[] = "/tmp/dnn-chart-XXXXXX", picture[64], *text = NULL;
    const int file = mkstemp(table);
    static const char rows[] = "step,rate,loss,mean\n1,0.1,3,3\n2,0.2,,2.5\n3,0.3,1,2\n";
    assert_true(write(file, rows, sizeof rows - 1) == sizeof rows - 1 && close(file) == 0);
    snprintf(picture, sizeof picture, "%s.svg", table);
    const dnn_chart chart = { .title = "t", .mark = NAN };
    assert_int_equal(dnn_chart_write_table(&chart, table, "rate", (const char *const[]){ "loss", "mean" }, 2, true, picture), DNN_OK);
    FILE *f = fopen(picture, "r");
    assert_non_null(f);
    text = calloc(1, 1 << 16);
    assert_true(fread(text, 1, (1 << 16) - 1, f) > 1000);
    fclose(f);
    assert_int_equal(count(text, ">mean<"), 1);
    assert_int_equal(count(text, ">rate<"), 1);
    assert_int_equal(count(text, "h.01"), 2); /* loss has a gap between two points */
    free(text);
    assert_int_equal(dnn_chart_write_table(&chart, table, "rat", (const char *const[]){ "loss" }, 1, false, picture), DNN_E_DATA);
    assert_non_null(strstr(dnn_fail_text(), "rat"));
    unlink(table);
    unlink(picture);
}

static int memory_is_balanced(void **state)
{
    (void)state;
    dnn_place_forget();
    return dnn_memory_balance() == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_ticks_are_round_numbers_and_about_six),
        cmocka_unit_test(logarithmic_ticks_are_powers_of_ten),
        cmocka_unit_test(a_line_goes_through_its_points_and_breaks_at_gaps),
        cmocka_unit_test(what_is_not_above_zero_has_no_place_on_a_logarithmic_axis),
        cmocka_unit_test(words_are_escaped),
        cmocka_unit_test(nothing_to_draw_is_an_empty_chart),
        cmocka_unit_test(many_lines_have_a_legend_of_several_rows_and_dashes_where_colours_return),
        cmocka_unit_test(columns_of_a_table_become_lines),
    };
    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
