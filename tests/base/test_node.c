#include "support.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "dnn/base/number.h"
#include "dnn/base/random.h"

static void numbers_are_written_as_short_as_they_read_back(void **state)
{
    (void)state;
    static const struct { double value; const char *text; } cases[] = {
        { 0.1, "0.1" }, { 1.0 / 3, "0.3333333333333333" }, { 0.1 + 0.2, "0.30000000000000004" }, { 3, "3" },
        { 1e-7, "1e-07" }, { -2.5, "-2.5" }, { 1e22, "1e+22" }, { NAN, "nan" }, { -INFINITY, "-inf" },
    };
    char text[DNN_NUMBER_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(dnn_number_text(cases[i].value, text), cases[i].text);
    assert_string_equal(dnn_float_text(0.1f, text), "0.1");
    assert_string_equal(dnn_float_text(16777217.0f, text), "16777216");
}

static void every_number_reads_back_to_the_same_bits(void **state)
{
    (void)state;
    const dnn_stream stream = { 7, DNN_FOR_CHECK, 0 };
    char text[DNN_NUMBER_TEXT];
    for (uint64_t i = 0; i < 20000; i++) {
        uint32_t words[4];
        dnn_random_block(&stream, 0, i, words);
        double value, back = 0;
        float small;
        memcpy(&value, words, sizeof value);
        memcpy(&small, words + 2, sizeof small);
        if (isfinite(value)) {
            assert_true(dnn_number_read(dnn_number_text(value, text), &back));
            assert_memory_equal(&back, &value, sizeof value);
        }
        if (isfinite(small)) {
            const float again = strtof(dnn_float_text(small, text), NULL);
            assert_memory_equal(&again, &small, sizeof small);
        }
    }
}

static void only_decimal_numbers_are_read(void **state)
{
    (void)state;
    static const char *const bad[] = { "", " 1", "1 ", "0x10", "inf", "nan", "1e", "1e+", ".", "-", "1e999", "1.2.3", "1_000" };
    static const char *const no_integers[] = { "", "0123", "1.0", "9223372036854775808", "-", "1e3", "0x1" };
    double value;
    int64_t integer;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(dnn_number_read(bad[i], &value));
    for (size_t i = 0; i < sizeof no_integers / sizeof *no_integers; i++) assert_false(dnn_integer_read(no_integers[i], &integer));
    assert_true(dnn_number_read("-.5e-3", &value) && value == -0.0005);
    assert_true(dnn_integer_read("-9223372036854775808", &integer) && integer == INT64_MIN);
    assert_true(dnn_integer_read("0", &integer) && integer == 0);
}

static void the_decimal_point_does_not_follow_the_locale(void **state)
{
    (void)state;
    const char *const candidates[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE" };
    const char *set = NULL;
    for (size_t i = 0; i < 3 && !set; i++) set = setlocale(LC_ALL, candidates[i]);
    if (!set) {
        setlocale(LC_ALL, "C");
        skip(); /* no locale with a decimal comma is installed */
    }
    char text[DNN_NUMBER_TEXT];
    double value = 0;
    dnn_number_text(0.5, text);
    const bool read = dnn_number_read("0.25", &value);
    setlocale(LC_ALL, "C");
    assert_string_equal(text, "0.5");
    assert_true(read && value == 0.25);
}

static void a_copy_of_a_tree_is_equal_and_independent(void **state)
{
    (void)state;
    dnn_node *a = tree("{b: true, i: -3, r: 0.5, s: text, n: null, l: [1, [2, 3]], m: {x: {y: z}}}");
    dnn_node *b = dnn_node_copy(a);
    assert_true(dnn_node_equal(a, b));
    assert_int_equal(dnn_node_at(b, "m.x.y")->place.line, 12);
    assert_int_equal(dnn_node_set(b, "i", dnn_node_int(4)), DNN_OK);
    assert_false(dnn_node_equal(a, b));
    assert_int_equal(dnn_node_find(a, "i")->integer, -3);
    dnn_node_destroy(a);
    dnn_node_destroy(b);
}

static void equality_asks_for_values_and_not_for_the_order_of_keys(void **state)
{
    (void)state;
    static const struct { const char *a, *b; bool equal; } cases[] = {
        { "{a: 1, b: 2}", "{b: 2, a: 1}", true }, { "{a: 1, b: 2}", "{a: 1}", false }, { "[1, 2]", "[2, 1]", false },
        { "1", "1.0", true }, { "1", "true", false }, { "a", "b", false }, { "null", "null", true }, { "[]", "{}", false },
        { "{a: 1, b: 2}", "{a: 1, c: 2}", false }, { "[3]", "3.0", true }, { "3", "[3]", true }, { "[[3]]", "[3]", true }, { "[3, 3]", "3", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dnn_node *a = tree(cases[i].a), *b = tree(cases[i].b);
        assert_int_equal(dnn_node_equal(a, b), cases[i].equal);
        dnn_node_destroy(a);
        dnn_node_destroy(b);
    }
}

static void children_are_found_by_path(void **state)
{
    (void)state;
    dnn_node *root = tree("{a: {b: [10, {c: 11}]}, 0: zero}");
    assert_int_equal(dnn_node_at(root, "a.b.0")->integer, 10);
    assert_int_equal(dnn_node_at(root, "a.b.1.c")->integer, 11);
    assert_string_equal(dnn_node_at(root, "0")->text, "zero");
    assert_null(dnn_node_at(root, "a.b.2"));
    assert_null(dnn_node_at(root, "a.b.x"));
    assert_null(dnn_node_at(root, "a.bb"));
    assert_null(dnn_node_at(NULL, "a"));
    assert_ptr_equal(dnn_node_at(root, ""), root);
    assert_null(dnn_node_find(NULL, "a"));
    dnn_node_destroy(root);
}

static void setting_replaces_and_removing_closes_the_gap(void **state)
{
    (void)state;
    dnn_node *map = tree("{a: 1, b: 2, c: 3}");
    assert_int_equal(dnn_node_set(map, "b", dnn_node_string("new")), DNN_OK);
    assert_int_equal(map->count, 3);
    dnn_node_remove(map, "a");
    dnn_node_remove(map, "not there");
    assert_tree(map, "{b: new, c: 3}");
    dnn_node_destroy(map);
}

static void putting_nothing_is_out_of_memory(void **state)
{
    (void)state;
    dnn_node *list = dnn_node_list(), *map = dnn_node_map();
    assert_int_equal(dnn_node_append(list, NULL), DNN_E_MEMORY);
    assert_int_equal(dnn_node_set(map, "a", NULL), DNN_E_MEMORY);
    dnn_node_destroy(list);
    dnn_node_destroy(map);
}

static void reals_keep_their_type_in_text(void **state)
{
    (void)state;
    static const struct { double value; const char *text; } cases[] = {
        { 1, "1.0" }, { 0.5, "0.5" }, { 1e30, "1e+30" }, { NAN, ".nan" }, { INFINITY, ".inf" }, { -INFINITY, "-.inf" }, { -0.0, "-0.0" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dnn_node *node = dnn_node_real(cases[i].value);
        assert_string_equal(node->text, cases[i].text);
        dnn_node_destroy(node);
    }
}

static void places_are_named_as_editors_read_them(void **state)
{
    (void)state;
    char text[64];
    assert_string_equal(dnn_place_text((dnn_place){ .file = "run.yaml", .line = 12, .column = 20 }, text, sizeof text), "run.yaml:12:20");
    assert_string_equal(dnn_place_text((dnn_place){ .file = "run.yaml" }, text, sizeof text), "run.yaml");
    assert_string_equal(dnn_place_text((dnn_place){ .file = "command line" }, text, sizeof text), "command line");
    assert_ptr_equal(dnn_place_intern("a"), dnn_place_intern("a"));
    dnn_node *node = tree("[1]");
    assert_fails(dnn_node_fail(DNN_E_DATA, node->items[0], "bad %d", 1), DNN_E_DATA, "run.yaml:12:20: bad 1");
    assert_fails(dnn_node_fail(DNN_E_DATA, NULL, "bad"), DNN_E_DATA, "bad");
    dnn_node_destroy(node);
}

static void a_key_without_a_line_is_named_in_whole(void **state)
{
    (void)state;
    static const char *const cases[][3] = { /* path, message, what becomes of it */
        { "model.layers.2.dropout.rate", "dropout.rate = 2: bad", "command line: model.layers.2.dropout.rate = 2: bad" },
        { "model.layers.2.dropout", "dropout.rate: missing", "command line: model.layers.2.dropout.rate: missing" },
        { "model.layers.2.dropout.rate", "dropout: bad", "command line: model.layers.2.dropout: bad" },
        { "model.layers", "layers: bad", "command line: model.layers: bad" },
        { "training.epochs", "training.epochs = 2: bad", "command line: training.epochs = 2: bad" },
        { "training", "training.epochs = 2: bad", "command line: training.epochs = 2: bad" },
        { "training.metrics.1", "unknown metric 'foo'", "command line: training.metrics.1: unknown metric 'foo'" },
        { "model.layers.2.dropout.seed", "dropout.rate: missing", "command line: model.layers.2.dropout.seed: dropout.rate: missing" },
        { "model.layers.2.dropout.rate", "rate_2 = 1: bad", "command line: model.layers.2.dropout.rate: rate_2 = 1: bad" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dnn_place place = { .file = "command line", .path = cases[i][0] };
        assert_fails(dnn_place_fail(DNN_E_CONFIG, place, "%s", cases[i][1]), DNN_E_CONFIG, cases[i][2]);
    }
}

static void values_are_described_for_messages(void **state)
{
    (void)state;
    static const char *const cases[][2] = { { "null", "null" }, { "true", "true" }, { "1e-7", "1e-7" }, { "abc", "\"abc\"" }, { "[1]", "a list" }, { "{}", "a map" } };
    char text[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dnn_node *node = tree(cases[i][0]);
        assert_string_equal(dnn_node_describe(node, text, sizeof text), cases[i][1]);
        dnn_node_destroy(node);
    }
}

static void malformed_defaults_are_a_fault_of_our_own(void **state)
{
    (void)state;
    static const char *const bad[] = { "[1", "{a 1}", "{a: 1", "1]", "[1 2]x" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dnn_node *node = NULL;
        assert_int_equal(dnn_preset_read(bad[i], &node), DNN_E_INTERNAL);
        assert_null(node);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_as_short_as_they_read_back),
        cmocka_unit_test(every_number_reads_back_to_the_same_bits),
        cmocka_unit_test(only_decimal_numbers_are_read),
        cmocka_unit_test(the_decimal_point_does_not_follow_the_locale),
        cmocka_unit_test(a_copy_of_a_tree_is_equal_and_independent),
        cmocka_unit_test(equality_asks_for_values_and_not_for_the_order_of_keys),
        cmocka_unit_test(children_are_found_by_path),
        cmocka_unit_test(setting_replaces_and_removing_closes_the_gap),
        cmocka_unit_test(putting_nothing_is_out_of_memory),
        cmocka_unit_test(reals_keep_their_type_in_text),
        cmocka_unit_test(places_are_named_as_editors_read_them),
        cmocka_unit_test(a_key_without_a_line_is_named_in_whole),
        cmocka_unit_test(values_are_described_for_messages),
        cmocka_unit_test(malformed_defaults_are_a_fault_of_our_own),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
