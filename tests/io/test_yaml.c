/* Run files: what their scalars mean, where their nodes stand, what is refused (PLATFORM facts of libfyaml 0.7.12, each
 * tried). */
#include <math.h>

#include "dnn/io/tree.h"
#include "io/support.h"

static dnn_node *parsed(const char *text)
{
    dnn_node *root = NULL;
    const dnn_status st = dnn_yaml_parse(text, strlen(text), "run.yaml", &root);
    if (st != DNN_OK) fail_msg("%s", dnn_fail_text());
    assert_non_null(root);
    return root;
}

static void assert_refused_bytes(const char *text, size_t length, const char *place, const char *why)
{
    dnn_node *root = (dnn_node *)"not touched";
    assert_int_equal(dnn_yaml_parse(text, length, "run.yaml", &root), DNN_E_CONFIG);
    assert_null(root);
    if (strncmp(dnn_fail_text(), place, strlen(place)) != 0)
        fail_msg("\"%s\" does not begin with %s", dnn_fail_text(), place);
    assert_says(why);
}

static void assert_refused(const char *text, const char *place, const char *why)
{
    assert_refused_bytes(text, strlen(text), place, why);
}

static void assert_scalar(const char *text, dnn_node_type type)
{
    char file[200];
    snprintf(file, sizeof file, "a: %s\n", text);
    dnn_node *root = parsed(file);
    const dnn_node *a = dnn_node_find(root, "a");
    if (a->type != type) fail_msg("%s has type %d instead of %d", text, (int)a->type, (int)type);
    dnn_node_destroy(root);
}

static double number(const char *text)
{
    char file[200];
    snprintf(file, sizeof file, "a: %s\n", text);
    dnn_node *root = parsed(file);
    const dnn_node *a = dnn_node_find(root, "a");
    assert_true(a->type == DNN_NODE_INT || a->type == DNN_NODE_REAL);
    assert_string_equal(a->text, text);
    const double value = a->real;
    dnn_node_destroy(root);
    return value;
}

static void plain_scalars_follow_the_core_schema(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        dnn_node_type type;
    } cases[] = {
        {"", DNN_NODE_NULL},
        {"~", DNN_NODE_NULL},
        {"null", DNN_NODE_NULL},
        {"Null", DNN_NODE_NULL},
        {"nUll", DNN_NODE_STRING},
        {"true", DNN_NODE_BOOL},
        {"False", DNN_NODE_BOOL},
        {"TRUE", DNN_NODE_BOOL},
        {"tRUE", DNN_NODE_STRING},
        {"0", DNN_NODE_INT},
        {"-1", DNN_NODE_INT},
        {"+7", DNN_NODE_INT},
        {"9223372036854775807", DNN_NODE_INT},
        {"9223372036854775808", DNN_NODE_REAL},
        {"0.5", DNN_NODE_REAL},
        {".5", DNN_NODE_REAL},
        {"5.", DNN_NODE_REAL},
        {"1e-3", DNN_NODE_REAL},
        {"1E3", DNN_NODE_REAL},
        {".inf", DNN_NODE_REAL},
        {"-.Inf", DNN_NODE_REAL},
        {".NaN", DNN_NODE_REAL},
        {"inf", DNN_NODE_STRING},
        {"nan", DNN_NODE_STRING},
        {"infinity", DNN_NODE_STRING},
        {"1_000", DNN_NODE_STRING},
        {"1.2.3", DNN_NODE_STRING},
        {"1e", DNN_NODE_STRING},
        {"0x", DNN_NODE_STRING},
        {"12ab", DNN_NODE_STRING},
        {"2024-01-02", DNN_NODE_STRING},
        {"1:30", DNN_NODE_STRING},
        {"relu", DNN_NODE_STRING},
        {"a b", DNN_NODE_STRING},
        {"[]", DNN_NODE_LIST},
        {"{}", DNN_NODE_MAP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) assert_scalar(cases[i].text, cases[i].type);
}

static void numbers_are_read_whole_and_keep_their_text(void **state)
{
    (void)state;
    assert_true(number("1e-3") == 1e-3);
    assert_true(number("0.1") == 0.1);
    assert_true(number("-12.75E+2") == -1275.0);
    assert_true(number("1e-400") == 0.0);
    assert_true(number("9007199254740993") == 9007199254740992.0);
    assert_true(number("99999999999999999999") == 1e20);
    assert_true(isinf(number(".inf")) && number("-.inf") < 0 && isnan(number(".nan")));
    dnn_node *root = parsed("a: 9007199254740993\nb: true\nc: false");
    assert_int_equal(dnn_node_find(root, "a")->integer, 9007199254740993);
    assert_true(dnn_node_find(root, "b")->boolean);
    assert_false(dnn_node_find(root, "c")->boolean);
    dnn_node_destroy(root);
}

static void yes_no_on_and_off_are_strings_for_whoever_wants_a_boolean_to_refuse(void **state)
{
    (void)state;
    static const char *const words[] = {"yes", "no", "on", "off", "Yes", "NO", "y", "n"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) assert_scalar(words[i], DNN_NODE_STRING);
}

static void quoted_scalars_are_strings_whatever_they_look_like(void **state)
{
    (void)state;
    static const char *const texts[] = {"'1'", "\"0.5\"",  "'true'", "\"null\"", "''",
                                        "'~'", "\"0123\"", "'.nan'", "'*a'",     "'<<'"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_scalar(texts[i], DNN_NODE_STRING);
    dnn_node *root = parsed("a: 'it''s'\nb: \"x\\ty\\u00e9\"\nc: |\n  two\n  lines\n");
    assert_string_equal(dnn_node_find(root, "a")->text, "it's");
    assert_string_equal(dnn_node_find(root, "b")->text, "x\ty\xc3\xa9");
    assert_string_equal(dnn_node_find(root, "c")->text, "two\nlines\n");
    dnn_node_destroy(root);
}

static void octal_hexadecimal_and_too_large_numbers_are_refused_with_their_place(void **state)
{
    (void)state;
    assert_refused("a: 0123", "run.yaml:1:4: ", "leading zero");
    assert_refused("a: -007", "run.yaml:1:4: ", "leading zero");
    assert_refused("a: 00", "run.yaml:1:4: ", "leading zero");
    assert_refused("a: 01.5", "run.yaml:1:4: ", "leading zero");
    assert_refused("a: 0o17", "run.yaml:1:4: ", "decimal");
    assert_refused("a:\n  b: 0x1F", "run.yaml:2:6: ", "decimal");
    assert_refused("a: [1, 1e999]", "run.yaml:1:8: ", "too large");
    assert_refused("a: -1e999", "run.yaml:1:4: ", "too large");
}

static void assert_place(const dnn_node *root, const char *path, int key_line, int key_column, int line, int column)
{
    const dnn_node *node = dnn_node_at(root, path);
    assert_non_null(node);
    assert_string_equal(node->place.file, "run.yaml");
    if (node->place.line != line || node->place.column != column)
        fail_msg("%s stands at %d:%d instead of %d:%d", path, node->place.line, node->place.column, line, column);
    if (node->key_place.line != key_line || node->key_place.column != key_column)
        fail_msg("the key of %s stands at %d:%d instead of %d:%d", path, node->key_place.line, node->key_place.column,
                 key_line, key_column);
}

static void every_node_knows_line_and_column_of_value_and_key(void **state)
{
    (void)state;
    dnn_node *root = parsed("# a comment\n"
                            "seed: 42\n"
                            "model:\n"
                            "  layers:\n"
                            "    - flatten\n"
                            "    - dense: {units: 300, \"use_bias\": false}\n"
                            "  empty:\n"
                            "\"\xc3\xa4\xc3\xb6\": {x: [1, 2]}\n");
    assert_place(root, "", 0, 0, 2, 1);
    assert_place(root, "seed", 2, 1, 2, 7);
    assert_place(root, "model", 3, 1, 4, 3);
    assert_place(root, "model.layers", 4, 3, 5, 5);
    assert_place(root, "model.layers.0", 0, 0, 5, 7);
    assert_place(root, "model.layers.1", 0, 0, 6, 7);
    assert_place(root, "model.layers.1.dense", 6, 7, 6, 14);
    assert_place(root, "model.layers.1.dense.units", 6, 15, 6, 22);
    assert_place(root, "model.layers.1.dense.use_bias", 6, 27, 6, 39);
    assert_place(root, "model.empty", 7, 3, 7, 3);         /* an absent value stands where its key stands */
    assert_place(root, "\xc3\xa4\xc3\xb6.x", 8, 8, 8, 11); /* columns count characters, not bytes */
    assert_place(root, "\xc3\xa4\xc3\xb6.x.1", 0, 0, 8, 15);
    dnn_node_destroy(root);
}

static void a_byte_order_mark_and_crlf_change_nothing(void **state)
{
    (void)state;
    dnn_node *root = parsed("\xEF\xBB\xBF"
                            "a: 1\r\nb: [x,\r\n  z]\r\n");
    assert_place(root, "a", 1, 1, 1, 4);
    assert_place(root, "b.1", 0, 0, 3, 3);
    assert_string_equal(dnn_node_at(root, "b.0")->text, "x");
    dnn_node_destroy(root);
}

static void anchors_aliases_merge_keys_and_tags_are_refused_with_their_place(void **state)
{
    (void)state;
    assert_refused("a: &x 1\nb: 2", "run.yaml:1:4: ", "anchors");
    assert_refused("&x\na: 1", "run.yaml:1:1: ", "anchors");
    assert_refused("a: 1\nb: *x", "run.yaml:2:4: ", "aliases");
    assert_refused("a: [*x]", "run.yaml:1:5: ", "aliases");
    assert_refused("a: 1\n<<: {b: 1}", "run.yaml:2:1: ", "merge keys");
    assert_refused("a: !!str 1", "run.yaml:1:4: ", "tags");
    assert_refused("!run\na: 1", "run.yaml:1:1: ", "tags");
    assert_refused("a: {b: !c d}", "run.yaml:1:8: ", "tags");
}

static void an_alias_bomb_ends_at_its_first_anchor(void **state)
{
    char text[2000] = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    (void)state;
    for (int level = 1; level < 9; level++) {
        char line[200];
        const int below = level - 1;
        snprintf(line, sizeof line, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", level, level,
                 below, below, below, below, below, below, below, below, below);
        strcat(text, line);
    }
    assert_refused(text, "run.yaml:1:5: ", "anchors");
}

static void a_repeated_key_is_refused_and_the_first_one_named(void **state)
{
    (void)state;
    assert_refused("a: 1\nb:\n  c: 2\n  d: 1\n  c: 3", "run.yaml:5:3: ", "key \"c\" is repeated (first in line 3)");
    assert_refused("{a: 1, 'a': 2}", "run.yaml:1:8: ", "\"a\" is repeated");
    dnn_node *root = parsed("a: {x: 1}\nb: {x: 1}");
    dnn_node_destroy(root);
}

static void a_second_document_is_refused_where_it_begins(void **state)
{
    (void)state;
    assert_refused("a: 1\n---\nb: 2\n", "run.yaml:2:1: ", "second document");
    assert_refused("a: 1\n...\nb: 2\n", "run.yaml:2:1: ", "second document");
    dnn_node *root = parsed("---\na: 1\n...\n# the end\n");
    assert_int_equal(root->count, 1);
    dnn_node_destroy(root);
}

static void a_file_that_says_nothing_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",           "\n\n",   "# only a comment\n", "---\n",
                                        "---\n...\n", "null\n", "\xEF\xBB\xBF"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_refused(texts[i], "run.yaml: ", "says nothing");
}

static void utf_16_is_named_as_such(void **state)
{
    (void)state;
    assert_refused_bytes("\xFF\xFE"
                         "a\0:\0 \0"
                         "1\0",
                         10, "run.yaml: ", "UTF-16");
    assert_refused_bytes("\xFE\xFF\0a\0:\0 \0001", 10, "run.yaml: ", "UTF-16");
    assert_refused_bytes("a\0:\0 \0"
                         "1\0",
                         8, "run.yaml: ", "UTF-16");
}

static void malformed_utf_8_is_refused_at_its_byte(void **state)
{
    (void)state;
    assert_refused("a: 1\nb: \xFF\xFE\n", "run.yaml:2:4: ", "0xff is not UTF-8");
    assert_refused("a: 1\nb: x\xC3(\n", "run.yaml:2:5: ", "0xc3");
    assert_refused("a: \xC3\xA4\xC0\xAF", "run.yaml:1:5: ", "0xc0"); /* overlong */
    assert_refused("a: \xED\xA0\x80", "run.yaml:1:4: ", "0xed");     /* surrogate */
    assert_refused("a: \xF4\x90\x80\x80", "run.yaml:1:4: ", "0xf4"); /* beyond U+10FFFF */
    assert_refused("a: \xE2\x82", "run.yaml:1:4: ", "0xe2");         /* cut */
    dnn_node *root = parsed("a: \xF0\x9F\x98\x80\xEF\xBF\xBD");
    assert_string_equal(dnn_node_find(root, "a")->text, "\xF0\x9F\x98\x80\xEF\xBF\xBD");
    dnn_node_destroy(root);
}

static void control_characters_and_zeros_in_texts_are_refused(void **state)
{
    (void)state;
    assert_refused("a: 1\nb: \xC3\xA4x\x01y\n", "run.yaml:2:6: ", "control character (0x01)");
    assert_refused("a: \"x\\0y\"", "run.yaml:1:4: ", "zero character");
}

static void directives_are_refused(void **state)
{
    (void)state;
    assert_refused("%YAML 1.1\n---\na: yes\n", "run.yaml:1:1: ", "directives");
    assert_refused("# x\n%TAG ! tag:x,2000:\n---\na: 1\n", "run.yaml:2:1: ", "directives");
}

static void keys_must_be_single_words(void **state)
{
    (void)state;
    assert_refused("[a, b]: 1", "run.yaml:1:1: ", "a key must be");
    assert_refused("? {a: 1}\n: 1", "run.yaml:1:3: ", "a key must be");
    assert_refused(": 1", "run.yaml:1:1: ", "key is missing");
    dnn_node *root = parsed("{0: 1.0, 1.5: a, true: b, null: c, '': d}");
    assert_int_equal(root->count, 5);
    assert_string_equal(root->items[0]->key, "0");
    assert_string_equal(root->items[3]->key, "null");
    dnn_node_destroy(root);
}

static void faults_of_grammar_are_told_with_line_and_column(void **state)
{
    (void)state;
    assert_refused("a:\n\tb: 1", "run.yaml:2:1: ", "tab");
    assert_refused("a: [1, 2\nb: 3", "run.yaml:", "bracket");
    assert_refused("a: 1\nb", "run.yaml:2:1: ", "");
    assert_refused("a: b: c", "run.yaml:1:5: ", "");
    assert_refused("a: @x", "run.yaml:1:4: ", "@");
    assert_refused("a: {b: 1", "run.yaml:", "");
    assert_refused("a: \"x", "run.yaml:1:", "quote");
}

static void values_of_the_command_line_are_yaml_too(void **state)
{
    dnn_node *node = NULL;
    char where[100];
    (void)state;
    assert_int_equal(dnn_yaml_value("{adam: {learning_rate: 0.01}}", &node), DNN_OK);
    assert_true(dnn_node_at(node, "adam.learning_rate")->real == 0.01);
    assert_string_equal(dnn_place_text(dnn_node_at(node, "adam.learning_rate")->place, where, sizeof where),
                        "command line");
    dnn_node_destroy(node);
    assert_int_equal(dnn_yaml_value("[1, 2]", &node), DNN_OK);
    assert_int_equal(node->count, 2);
    dnn_node_destroy(node);
    assert_int_equal(dnn_yaml_value("null", &node), DNN_OK);
    assert_int_equal(node->type, DNN_NODE_NULL);
    dnn_node_destroy(node);
    assert_int_equal(dnn_yaml_value("runs/a", &node), DNN_OK);
    assert_string_equal(node->text, "runs/a");
    dnn_node_destroy(node);
}

static void a_bad_value_of_the_command_line_is_quoted_in_the_message(void **state)
{
    dnn_node *node = NULL;
    (void)state;
    assert_int_equal(dnn_yaml_value("[1, 2", &node), DNN_E_CONFIG);
    assert_null(node);
    assert_says("command line: \"[1, 2\": ");
    assert_int_equal(dnn_yaml_value("*dense", &node), DNN_E_CONFIG);
    assert_says("put the text in quotes");
    assert_int_equal(dnn_yaml_value("", &node), DNN_E_CONFIG);
    assert_says("no value given");
    assert_int_equal(dnn_yaml_value("{a: 1, a: 2}", &node), DNN_E_CONFIG);
    assert_says("repeated");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars_follow_the_core_schema),
        cmocka_unit_test(numbers_are_read_whole_and_keep_their_text),
        cmocka_unit_test(yes_no_on_and_off_are_strings_for_whoever_wants_a_boolean_to_refuse),
        cmocka_unit_test(quoted_scalars_are_strings_whatever_they_look_like),
        cmocka_unit_test(octal_hexadecimal_and_too_large_numbers_are_refused_with_their_place),
        cmocka_unit_test(every_node_knows_line_and_column_of_value_and_key),
        cmocka_unit_test(a_byte_order_mark_and_crlf_change_nothing),
        cmocka_unit_test(anchors_aliases_merge_keys_and_tags_are_refused_with_their_place),
        cmocka_unit_test(an_alias_bomb_ends_at_its_first_anchor),
        cmocka_unit_test(a_repeated_key_is_refused_and_the_first_one_named),
        cmocka_unit_test(a_second_document_is_refused_where_it_begins),
        cmocka_unit_test(a_file_that_says_nothing_is_refused),
        cmocka_unit_test(utf_16_is_named_as_such),
        cmocka_unit_test(malformed_utf_8_is_refused_at_its_byte),
        cmocka_unit_test(control_characters_and_zeros_in_texts_are_refused),
        cmocka_unit_test(directives_are_refused),
        cmocka_unit_test(keys_must_be_single_words),
        cmocka_unit_test(faults_of_grammar_are_told_with_line_and_column),
        cmocka_unit_test(values_of_the_command_line_are_yaml_too),
        cmocka_unit_test(a_bad_value_of_the_command_line_is_quoted_in_the_message),
        cmocka_unit_test(nothing_stays_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
