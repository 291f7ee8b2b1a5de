/* Hostile run files cost little time and memory. The bounds of the assertions are loose (a loaded machine, sanitizers);
 * what they must shut out are the known cases: 17 s and more, or hundreds of megabytes. */
#include "dnn/io/tree.h"
#include "io/support.h"

enum { MEBIBYTE = 1 << 20 };

/* The unit again and again, a newline every `width` bytes. Owned by the caller (free). */
static char *repeated(const char *first, const char *unit, size_t width, size_t length)
{
    char *text = malloc(length + 1);
    size_t at = strlen(first), line = 0;
    memcpy(text, first, at);
    while (at + strlen(unit) + 1 < length) {
        memcpy(text + at, unit, strlen(unit));
        at += strlen(unit);
        line += strlen(unit);
        if (line >= width) {
            text[at++] = '\n';
            line = 0;
        }
    }
    text[at] = '\0';
    return text;
}

/* Parses and checks the bounds; the outcome itself is the caller's matter. */
static dnn_status costs_little(const char *text)
{
    dnn_node *root = NULL;
    const long before = peak_megabytes();
    const double start = cpu_seconds();
    const dnn_status st = dnn_yaml_parse(text, strlen(text), "run.yaml", &root);
    const double taken = cpu_seconds() - start;
    if (taken > 2.0) fail_msg("%.1f s for %.20s…", taken, text);
    if (peak_megabytes() > before + 64 && memory_is_measurable) fail_msg("%ld MB for %.20s…", peak_megabytes(), text);
    dnn_node_destroy(root);
    return st;
}

static void assert_refused_soon(char *text, const char *why)
{
    const dnn_status st = costs_little(text);
    free(text);
    assert_int_equal(st, DNN_E_CONFIG);
    assert_says("run.yaml:");
    assert_says(why);
}

static void a_hundred_thousand_brackets_are_refused(void **state)
{
    (void)state;
    assert_refused_soon(repeated("", "[", 200000, 100000), "run.yaml:1:1: a line of over");
    assert_refused_soon(repeated("", "[", 1000, 60000), "run.yaml:1:33: nested deeper than 32");
    assert_refused_soon(repeated("a: ", "{a: ", 1000, 60000), "nested deeper than 32");
    assert_refused_soon(repeated("", "- ", 1000, 60000), "nested deeper than 32");
}

static void five_hundred_nested_block_maps_are_refused(void **state)
{
    (void)state;
    char *text = malloc(MEBIBYTE), *to = text;
    for (int depth = 0; depth < 500; depth++) to += sprintf(to, "%*sa:\n", depth, "");
    assert_refused_soon(text, "run.yaml:33:33: nested deeper than 32");
}

static void thirty_two_levels_are_read(void **state)
{
    (void)state;
    char text[1000] = "";
    dnn_node *root = NULL;
    for (int i = 0; i < 32; i++) strcat(text, "[");
    for (int i = 0; i < 32; i++) strcat(text, "]");
    assert_int_equal(dnn_yaml_parse(text, strlen(text), "run.yaml", &root), DNN_OK);
    dnn_node_destroy(root);
}

static void fifty_thousand_anchors_are_refused(void **state)
{
    (void)state;
    char *text = malloc(2 * MEBIBYTE), *to = text;
    for (int i = 0; i < 50000; i++) to += sprintf(to, "- &b%d x\n", i);
    assert_refused_soon(text, "run.yaml:1:3: anchors");
}

static void two_hundred_thousand_keys_are_refused(void **state)
{
    (void)state;
    char *text = malloc(4 * MEBIBYTE), *to = text;
    for (int i = 0; i < 200000; i++) to += sprintf(to, "k%d: 1\n", i);
    assert_refused_soon(text, "at most 1048576 (1 MiB)");
    to = text = malloc(MEBIBYTE);
    for (int i = 0; i < 90000; i++) to += sprintf(to, "k%d: 1\n", i);
    assert_refused_soon(text, "run.yaml:1001:1: over 1000 keys in one map");
}

static void a_thousand_keys_are_read(void **state)
{
    (void)state;
    char text[20000], *to = text;
    for (int i = 0; i < 1000; i++) to += sprintf(to, "k%d: 1\n", i);
    assert_int_equal(costs_little(text), DNN_OK);
}

static void many_values_in_many_maps_are_refused(void **state)
{
    (void)state;
    assert_refused_soon(repeated("a:\n", "- {b: 1}\n", 1000, 900000), "over ");
    assert_refused_soon(repeated("[", "1,", 1000, MEBIBYTE - 10), "over ");
}

/* What libfyaml takes quadratic time for. */
static void runs_of_white_space_are_refused(void **state)
{
    (void)state;
    assert_refused_soon(repeated("{a: ", "\n", 1, MEBIBYTE - 10), "empty lines");
    assert_refused_soon(repeated("a: |\n x", "  \n", 1 << 21, MEBIBYTE - 10), "empty lines");
    assert_refused_soon(repeated("{a: ", "\t", 60000, MEBIBYTE - 10), "empty lines");
    char *text = repeated("a: 1\n", "\n", 1, 3000); /* but some of it is nobody's fault */
    assert_int_equal(costs_little(text), DNN_OK);
    free(text);
}

static void no_mark_repeated_over_a_mebibyte_costs_much(void **state)
{
    (void)state;
    static const char *const starts[] = {"", "[", "a: [", "- [", "{", "a:\n  ", "'", "\"", "|\n ", "{a: "};
    static const char *const units[] = {",",    "[]",   "{}",   "*a ", "&a ", "!a ",   "? ",    "- ",    ": ",    "1 ",
                                        "'a' ", "\"",   "| ",   "# ",  "{",   "]",     "---\n", "...\n", "\\",    "%",
                                        "\n",   "  \n", " a\n", "?\n", "-\n", "- a: ", "!\n",   "\t",    "a: 1\n"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        for (size_t j = 0; j < sizeof units / sizeof *units; j++) {
            char *text = repeated(starts[i], units[j], 60, MEBIBYTE - 10);
            costs_little(text);
            free(text);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_thousand_brackets_are_refused),
        cmocka_unit_test(five_hundred_nested_block_maps_are_refused),
        cmocka_unit_test(thirty_two_levels_are_read),
        cmocka_unit_test(fifty_thousand_anchors_are_refused),
        cmocka_unit_test(two_hundred_thousand_keys_are_refused),
        cmocka_unit_test(a_thousand_keys_are_read),
        cmocka_unit_test(many_values_in_many_maps_are_refused),
        cmocka_unit_test(runs_of_white_space_are_refused),
        cmocka_unit_test(no_mark_repeated_over_a_mebibyte_costs_much),
        cmocka_unit_test(nothing_stays_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
