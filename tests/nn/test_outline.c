/* What layers tell of themselves in operations: every kind of the lists has something to tell, and a layer's weights come with the axes asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/nn/layer.h"

static void every_layer_of_the_list_tells_what_it_computes(void **state)
{
    (void)state;
    for (size_t i = 0; i < dnn_layers.count; i++) {
        const dnn_layer_kind *kind = (const dnn_layer_kind *)dnn_layers.kinds[i];
        /* Without a forward it is a view of its input; an activation's layer has the outline of the activation. */
        const bool tells = kind->outline || kind->activation_layer || !kind->forward;
        if (!tells) print_error("layer %s has no outline\n", kind->kind.name);
        assert_true(tells);
    }
}

static void every_activation_of_the_list_tells_what_it_computes(void **state)
{
    (void)state;
    for (size_t i = 0; i < dnn_activations.count; i++) {
        const dnn_activation_kind *kind = (const dnn_activation_kind *)dnn_activations.kinds[i];
        if (!kind->outline) print_error("activation %s has no outline\n", kind->kind.name);
        assert_non_null(kind->outline);
    }
}

static dnn_value turned(const dnn_layer *l, dnn_outline *o)
{
    (void)l;
    return dnn_outline_2(o, "Add", dnn_outline_input(o, 0), dnn_outline_weight(o, 0, (size_t[]){ 2, 0, 1 }));
}

static void nothing(const dnn_layer *l, const dnn_pass *p)
{
    (void)l;
    (void)p;
}

static void weights_come_with_their_axes_in_the_order_asked_for(void **state)
{
    (void)state;
    const dnn_layer_kind kind = { .kind = { .name = "turned" }, .forward = nothing, .outline = turned };
    dnn_shape in = dnn_shape_1(3);
    dnn_layer layer = { .name = "t", .kind = &kind, .n_inputs = 1, .in = &in, .out = in };
    float values[24];
    dnn_outline o;
    for (int i = 0; i < 24; i++) values[i] = (float)i; /* w[a][b][c] = 12 a + 4 b + c, a < 2, b < 3, c < 4 */
    layer.plan.weights[0] = (dnn_weight_plan){ .name = "w", .shape = dnn_shape_of(3, (size_t[]){ 2, 3, 4 }) };
    layer.plan.n_weights = 1;
    assert_int_equal(dnn_outline_make(&layer, (const float *const[]){ values }, &o), DNN_OK);
    assert_int_equal(o.n_operations, 1);
    const dnn_outline_value *w = &o.values[o.operations[0].inputs[1]];
    assert_int_equal(w->kind, DNN_VALUE_REALS);
    assert_int_equal(w->dim[0], 4);
    assert_int_equal(w->dim[1], 2);
    assert_int_equal(w->dim[2], 3);
    for (int c = 0; c < 4; c++)
        for (int a = 0; a < 2; a++)
            for (int b = 0; b < 3; b++) assert_true(w->reals[6 * c + 3 * a + b] == (float)(12 * a + 4 * b + c));
    assert_int_equal(o.values[o.result].number, 0);
    dnn_outline_clear(&o);
    assert_int_equal(dnn_memory_balance(), 0);
}

static void a_layer_that_cannot_be_told_is_named(void **state)
{
    (void)state;
    const dnn_layer_kind kind = { .kind = { .name = "secret" }, .forward = nothing };
    const dnn_activation_kind own = { .kind = { .name = "own" } };
    dnn_shape in = dnn_shape_1(3);
    dnn_layer layer = { .name = "here", .kind = &kind, .n_inputs = 1, .in = &in, .out = in };
    dnn_outline o;
    assert_int_equal(dnn_outline_make(&layer, NULL, &o), DNN_E_MODEL);
    assert_non_null(strstr(dnn_fail_text(), "layer 'here'"));
    assert_non_null(strstr(dnn_fail_text(), "secret"));
    dnn_outline_clear(&o);
    const dnn_layer_kind passing = { .kind = { .name = "passing" }, .forward = nothing, .outline = dnn_outline_pass };
    layer.kind = &passing;
    layer.activation = &own;
    assert_int_equal(dnn_outline_make(&layer, NULL, &o), DNN_E_MODEL);
    assert_non_null(strstr(dnn_fail_text(), "activation own"));
    dnn_outline_clear(&o);
    dnn_fail_clear();
    assert_int_equal(dnn_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer_of_the_list_tells_what_it_computes),
        cmocka_unit_test(every_activation_of_the_list_tells_what_it_computes),
        cmocka_unit_test(weights_come_with_their_axes_in_the_order_asked_for),
        cmocka_unit_test(a_layer_that_cannot_be_told_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
