/* CSV tables: RFC 4180 and what people make of it. */
#include "dnn/io/csv.h"
#include "io/support.h"

static dnn_csv read_text(const char *text)
{
    dnn_csv csv;
    if (dnn_csv_read(make_text("table.csv", text), &csv) != DNN_OK) fail_msg("%s", dnn_fail_text());
    return csv;
}

static void assert_table(const char *text, size_t rows, size_t columns, const char *const *cells)
{
    dnn_csv csv = read_text(text);
    assert_int_equal(csv.rows, rows);
    assert_int_equal(csv.columns, columns);
    for (size_t i = 0; i < columns; i++) assert_string_equal(csv.names[i], cells[i]);
    for (size_t i = 0; i < rows * columns; i++) assert_string_equal(csv.cell[i], cells[columns + i]);
    dnn_csv_clear(&csv);
}

#define CELLS(...) ((const char *const[]){__VA_ARGS__})

static void assert_refused(const char *text, const char *place, const char *why)
{
    dnn_csv csv;
    const char *path = make_text("bad.csv", text);
    assert_int_equal(dnn_csv_read(path, &csv), DNN_E_DATA);
    assert_null(csv.text);
    assert_says(path);
    assert_says(place);
    assert_says(why);
}

static void rows_and_cells_come_in_their_order(void **state)
{
    (void)state;
    assert_table("a,b\n1,2\n3,4\n", 2, 2, CELLS("a", "b", "1", "2", "3", "4"));
    assert_table("a\n1\n", 1, 1, CELLS("a", "1"));
    assert_table("a,b\n,\n", 1, 2, CELLS("a", "b", "", ""));
    assert_table("a,b\n", 0, 2, CELLS("a", "b"));
    assert_table(" a , b c\t\n x ,y\n", 1, 2, CELLS("a", "b c", " x ", "y"));
}

static void line_ends_may_be_lf_or_crlf_and_the_last_may_be_left_out(void **state)
{
    (void)state;
    assert_table("a,b\r\n1,2\r\n3,4\r\n", 2, 2, CELLS("a", "b", "1", "2", "3", "4"));
    assert_table("a,b\r\n1,2\n3,", 2, 2, CELLS("a", "b", "1", "2", "3", ""));
    assert_table("a,b", 0, 2, CELLS("a", "b"));
    assert_table("a,b\n1,2\r\n\r\n\n", 1, 2, CELLS("a", "b", "1", "2"));
}

static void quotes_protect_commas_newlines_and_quotes(void **state)
{
    (void)state;
    assert_table("\"a\",\"b,c\"\n\"1\"\"2\",\"x\r\ny\"\n", 1, 2, CELLS("a", "b,c", "1\"2", "x\r\ny"));
    assert_table("a,b\n\"\",\"\"\"\"\n", 1, 2, CELLS("a", "b", "", "\""));
    assert_table("a,b\n1,\"2\"", 1, 2, CELLS("a", "b", "1", "2"));
    assert_table("a,b\n1,\"\"", 1, 2, CELLS("a", "b", "1", ""));
}

static void a_byte_order_mark_is_no_part_of_the_first_name(void **state)
{
    (void)state;
    assert_table("\xEF\xBB\xBF"
                 "a,b\n1,2\n",
                 1, 2, CELLS("a", "b", "1", "2"));
}

static void an_empty_cell_in_a_table_of_one_column_is_a_row(void **state)
{
    (void)state;
    assert_table("a\n1\n\n3\n", 3, 1, CELLS("a", "1", "", "3"));
}

static void every_row_knows_its_line(void **state)
{
    (void)state;
    dnn_csv csv = read_text("a,b\n1,2\n\"x\ny\",3\n4,5\n");
    assert_int_equal(csv.line[0], 2);
    assert_int_equal(csv.line[1], 3);
    assert_int_equal(csv.line[2], 5);
    dnn_csv_clear(&csv);
}

static void empty_lines_are_left_out_and_counted(void **state)
{
    (void)state;
    dnn_csv csv;
    assert_int_equal(dnn_csv_read(make_text("gaps.csv", "a,b\n\n1,2\n\r\n\n3,4\n\n"), &csv), DNN_OK);
    assert_int_equal(csv.rows, 2);
    assert_true(csv.line[0] == 3 && csv.line[1] == 6);
    assert_string_equal(csv.cell[2], "3");
    dnn_csv_clear(&csv);
}

static void faults_are_told_with_file_and_line(void **state)
{
    (void)state;
    assert_refused("a,b\n1,2\n3\n", ".csv:3: ", "1 field, but the header has 2");
    assert_refused("a,b\n1,2,3\n", ".csv:2: ", "3 fields, but the header has 2");
    assert_refused("a,b\n1,2\n\n\r\n3\n", ".csv:5: ", "1 field");
    assert_refused("a,b\n1,\"2\n3,4\n5,6\n", ".csv:2: ", "never closed");
    assert_refused("a,b\n\"1\"x,2\n", ".csv:2: ", "behind a closing quote");
    assert_refused("a,b\n1,x\"y\"\n", ".csv:2: ", "quote inside a field");
    assert_refused("a,b\r1,2\r", ".csv:1: ", "carriage return");
    assert_refused("a,b,a\n1,2,3\n", ".csv:1: ", "named \"a\"");
    assert_refused("", ".csv: ", "empty");
    assert_refused("\n\n", ".csv: ", "empty");
    assert_refused("\"", ".csv:1: ", "never closed");
}

static void missing_files_and_binary_ones_are_refused(void **state)
{
    dnn_csv csv;
    (void)state;
    assert_int_equal(dnn_csv_read(in_folder("no-such.csv"), &csv), DNN_E_DATA);
    assert_says("No such file");
    assert_int_equal(dnn_csv_read(make_file("binary.csv", "a,b\n1,\0\n", 8), &csv), DNN_E_DATA);
    assert_says("zero bytes");
}

static void packed_tables_read_alike_and_cut_ones_are_refused(void **state)
{
    static const char text[] = "a,b\n1,2\n3,4\n5,6\n7,8\n9,10\n";
    dnn_csv csv;
    size_t length;
    (void)state;
    const char *path = make_packed("table.csv.gz", text, sizeof text - 1);
    assert_int_equal(dnn_csv_read(path, &csv), DNN_OK);
    assert_int_equal(csv.rows, 5);
    assert_string_equal(csv.cell[9], "10");
    dnn_csv_clear(&csv);
    unsigned char *packed = slurp(path, &length);
    for (size_t cut = 2; cut < length; cut++) /* two bytes tell a packed file */
        assert_int_equal(dnn_csv_read(make_file("cut.csv.gz", packed, cut), &csv), DNN_E_DATA);
    assert_says("ends early");
    packed[length - 6] ^= 1;
    assert_int_equal(dnn_csv_read(make_file("bad.csv.gz", packed, length), &csv), DNN_E_DATA);
    assert_says("damaged");
    free(packed);
}

static void a_gzip_bomb_is_stopped_early(void **state)
{
    static char line[1 << 20];
    const char *path = in_folder("bomb.csv.gz");
    dnn_csv csv;
    (void)state;
    gzFile file = gzopen(path, "wb9");
    memset(line, '0', sizeof line);
    assert_int_equal(gzwrite(file, "a\n", 2), 2);
    for (int i = 0; i < 300; i++) assert_int_equal(gzwrite(file, line, sizeof line), sizeof line);
    assert_int_equal(gzclose(file), Z_OK);
    const long before = peak_megabytes();
    const double start = cpu_seconds();
    assert_int_equal(dnn_csv_read(path, &csv), DNN_E_DATA);
    assert_says("unpack it");
    assert_true(cpu_seconds() - start < 2.0);
    if (memory_is_measurable) assert_true(peak_megabytes() < before + 150); /* of 300 */
}

static void many_rows_and_many_columns_fit(void **state)
{
    enum { ROWS = 20000, COLUMNS = 3000 };
    char *text = malloc(ROWS * 20 + COLUMNS * 20), *to = text;
    (void)state;
    to += sprintf(to, "i,square\n");
    for (int i = 0; i < ROWS; i++) to += sprintf(to, "%d,%d\n", i, i % 1000 * (i % 1000));
    dnn_csv csv = read_text(text);
    assert_int_equal(csv.rows, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        double value;
        assert_true(dnn_csv_number(csv.cell[2 * i], &value) && value == (double)i);
        assert_int_equal(csv.line[i], i + 2);
    }
    dnn_csv_clear(&csv);
    to = text;
    for (int i = 0; i < COLUMNS; i++) to += sprintf(to, "%sx%d", i ? "," : "", i);
    csv = read_text(text);
    assert_int_equal(csv.columns, COLUMNS);
    assert_string_equal(csv.names[COLUMNS - 1], "x2999");
    dnn_csv_clear(&csv);
    free(text);
}

static void columns_are_found_by_name_then_by_position(void **state)
{
    size_t at = 99;
    (void)state;
    dnn_csv csv = read_text("median_income,price,2\n1,2,3\n");
    assert_int_equal(dnn_csv_column(&csv, "price", &at), DNN_OK);
    assert_int_equal(at, 1);
    assert_int_equal(dnn_csv_column(&csv, "0", &at), DNN_OK);
    assert_int_equal(at, 0);
    assert_int_equal(dnn_csv_column(&csv, "2", &at), DNN_OK);
    assert_int_equal(at, 2);
    assert_int_equal(dnn_csv_column(&csv, "median_incom", &at), DNN_E_DATA);
    assert_says("did you mean \"median_income\"?");
    assert_int_equal(dnn_csv_column(&csv, "3", &at), DNN_E_DATA);
    assert_int_equal(dnn_csv_column(&csv, "-1", &at), DNN_E_DATA);
    dnn_csv_clear(&csv);
    csv = read_text("a;b;c\n1;2;3\n");
    assert_int_equal(dnn_csv_column(&csv, "something_else", &at), DNN_E_DATA);
    assert_says("semicolons");
    dnn_csv_clear(&csv);
}

static void cells_are_numbers_only_when_they_are_finite_and_whole(void **state)
{
    double v;
    (void)state;
    assert_true(dnn_csv_number("1.5", &v) && v == 1.5);
    assert_true(dnn_csv_number(" -2e3\t", &v) && v == -2000.0);
    assert_true(dnn_csv_number("+.5", &v) && v == 0.5);
    assert_true(dnn_csv_number("007", &v) && v == 7.0);
    assert_true(dnn_csv_number("123456789012345678901234567890", &v) && v == 123456789012345678901234567890.0);
    static const char *const others[] = {"",    " ",    "nan", "NaN", "inf", "-inf", "1e999", "0x10",
                                         "1,5", "1.5x", "x",   "1 2", "--1", "1e",   "NA",    "."};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (dnn_csv_number(others[i], &v)) fail_msg("\"%s\" passes for a number", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_cells_come_in_their_order),
        cmocka_unit_test(line_ends_may_be_lf_or_crlf_and_the_last_may_be_left_out),
        cmocka_unit_test(quotes_protect_commas_newlines_and_quotes),
        cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_first_name),
        cmocka_unit_test(an_empty_cell_in_a_table_of_one_column_is_a_row),
        cmocka_unit_test(every_row_knows_its_line),
        cmocka_unit_test(empty_lines_are_left_out_and_counted),
        cmocka_unit_test(faults_are_told_with_file_and_line),
        cmocka_unit_test(missing_files_and_binary_ones_are_refused),
        cmocka_unit_test(packed_tables_read_alike_and_cut_ones_are_refused),
        cmocka_unit_test(a_gzip_bomb_is_stopped_early),
        cmocka_unit_test(many_rows_and_many_columns_fit),
        cmocka_unit_test(columns_are_found_by_name_then_by_position),
        cmocka_unit_test(cells_are_numbers_only_when_they_are_finite_and_whole),
        cmocka_unit_test(nothing_stays_allocated),
    };
    return cmocka_run_group_tests(tests, make_test_folder, remove_test_folder);
}
