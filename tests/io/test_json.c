/* JSON in and out. */
#include <math.h>

#include "dnn/io/tree.h"
#include "io/support.h"

static void assert_written_as(const dnn_node *root, const char *expected)
{
    char *text = NULL;
    if (dnn_json_write(root, &text) != DNN_OK) fail_msg("%s", dnn_fail_text());
    assert_string_equal(text, expected);
    dnn_free(text);
}

static void assert_round_trip(const char *text)
{
    dnn_node *root = NULL;
    if (dnn_json_parse(text, strlen(text), "model.h5", &root) != DNN_OK) fail_msg("%s", dnn_fail_text());
    assert_written_as(root, text);
    dnn_node_destroy(root);
}

static void assert_refused(const char *text, const char *place, const char *why)
{
    dnn_node *root = (dnn_node *)"not touched";
    assert_int_equal(dnn_json_parse(text, strlen(text), "a.json", &root), DNN_E_CONFIG);
    assert_null(root);
    if (strncmp(dnn_fail_text(), place, strlen(place)) != 0)
        fail_msg("\"%s\" does not begin with %s", dnn_fail_text(), place);
    assert_says(why);
}

static void documents_come_back_as_they_were(void **state)
{
    (void)state;
    assert_round_trip("{\"class_name\": \"Sequential\", \"config\": {\"name\": \"sequential\", \"layers\": "
                      "[{\"class_name\": \"Dense\", \"config\": {\"units\": 10, \"use_bias\": true, \"rate\": 0.1, "
                      "\"seed\": null}}]}}");
    assert_round_trip("[]");
    assert_round_trip("{}");
    assert_round_trip("[[], {}, [[1]], {\"\": {}}]");
    assert_round_trip("\"alone\"");
    assert_round_trip("[true, false, null]");
}

static void reals_have_their_shortest_text_and_stay_reals(void **state)
{
    (void)state;
    assert_round_trip("[0.1, 1.0, 0.001, 1e-07, 0.3333333333333333, 1e+300, -2.5, 1.7976931348623157e+308]");
    dnn_node *root = NULL;
    assert_int_equal(dnn_json_parse("[1.0, 1]", 8, "a.json", &root), DNN_OK);
    assert_int_equal(root->items[0]->type, DNN_NODE_REAL);
    assert_int_equal(root->items[1]->type, DNN_NODE_INT);
    dnn_node_destroy(root);
}

static void whole_numbers_keep_all_their_digits(void **state)
{
    (void)state;
    assert_round_trip("[9007199254740993, 9223372036854775807, -9223372036854775808, 0]");
}

static void strings_survive_with_all_they_hold(void **state)
{
    (void)state;
    assert_round_trip(
        "\"quote \\\" backslash \\\\ newline \\n tab \\t bell \\u0007 slash / \xc3\xa4 \xf0\x9f\x98\x80\"");
    dnn_node *root = NULL;
    assert_int_equal(dnn_json_parse("\"\\u00e4\\ud83d\\ude00\\/\"", 22, "a.json", &root), DNN_OK);
    assert_string_equal(root->text, "\xc3\xa4\xf0\x9f\x98\x80/");
    dnn_node_destroy(root);
}

static void numbers_written_in_yaml_fashion_become_json(void **state)
{
    dnn_node *root = NULL;
    (void)state;
    assert_int_equal(dnn_yaml_value("[.5, 5., +7, 1e3]", &root), DNN_OK);
    assert_written_as(root, "[0.5, 5.0, 7, 1000.0]");
    dnn_node_destroy(root);
}

static void nan_and_infinity_cannot_be_written(void **state)
{
    (void)state;
    static const double values[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < 3; i++) {
        char *text = (char *)"not touched";
        dnn_node *list = dnn_node_list();
        assert_int_equal(dnn_node_append(list, dnn_node_real(values[i])), DNN_OK);
        assert_int_equal(dnn_json_write(list, &text), DNN_E_CONFIG);
        assert_null(text);
        assert_says("JSON has no such number");
        dnn_node_destroy(list);
    }
}

static void a_text_that_is_not_utf_8_cannot_be_written(void **state)
{
    char *text = NULL;
    (void)state;
    dnn_node *bad = dnn_node_string("caf\xe9");
    assert_int_equal(dnn_json_write(bad, &text), DNN_E_CONFIG);
    assert_says("UTF-8");
    dnn_node_destroy(bad);
}

static void faults_are_told_with_line_and_column(void **state)
{
    (void)state;
    assert_refused("{\"a\": 1,\n \"a\": 2}", "a.json:2:", "duplicate");
    assert_refused("{\"a\": 1", "a.json:1:", "");
    assert_refused("", "a.json:1:", "");
    assert_refused("[1, 2] x", "a.json:1:", "");
    assert_refused("[1e999]", "a.json:1:", "real");
    assert_refused("[99999999999999999999]", "a.json:1:", "integer");
    assert_refused("[NaN]", "a.json:1:", "");
    assert_refused("[Infinity]", "a.json:1:", "");
    assert_refused("[\n\n\"\xff\"]", "a.json:", "");
    assert_refused("[\"a\\u0000b\"]", "a.json:1:", "");
    assert_refused("{'a': 1}", "a.json:1:", "");
}

static void deep_nesting_is_refused_where_it_gets_too_deep(void **state)
{
    char text[100001];
    (void)state;
    memset(text, '[', 100000);
    text[100000] = '\0';
    text[0] = '\n';
    const double start = cpu_seconds();
    assert_refused(text, "a.json:2:201: ", "nested deeper than 200");
    assert_true(cpu_seconds() - start < 1.0);
    memset(text, '[', 200);
    memset(text + 200, ']', 200);
    text[400] = '\0';
    assert_round_trip(text);
    assert_round_trip("\"[[[[\\\"[[\""); /* brackets in strings do not count */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_come_back_as_they_were),
        cmocka_unit_test(reals_have_their_shortest_text_and_stay_reals),
        cmocka_unit_test(whole_numbers_keep_all_their_digits),
        cmocka_unit_test(strings_survive_with_all_they_hold),
        cmocka_unit_test(numbers_written_in_yaml_fashion_become_json),
        cmocka_unit_test(nan_and_infinity_cannot_be_written),
        cmocka_unit_test(a_text_that_is_not_utf_8_cannot_be_written),
        cmocka_unit_test(faults_are_told_with_line_and_column),
        cmocka_unit_test(deep_nesting_is_refused_where_it_gets_too_deep),
        cmocka_unit_test(nothing_stays_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
