/* A program that registers components of its own with the library: no shared object is needed for that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dnn/base/memory.h"
#include "dnn/train/plugin.h"

static double eval(const void *params, const dnn_loss_pass *pass)
{
    (void)params;
    double sum = 0.0;
    for (size_t i = 0; i < pass->rows * pass->units; i++) sum += (double)(pass->y[i] - pass->target[i]);
    return sum;
}

static const dnn_loss_kind signed_error = { .kind = { .name = "signed_error", .help = "sum of differences" }, .eval = eval };
DNN_PLUGIN(.losses = DNN_KINDS(dnn_loss_kind, &signed_error))

static int setup(void **state)
{
    *state = (void *)dnn_memory_balance();
    return 0;
}

static int teardown(void **state)
{
    dnn_plugins_forget();
    dnn_place_forget();
    assert_int_equal(dnn_memory_balance(), (size_t)*state);
    return 0;
}

static void a_loss_of_the_programs_own_is_a_loss_and_a_metric_like_any_other(void **state)
{
    const size_t losses = dnn_losses.count;
    dnn_component metric;
    (void)state;
    assert_null(dnn_family_find(&dnn_losses, "signed_error"));
    assert_int_equal(dnn_plugin_register(&dnn_plugin_float, NULL, "this program"), DNN_OK);
    assert_ptr_equal(dnn_family_find(&dnn_losses, "signed_error"), &signed_error.kind);
    assert_int_equal(dnn_component_make(&dnn_metrics, "signed_error", &metric), DNN_OK);
    const float y[] = { 1, 2 }, target[] = { 0.5f, 0.5f };
    double sums[2] = { 0 };
    dnn_metric_update(&metric, &(dnn_loss_pass){ .rows = 2, .units = 1, .per_sample = 1, .y = y, .target = target }, DNN_TARGET_VALUES, sums);
    assert_float_equal(dnn_metric_result(&metric, 1, sums), 1.0, 1e-6);
    dnn_component_clear(&metric);
    assert_string_equal(dnn_plugins_without_double(), "this program");
    dnn_plugins_forget();
    assert_int_equal(dnn_losses.count, losses);
    assert_null(dnn_family_find(&dnn_metrics, "signed_error"));
    assert_null(dnn_plugins_without_double());
}

static void a_name_that_is_taken_is_refused_and_named(void **state)
{
    (void)state;
    assert_int_equal(dnn_plugin_register(&dnn_plugin_float, NULL, "first"), DNN_OK);
    assert_int_equal(dnn_plugin_register(&dnn_plugin_float, NULL, "second"), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "second: loss 'signed_error': there is one of this name already"));
}

static void another_layout_or_version_is_refused_and_says_to_compile_again(void **state)
{
    dnn_plugin other = dnn_plugin_float;
    (void)state;
    other.sizes[2] += 8;
    assert_int_equal(dnn_plugin_register(&other, NULL, "old"), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "compile it again"));
    other = dnn_plugin_float;
    other.abi++;
    assert_int_equal(dnn_plugin_register(&other, NULL, "new"), DNN_E_CONFIG);
    assert_non_null(strstr(dnn_fail_text(), "compile it again"));
    assert_null(dnn_family_find(&dnn_losses, "signed_error"));
}

typedef struct one { double value; } one;
static const dnn_param rows[] = { DNN_REAL(one, value, "1", NULL, "a number") };

static void a_descriptor_that_is_not_whole_is_refused_and_says_what_is_missing(void **state)
{
    static const dnn_loss_kind helpless = { .kind = { .name = "helpless" } };
    static const dnn_loss_kind capital = { .kind = { .name = "My loss", .help = "x" } };
    static const dnn_loss_kind small = { .kind = { .name = "small", .help = "x", .params_size = 0, DNN_PARAMS(rows) } };
    static const struct { const dnn_loss_kind *kind; const char *text; } cases[] = {
        { &helpless, "has no help" }, { &capital, "small letters" }, { &small, "params_size" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dnn_plugin table = dnn_plugin_float;
        table.losses = DNN_KINDS(dnn_loss_kind, cases[i].kind);
        assert_int_equal(dnn_plugin_register(&table, NULL, "it"), DNN_E_CONFIG);
        assert_non_null(strstr(dnn_fail_text(), cases[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_loss_of_the_programs_own_is_a_loss_and_a_metric_like_any_other, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_that_is_taken_is_refused_and_named, setup, teardown),
        cmocka_unit_test_setup_teardown(another_layout_or_version_is_refused_and_says_to_compile_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_descriptor_that_is_not_whole_is_refused_and_says_what_is_missing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
