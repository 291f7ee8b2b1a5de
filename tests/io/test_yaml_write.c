/* Run files as written: they read back to an equal tree, and look as a person would write them. */
#include <math.h>

#include "dnn/io/tree.h"
#include "io/support.h"

static void assert_reads_back(const dnn_node *tree)
{
    char *text = NULL;
    dnn_node *again = NULL;
    if (dnn_yaml_write(tree, &text) != DNN_OK) fail_msg("%s", dnn_fail_text());
    if (dnn_yaml_parse(text, strlen(text), "again.yaml", &again) != DNN_OK) fail_msg("%s\n%s", dnn_fail_text(), text);
    if (!dnn_node_equal(tree, again)) fail_msg("not equal:\n%s", text);
    dnn_node_destroy(again);
    dnn_free(text);
}

static void assert_string_survives(const char *string)
{
    dnn_node *map = dnn_node_map(), *list = dnn_node_list();
    assert_int_equal(dnn_node_set(map, "a", dnn_node_string(string)), DNN_OK);
    assert_int_equal(dnn_node_append(list, dnn_node_string(string)), DNN_OK);
    assert_int_equal(dnn_node_set(map, "b", list), DNN_OK);
    dnn_node *keyed = dnn_node_map();
    assert_int_equal(dnn_node_set(keyed, string, dnn_node_int(1)), DNN_OK);
    assert_int_equal(dnn_node_set(map, "c", keyed), DNN_OK);
    assert_int_equal(dnn_node_set(map, string, dnn_node_int(2)), DNN_OK);
    assert_reads_back(map);
    dnn_node_destroy(map);
}

static void strings_stay_strings_whatever_they_look_like(void **state)
{
    (void)state;
    static const char *const strings[] = {
        "",
        " ",
        "a",
        "a b",
        "1",
        "0",
        "-1",
        "+1",
        "0123",
        "0x1F",
        "0o17",
        "1e5",
        ".5",
        "1.",
        "1e999",
        ".inf",
        "-.inf",
        ".nan",
        "null",
        "~",
        "true",
        "False",
        "yes",
        "no",
        "On",
        "off",
        "y",
        "n",
        "<<",
        "*a",
        "&a",
        "!a",
        "@a",
        "`a",
        "%a",
        "- a",
        "-",
        "?",
        ":",
        "a: b",
        "a:",
        ":a",
        "a #b",
        "#a",
        "a,b",
        "[a]",
        "{a}",
        "'a'",
        "\"a\"",
        "a'b",
        "a\"b",
        "a\\b",
        "\\",
        "line\nline",
        "line\n",
        "\n",
        "\t",
        "a\tb",
        "\r\n",
        "\x01",
        "\x1b[0m",
        "\x7f",
        "\xc3\xa4",
        "\xe2\x80\xa8",
        "\xc2\x85",
        "\xef\xbb\xbf",
        "\xf0\x9f\x98\x80",
        "---",
        "...",
        ".",
        "..",
        "/a/b.h5",
        "../a",
        " a",
        "a ",
        "a  b",
        "=",
        "|",
        ">",
        "2024-01-01",
        "1:2",
        "a/b_c-d.e",
        "--- a",
        "inf",
        "nan",
        "_",
        "1_000",
    };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) assert_string_survives(strings[i]);
}

static void every_byte_of_ascii_survives_in_a_string(void **state)
{
    (void)state;
    for (int c = 1; c < 128; c++) {
        const char alone[] = {(char)c, '\0'}, within[] = {'a', (char)c, 'b', '\0'}, first[] = {(char)c, 'b', '\0'},
                   last[] = {'a', (char)c, '\0'};
        assert_string_survives(alone);
        assert_string_survives(within);
        assert_string_survives(first);
        assert_string_survives(last);
    }
}

static void numbers_survive_to_the_last_bit_and_keep_their_type(void **state)
{
    (void)state;
    static const double reals[] = {0.1,
                                   1.0,
                                   -0.0,
                                   1e-3,
                                   1.0 / 3.0,
                                   1e22,
                                   1e300,
                                   5e-324,
                                   1.7976931348623157e308,
                                   123456789.0,
                                   2.5e-8,
                                   (double)INFINITY,
                                   -(double)INFINITY,
                                   (double)NAN};
    static const int64_t integers[] = {0, -1, 42, INT64_MAX, INT64_MIN, 9007199254740993};
    dnn_node *list = dnn_node_list();
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        assert_int_equal(dnn_node_append(list, dnn_node_real(reals[i])), DNN_OK);
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        assert_int_equal(dnn_node_append(list, dnn_node_int(integers[i])), DNN_OK);
    char *text = NULL;
    dnn_node *again = NULL;
    assert_int_equal(dnn_yaml_write(list, &text), DNN_OK);
    assert_int_equal(dnn_yaml_parse(text, strlen(text), "again.yaml", &again), DNN_OK);
    assert_int_equal(again->count, list->count);
    for (size_t i = 0; i < list->count; i++) {
        assert_int_equal(again->items[i]->type, list->items[i]->type);
        if (list->items[i]->type == DNN_NODE_INT)
            assert_int_equal(again->items[i]->integer, list->items[i]->integer);
        else if (!isnan(list->items[i]->real))
            assert_memory_equal(&again->items[i]->real, &list->items[i]->real, sizeof(double));
        else
            assert_true(isnan(again->items[i]->real));
    }
    dnn_free(text);
    dnn_node_destroy(again);
    dnn_node_destroy(list);
}

static const char example[] = "seed: 42\n"
                              "output: runs/fashion\n"
                              "data:\n"
                              "  source: {fashion_mnist: {path: data/fashion-mnist}}\n"
                              "  classes: {exclude: [5, 6]}\n"
                              "model:\n"
                              "  layers:\n"
                              "    - flatten\n"
                              "    - dense: {units: 300, use_bias: false}\n"
                              "    - repeat:\n"
                              "        times: 3\n"
                              "        layers:\n"
                              "          - dense: {units: 100}\n"
                              "          - dropout: {rate: 0.2}\n"
                              "    - {dense: {units: 10}, name: \"yes\"}\n"
                              "training:\n"
                              "  loss: null\n"
                              "  shuffle: true\n"
                              "  learning_rate: 1e-3\n"
                              "  class_weights: {0: 1.0, 1: 5.0}\n"
                              "  callbacks: []\n"
                              "  empty: {}\n";

static void a_run_file_is_written_as_a_person_would(void **state)
{
    dnn_node *root = NULL;
    char *text = NULL;
    (void)state;
    assert_int_equal(dnn_yaml_parse(example, strlen(example), "run.yaml", &root), DNN_OK);
    assert_int_equal(dnn_yaml_write(root, &text), DNN_OK);
    assert_string_equal(text, example);
    dnn_free(text);
    dnn_node_destroy(root);
}

static void lines_too_long_for_flow_style_are_broken(void **state)
{
    dnn_node *root = dnn_node_map(), *section = dnn_node_map(), *list = dnn_node_list(), *map = dnn_node_map();
    char *text = NULL, key[20];
    (void)state;
    for (int i = 0; i < 60; i++) {
        snprintf(key, sizeof key, "key_%d", i);
        assert_int_equal(dnn_node_append(list, dnn_node_string(key)), DNN_OK);
        assert_int_equal(dnn_node_set(map, key, dnn_node_int(i)), DNN_OK);
    }
    dnn_node *nested = dnn_node_list(), *items = dnn_node_list();
    assert_int_equal(dnn_node_append(nested, dnn_node_copy(list)), DNN_OK);
    assert_int_equal(dnn_node_append(nested, dnn_node_copy(map)), DNN_OK);
    assert_int_equal(dnn_node_append(items, nested), DNN_OK);
    assert_int_equal(dnn_node_append(items, dnn_node_map()), DNN_OK);
    assert_int_equal(dnn_node_append(items, dnn_node_list()), DNN_OK);
    assert_int_equal(dnn_node_set(section, "list", list), DNN_OK);
    assert_int_equal(dnn_node_set(section, "map", map), DNN_OK);
    assert_int_equal(dnn_node_set(section, "items", items), DNN_OK);
    assert_int_equal(dnn_node_set(root, "section", section), DNN_OK);
    assert_int_equal(dnn_yaml_write(root, &text), DNN_OK);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) assert_true(strcspn(line, "\n") <= 110);
    dnn_free(text);
    assert_reads_back(root);
    assert_reads_back(items);
    dnn_node_destroy(root);
}

static void lone_scalars_and_empty_collections_can_be_written(void **state)
{
    (void)state;
    dnn_node *const nodes[] = {dnn_node_bool(false), dnn_node_int(1), dnn_node_string("x"), dnn_node_list(),
                               dnn_node_map()};
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
        assert_reads_back(nodes[i]);
        dnn_node_destroy(nodes[i]);
    }
}

static void texts_that_yaml_cannot_hold_are_refused(void **state)
{
    char *text = (char *)"not touched";
    (void)state;
    dnn_node *bad = dnn_node_string("caf\xe9");
    assert_int_equal(dnn_yaml_write(bad, &text), DNN_E_CONFIG);
    assert_null(text);
    assert_says("UTF-8");
    dnn_node_destroy(bad);
    char long_key[700];
    memset(long_key, 'k', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = '\0';
    dnn_node *map = dnn_node_map();
    assert_int_equal(dnn_node_set(map, long_key, dnn_node_null()), DNN_OK);
    assert_int_equal(dnn_yaml_write(map, &text), DNN_E_CONFIG);
    assert_says("a key of 699 bytes");
    dnn_node_destroy(map);
}

/* A run file that could not be read again would be no record of its run. */
static void trees_beyond_the_readers_limits_are_refused(void **state)
{
    (void)state;
    char *text;
    dnn_node *again;
    for (size_t levels = 32; levels <= 33; levels++) {
        dnn_node *root = dnn_node_list(), *at = root;
        for (size_t i = 1; i < levels; i++) {
            dnn_node *inner = dnn_node_list();
            assert_int_equal(dnn_node_append(at, inner), DNN_OK);
            at = inner;
        }
        assert_int_equal(dnn_yaml_write(root, &text), levels == 32 ? DNN_OK : DNN_E_CONFIG);
        if (levels == 32) {
            assert_int_equal(dnn_yaml_parse(text, strlen(text), "again", &again), DNN_OK);
            dnn_node_destroy(again);
            dnn_free(text);
        } else {
            assert_says("nested deeper than 32");
        }
        dnn_node_destroy(root);
    }
    dnn_node *map = dnn_node_map(), *list = dnn_node_list();
    for (int i = 0; i < 1000; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(dnn_node_set(map, key, dnn_node_int(i)), DNN_OK);
    }
    assert_int_equal(dnn_yaml_write(map, &text), DNN_OK);
    assert_int_equal(dnn_yaml_parse(text, strlen(text), "again", &again), DNN_OK);
    dnn_node_destroy(again);
    dnn_free(text);
    assert_int_equal(dnn_node_set(map, "one more", dnn_node_null()), DNN_OK);
    assert_int_equal(dnn_yaml_write(map, &text), DNN_E_CONFIG);
    assert_says("1001 keys in one map");
    for (int i = 0; i < 20001; i++) assert_int_equal(dnn_node_append(list, dnn_node_int(i)), DNN_OK);
    assert_int_equal(dnn_yaml_write(list, &text), DNN_E_CONFIG);
    assert_says("over 20000 keys and values");
    dnn_node_destroy(map);
    dnn_node_destroy(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_stay_strings_whatever_they_look_like),
        cmocka_unit_test(every_byte_of_ascii_survives_in_a_string),
        cmocka_unit_test(numbers_survive_to_the_last_bit_and_keep_their_type),
        cmocka_unit_test(a_run_file_is_written_as_a_person_would),
        cmocka_unit_test(lines_too_long_for_flow_style_are_broken),
        cmocka_unit_test(lone_scalars_and_empty_collections_can_be_written),
        cmocka_unit_test(texts_that_yaml_cannot_hold_are_refused),
        cmocka_unit_test(trees_beyond_the_readers_limits_are_refused),
        cmocka_unit_test(nothing_stays_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
