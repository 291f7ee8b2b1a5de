#include "support.h"

#include <math.h>

typedef struct small { bool flag; int64_t count; size_t units; double rate, scale; char *name; int padding; dnn_strings columns; dnn_numbers axes; } small;
typedef struct outer { small inner; double timeout; dnn_node *free; } outer;

static const dnn_param small_rows[] = {
    DNN_BOOL(small, flag, "true", "whether"),
    DNN_INT(small, count, "3", "[-5, 5]", "how many"),
    DNN_SIZE(small, units, NULL, NULL, "number of outputs"),
    DNN_REAL(small, rate, "0.5", "[0, 1)", "share"),
    DNN_REAL(small, scale, "null", "> 0", "factor"),
    DNN_STRING(small, name, "null", "name"),
    DNN_CHOICE(small, padding, "valid", "valid|same|causal", "padding"),
    DNN_STRINGS(small, columns, "[]", "columns"),
    DNN_NUMBERS(small, axes, "[1, 2]", ">= 0", "axes"),
};
enum { ROWS = sizeof small_rows / sizeof *small_rows };

static const dnn_param outer_rows[] = {
    DNN_SECTION(outer, inner, small_rows, NULL, "the inner part"),
    DNN_REAL(outer, timeout, "600", "> 0", "seconds"),
    DNN_NODE(outer, free, "auto", "anything"),
};

static dnn_status read_small(const char *text, small *out)
{
    dnn_node *node = tree(text);
    *out = (small){ 0 };
    const dnn_status st = dnn_params_read(small_rows, ROWS, "small", node, out);
    dnn_node_destroy(node);
    return st;
}

static void keys_left_out_have_their_defaults(void **state)
{
    (void)state;
    small s;
    assert_int_equal(read_small("{units: 7}", &s), DNN_OK);
    assert_true(s.flag && s.count == 3 && s.units == 7 && s.rate == 0.5 && isnan(s.scale));
    assert_null(s.name);
    assert_int_equal(s.padding, 0);
    assert_int_equal(s.columns.count, 0);
    assert_true(s.axes.count == 2 && s.axes.at[0] == 1 && s.axes.at[1] == 2);
    dnn_params_clear(small_rows, ROWS, &s);
}

static void every_type_is_read(void **state)
{
    (void)state;
    small s;
    assert_int_equal(read_small("{flag: false, count: -5, units: 1e3, rate: 0, scale: 2, name: x, padding: causal, columns: [a, 3], axes: 4}", &s), DNN_OK);
    assert_true(!s.flag && s.count == -5 && s.units == 1000 && s.rate == 0 && s.scale == 2);
    assert_string_equal(s.name, "x");
    assert_int_equal(s.padding, 2);
    assert_true(s.columns.count == 2 && strcmp(s.columns.at[0], "a") == 0 && strcmp(s.columns.at[1], "3") == 0);
    assert_true(s.axes.count == 1 && s.axes.at[0] == 4);
    dnn_params_clear(small_rows, ROWS, &s);
}

static void null_is_the_absence_of_a_value_where_there_may_be_none(void **state)
{
    (void)state;
    small s;
    assert_int_equal(read_small("{units: 1, scale: null, name: null, columns: null}", &s), DNN_OK);
    assert_true(isnan(s.scale) && !s.name && s.columns.count == 0);
    dnn_params_clear(small_rows, ROWS, &s);
    assert_fails(read_small("{units: 1, rate: null}", &s), DNN_E_CONFIG,
                 "run.yaml:12:30: small.rate = null: must have a value; without the key it is 0.5");
    assert_fails(read_small("{units: null}", &s), DNN_E_CONFIG, "run.yaml:12:20: small.units: has no value: number of outputs");
}

static void wrong_values_are_named_with_place_and_remedy(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "{rate: 1.5, units: 1}", "run.yaml:12:20: small.rate = 1.5: must lie in [0, 1)" },
        { "{rate: 1, units: 1}", "run.yaml:12:20: small.rate = 1: must lie in [0, 1)" },
        { "{rate: abc, units: 1}", "run.yaml:12:20: small.rate = \"abc\": must be a number" },
        { "{scale: 0, units: 1}", "run.yaml:12:20: small.scale = 0: must be > 0" },
        { "{count: 6, units: 1}", "run.yaml:12:20: small.count = 6: must lie in [-5, 5]" },
        { "{count: 1.5, units: 1}", "run.yaml:12:20: small.count = 1.5: must be a whole number" },
        { "{count: true, units: 1}", "run.yaml:12:20: small.count = true: must be a whole number" },
        { "{units: -1}", "run.yaml:12:20: small.units = -1: must be >= 0" },
        { "{flag: 1, units: 1}", "run.yaml:12:20: small.flag = 1: must be true or false" },
        { "{name: [a], units: 1}", "run.yaml:12:20: small.name = a list: must be a text" },
        { "{name: true, units: 1}", "run.yaml:12:20: small.name = true: must be a text; put it in quotes if it is one" },
        { "{padding: smae, units: 1}", "run.yaml:12:20: small.padding = \"smae\": must be one of valid, same, causal; did you mean 'same'?" },
        { "{padding: 3, units: 1}", "run.yaml:12:20: small.padding = 3: must be one of valid, same, causal" },
        { "{axes: [1, -2], units: 1}", "run.yaml:12:40: small.axes.1 = -2: must be >= 0" },
        { "{axes: -2, units: 1}", "run.yaml:12:20: small.axes = -2: must be >= 0" },
        { "{columns: [a, {}], units: 1}", "run.yaml:12:40: small.columns.1 = a map: must be a text" },
        { "{}", "run.yaml:12:10: small.units: missing: number of outputs" },
        { "{unit: 1}", "run.yaml:12:18: small.unit: unknown key; did you mean 'units'?" },
        { "{zzzzzz: 1}", "run.yaml:12:18: small.zzzzzz: unknown key; known: flag, count, units, rate, scale, name, padding, columns, axes" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        small s, zero = { 0 };
        assert_fails(read_small(cases[i][0], &s), DNN_E_CONFIG, cases[i][1]);
        assert_memory_equal(&s, &zero, offsetof(small, padding));
        assert_true(s.columns.count == 0 && !s.columns.at && s.axes.count == 0 && !s.axes.at);
    }
}

static void numbers_that_are_none_are_refused(void **state)
{
    (void)state;
    const double bad[] = { NAN, INFINITY, -INFINITY };
    for (size_t i = 0; i < 3; i++) {
        dnn_node *map = tree("{units: 1}");
        small s = { 0 };
        assert_int_equal(dnn_node_set(map, "scale", dnn_node_real(bad[i])), DNN_OK);
        assert_int_equal(dnn_params_read(small_rows, ROWS, "", map, &s), DNN_E_CONFIG);
        dnn_node_destroy(map);
    }
}

static void sections_are_read_in_depth(void **state)
{
    (void)state;
    outer o = { 0 };
    dnn_node *node = tree("{inner: {units: 4, rate: 0.25}, free: {a: [1]}}");
    assert_int_equal(dnn_params_read(outer_rows, 3, "", node, &o), DNN_OK);
    assert_true(o.inner.units == 4 && o.inner.rate == 0.25 && o.timeout == 600);
    assert_tree(o.free, "{a: [1]}");
    dnn_params_clear(outer_rows, 3, &o);
    dnn_node_destroy(node);

    static const char *const cases[][2] = {
        { "{inner: {unit: 4}}", "run.yaml:12:28: inner.unit: unknown key; did you mean 'units'?" },
        { "{inner: null}", "run.yaml:12:20: inner.units: missing: number of outputs" },
        { "{inner: 5}", "run.yaml:12:20: inner = 5: must be a map of keys to values; known: flag, count, units, rate, scale, name, padding, columns, axes" },
        { "{}", "run.yaml:12:10: inner: missing: the inner part" },
        { "[]", "run.yaml:12:10: a list: must be a map of keys to values; known: inner, timeout, free" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        node = tree(cases[i][0]);
        assert_fails(dnn_params_read(outer_rows, 3, "", node, &o), DNN_E_CONFIG, cases[i][1]);
        dnn_node_destroy(node);
    }
}

static void a_section_that_is_not_there_has_all_its_defaults(void **state)
{
    (void)state;
    static const dnn_param rows[] = { DNN_REAL(small, rate, "0.5", "[0, 1)", "share"), DNN_NUMBERS(small, axes, "[1, 2]", NULL, "axes") };
    static const dnn_param holder[] = { DNN_SECTION(outer, inner, rows, "null", "part") };
    static const char *const texts[] = { "{}", "{inner: null}", "{inner: {}}" };
    for (size_t i = 0; i < 3; i++) {
        outer o = { 0 };
        dnn_node *node = tree(texts[i]);
        assert_int_equal(dnn_params_read(holder, 1, "", i == 0 ? NULL : node, &o), DNN_OK);
        assert_true(o.inner.rate == 0.5 && o.inner.axes.count == 2);
        dnn_params_clear(holder, 1, &o);
        dnn_node_destroy(node);
    }
}

static void what_is_written_reads_back_to_the_same(void **state)
{
    (void)state;
    outer o = { 0 }, back = { 0 };
    dnn_node *node = tree("{inner: {flag: false, count: 2, units: 4, rate: 0.1, name: n, padding: same, columns: [a, b], axes: [0.5]}, timeout: 1e-3}");
    assert_int_equal(dnn_params_read(outer_rows, 3, "", node, &o), DNN_OK);
    dnn_node *written = dnn_params_write(outer_rows, 3, &o);
    assert_tree(written, "{inner: {flag: false, count: 2, units: 4, rate: 0.1, scale: null, name: n, padding: same, columns: [a, b], "
                         "axes: [0.5]}, timeout: 0.001, free: auto}");
    assert_int_equal(dnn_params_read(outer_rows, 3, "", written, &back), DNN_OK);
    dnn_node *again = dnn_params_write(outer_rows, 3, &back);
    assert_true(dnn_node_equal(written, again));
    dnn_node_destroy(node);
    dnn_node_destroy(written);
    dnn_node_destroy(again);
    dnn_params_clear(outer_rows, 3, &o);
    dnn_params_clear(outer_rows, 3, &back);
}

static void a_copy_shares_nothing(void **state)
{
    (void)state;
    outer o = { 0 }, copy = { 0 };
    dnn_node *node = tree("{inner: {units: 4, name: n, columns: [a, b]}}");
    assert_int_equal(dnn_params_read(outer_rows, 3, "", node, &o), DNN_OK);
    assert_int_equal(dnn_params_copy(outer_rows, 3, &o, &copy), DNN_OK);
    dnn_node *a = dnn_params_write(outer_rows, 3, &o);
    dnn_params_clear(outer_rows, 3, &o);
    dnn_node *b = dnn_params_write(outer_rows, 3, &copy);
    assert_true(dnn_node_equal(a, b));
    dnn_params_clear(outer_rows, 3, &copy);
    dnn_node_destroy(a);
    dnn_node_destroy(b);
    dnn_node_destroy(node);
}

static void ranges_hold_what_their_brackets_say(void **state)
{
    (void)state;
    static const struct { const char *range; double value; bool holds; } cases[] = {
        { "[0, 1)", 0, true }, { "[0, 1)", 1, false }, { "[0, 1)", 0.999, true }, { "[0, 1)", -1e-300, false },
        { "(0, 1]", 0, false }, { "(0, 1]", 1, true }, { "(0, inf)", 1e300, true }, { "(-inf, 0)", -5, true },
        { "> 0", 0, false }, { "> 0", 1e-300, true }, { ">= 1", 1, true }, { ">= 1", 0.99, false },
        { "< 2", 2, false }, { "<= 2", 2, true }, { "[0,1]", 0.5, true }, { "> -1.5", -1.5, false },
    };
    dnn_range range;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(dnn_range_parse(cases[i].range, &range));
        assert_int_equal(dnn_range_holds(&range, cases[i].value), cases[i].holds);
    }
    static const char *const bad[] = { "", "0", "[0, 1", "[0 1]", "[1, 0]", "> x", "[0, 1)x", "a|b" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(dnn_range_parse(bad[i], &range));
}

static void a_slip_finds_the_word_that_was_meant(void **state)
{
    (void)state;
    static const char *const words[] = { "optimizer", "metrics", "batch_size", "epochs", "l1", "elu", "relu" };
    static const struct { const char *word, *nearest; } cases[] = {
        { "optimiser", "optimizer" }, { "metric", "metrics" }, { "batchsize", "batch_size" }, { "batch-size", "batch_size" },
        { "Epochs", "epochs" }, { "epcohs", "epochs" }, { "reul", "relu" }, { "l2", "l1" }, { "zebra", NULL }, { "", NULL }, { "x", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *nearest = dnn_nearest(cases[i].word, words, sizeof words / sizeof *words);
        if (cases[i].nearest) assert_string_equal(nearest, cases[i].nearest);
        else assert_null(nearest);
    }
    assert_null(dnn_nearest("word", NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_left_out_have_their_defaults),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(null_is_the_absence_of_a_value_where_there_may_be_none),
        cmocka_unit_test(wrong_values_are_named_with_place_and_remedy),
        cmocka_unit_test(numbers_that_are_none_are_refused),
        cmocka_unit_test(sections_are_read_in_depth),
        cmocka_unit_test(a_section_that_is_not_there_has_all_its_defaults),
        cmocka_unit_test(what_is_written_reads_back_to_the_same),
        cmocka_unit_test(a_copy_shares_nothing),
        cmocka_unit_test(ranges_hold_what_their_brackets_say),
        cmocka_unit_test(a_slip_finds_the_word_that_was_meant),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
