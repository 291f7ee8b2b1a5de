/* The product against three loops in double, for all forms and for sizes on both sides of every cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "dnn/base/memory.h"
#include "dnn/base/random.h"
#include "dnn/math/blas.h"

static real *draw(size_t n, uint32_t item)
{
    const dnn_stream stream = { .seed = 1, .purpose = DNN_FOR_CHECK, .item = item };
    real *v = dnn_alloc(n, sizeof *v);
    assert_non_null(v);
    for (size_t i = 0; i < n; i++) v[i] = dnn_uniform_at(&stream, 0, i) - 0.5f;
    return v;
}

static void check(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, real alpha, real beta, size_t gap)
{
    const size_t lda = (trans_a ? m : k) + gap, ldb = (trans_b ? k : n) + gap, ldc = n + gap;
    real *a = draw((trans_a ? k : m) * lda + 1, 1), *b = draw((trans_b ? n : k) * ldb + 1, 2), *c = draw(m * ldc + 1, 3);
    real *old = dnn_alloc(m * ldc + 1, sizeof *old);
    memcpy(old, c, (m * ldc + 1) * sizeof *old);
    if (beta == 0)
        for (size_t i = 0; i < m * ldc; i++) c[i] = i % ldc < n ? (real)NAN : c[i];
    dnn_gemm(trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t l = 0; l < k; l++)
                sum += (double)(trans_a ? a[l * lda + i] : a[i * lda + l]) * (double)(trans_b ? b[j * ldb + l] : b[l * ldb + j]);
            const double want = alpha * sum + (beta == 0 ? 0 : beta * (double)old[i * ldc + j]);
            /* k products below 1/4, each rounded k times at worst. */
            assert_true(fabs((double)c[i * ldc + j] - want) <= (double)DNN_REAL_EPSILON * ((double)k + 4));
        }
        for (size_t j = n; j < ldc; j++) assert_true(c[i * ldc + j] == old[i * ldc + j]);
    }
    dnn_free(a);
    dnn_free(b);
    dnn_free(c);
    dnn_free(old);
}

static void products_are_right_in_all_forms(void **state)
{
    (void)state;
    const size_t sizes[][3] = { { 1, 1, 1 }, { 3, 5, 7 }, { 8, 300, 784 }, { 32, 300, 784 }, { 48, 100, 300 }, { 49, 100, 300 },
                                { 1, 1000, 1001 }, { 17, 65, 1000 }, { 40, 10, 60000 }, { 784, 300, 8 }, { 2, 3, 0 }, { 0, 3, 2 } };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int form = 0; form < 4; form++) {
            check(form & 1, form & 2, sizes[s][0], sizes[s][1], sizes[s][2], 1, 0, 0);
            if (sizes[s][2] < 1000) check(form & 1, form & 2, sizes[s][0], sizes[s][1], sizes[s][2], 0.5f, -2, 3);
        }
    assert_int_equal(dnn_memory_balance(), 0);
}

static void the_same_product_has_the_same_bits(void **state)
{
    (void)state;
    dnn_blas_use_one_thread();
    const size_t m = 16, n = 300, k = 784;
    real *a = draw(m * k, 1), *b = draw(k * n, 2), *c = draw(m * n, 3), *d = draw(m * n, 4);
    dnn_gemm(false, false, m, n, k, 1, a, k, b, n, 0, c, n);
    for (int i = 0; i < 20; i++) {
        dnn_gemm(false, false, m, n, k, 1, a, k, b, n, 0, d, n);
        assert_memory_equal(c, d, m * n * sizeof *c);
    }
    dnn_free(a);
    dnn_free(b);
    dnn_free(c);
    dnn_free(d);
}

static void the_version_names_library_and_kernels(void **state)
{
    (void)state;
    assert_non_null(strstr(dnn_blas_version(), "OpenBLAS"));
    assert_non_null(strstr(dnn_blas_version(), "kernels)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_right_in_all_forms),
        cmocka_unit_test(the_same_product_has_the_same_bits),
        cmocka_unit_test(the_version_names_library_and_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
