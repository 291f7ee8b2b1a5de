/* The test of products with views, for both precisions: against the sums written out in double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "dnn/math/view_product.h"

enum { SPACE = 20000, MOST_COLUMNS = 100 };

static double spread(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53 * 2 - 1;
}

static size_t below(uint64_t *state, size_t n) { return (size_t)((spread(state) + 1) / 2 * (double)n) % n; }

static real a[SPACE], b[SPACE], c[SPACE], before[SPACE];

static void fill(uint64_t *state)
{
    for (size_t i = 0; i < SPACE; i++) {
        a[i] = (real)spread(state);
        b[i] = (real)spread(state);
        c[i] = before[i] = (real)spread(state);
    }
}

/* Each element to a few roundings of its sum of magnitudes, and nothing beside c changed. */
static void check(const dnn_view_product *p)
{
    static double want[SPACE], slack[SPACE];
    for (size_t i = 0; i < SPACE; i++) want[i] = before[i], slack[i] = 0;
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            const size_t at = i * p->c_row + j;
            double sum = 0, size = 0;
            for (size_t o = 0; o < p->outer; o++)
                for (size_t t = 0; t < p->inner; t++) {
                    const double term = (double)p->a[i * p->a_row + o * p->a_outer + t * p->a_inner] *
                                        p->b[o * p->b_outer + t * p->b_inner + j];
                    sum += term;
                    size += fabs(term);
                }
            want[at] = p->add ? before[at] + sum : sum;
            slack[at] = (size + 1) * DNN_REAL_EPSILON * 8;
        }
    dnn_view_product_run(p);
    for (size_t i = 0; i < SPACE; i++)
        if (!(fabs(c[i] - want[i]) <= slack[i]))
            fail_msg("m %zu n %zu outer %zu inner %zu: element %zu is %.9g, not %.9g", p->m, p->n, p->outer, p->inner,
                     i, (double)c[i], want[i]);
}

static void sums_are_those_written_out_for_any_sizes_and_strides(void **state)
{
    uint64_t seed = 1;
    (void)state;
    for (int trial = 0; trial < 400; trial++) {
        fill(&seed);
        const size_t n = 1 + below(&seed, MOST_COLUMNS);
        const dnn_view_product p = { .m = 1 + below(&seed, 40), .n = n, .outer = 1 + below(&seed, 4),
                                     .inner = 1 + below(&seed, 9), .a = a, .a_row = 1 + below(&seed, 30),
                                     .a_outer = below(&seed, 50), .a_inner = 1 + below(&seed, 20), .b = b,
                                     .b_outer = n + below(&seed, 300), .b_inner = n + below(&seed, 30), .c = c,
                                     .c_row = n + below(&seed, 20), .add = below(&seed, 2) };
        check(&p);
    }
}

static void every_number_of_rows_and_columns_has_its_tile(void **state)
{
    uint64_t seed = 2;
    (void)state;
    for (size_t m = 1; m <= 26; m++)
        for (size_t n = 1; n <= MOST_COLUMNS; n += m % 3 + 1) {
            fill(&seed);
            check(&(dnn_view_product){ .m = m, .n = n, .outer = 2, .inner = 3, .a = a, .a_row = 2, .a_outer = 7,
                                       .a_inner = 1, .b = b, .b_outer = 3 * n, .b_inner = n, .c = c, .c_row = n });
        }
}

static void nothing_to_sum_up_gives_zeros_or_leaves_what_is_there(void **state)
{
    uint64_t seed = 3;
    (void)state;
    for (int add = 0; add < 2; add++) {
        fill(&seed);
        check(&(dnn_view_product){
            .m = 3, .n = 70, .outer = 4, .inner = 0, .a = a, .b = b, .c = c, .c_row = 80, .add = add });
        fill(&seed);
        check(&(dnn_view_product){ .m = 0, .n = 70, .outer = 4, .inner = 2, .a = a, .b = b, .c = c, .c_row = 80 });
        fill(&seed);
        check(&(dnn_view_product){ .m = 5, .n = 0, .outer = 4, .inner = 2, .a = a, .b = b, .c = c, .c_row = 80 });
    }
}

/* Row 5 computed alone, with column 17 first. */
static void bits_of_an_element_do_not_depend_on_its_place(void **state)
{
    uint64_t seed = 4;
    (void)state;
    fill(&seed);
    dnn_view_product p = { .m = 9, .n = 90, .outer = 3, .inner = 11, .a = a, .a_row = 4, .a_outer = 60, .a_inner = 1,
                           .b = b, .b_outer = 11 * 90, .b_inner = 90, .c = c, .c_row = 90 };
    dnn_view_product_run(&p);
    dnn_view_product alone = p;
    alone.m = 1;
    alone.n = 1;
    for (size_t i = 0; i < p.m; i++)
        for (size_t j = 0; j < p.n; j++) {
            real one;
            alone.a = a + i * p.a_row;
            alone.b = b + j;
            alone.c = &one;
            dnn_view_product_run(&alone);
            assert_true(one == c[i * p.c_row + j]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_written_out_for_any_sizes_and_strides),
        cmocka_unit_test(every_number_of_rows_and_columns_has_its_tile),
        cmocka_unit_test(nothing_to_sum_up_gives_zeros_or_leaves_what_is_there),
        cmocka_unit_test(bits_of_an_element_do_not_depend_on_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
