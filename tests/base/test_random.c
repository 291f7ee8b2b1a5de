#include "support.h"

#include <math.h>
#include <stdlib.h>

#include "dnn/base/random.h"

/* Philox4x32-10 written down from the paper (section 3.3 and table 2), as an oracle for counters and keys of our own. */
static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c[4] = { counter[0], counter[1], counter[2], counter[3] }, k[2] = { key[0], key[1] };
    for (int round = 0; round < 10; round++) {
        const uint64_t p = (uint64_t)0xD2511F53u * c[0], q = (uint64_t)0xCD9E8D57u * c[2];
        const uint32_t next[4] = { (uint32_t)(q >> 32) ^ c[1] ^ k[0], (uint32_t)q, (uint32_t)(p >> 32) ^ c[3] ^ k[1], (uint32_t)p };
        memcpy(c, next, sizeof c);
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
    memcpy(out, c, sizeof c);
}

/* Random123's kat_vectors, lines "philox4x32 10". */
static const struct { uint32_t counter[4], key[2], words[4]; } known[] = {
    { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
    { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }, { 0xffffffff, 0xffffffff }, { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
    { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 }, { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
};

static void the_oracle_gives_the_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t words[4];
        philox(known[i].counter, known[i].key, words);
        assert_memory_equal(words, known[i].words, sizeof words);
    }
}

static void position_zero_without_seed_gives_the_published_vector(void **state)
{
    (void)state;
    const dnn_stream stream = { 0 };
    uint32_t words[4];
    dnn_random_block(&stream, 0, 0, words);
    assert_memory_equal(words, known[0].words, sizeof words);
}

static void a_block_is_philox_of_the_documented_counter(void **state)
{
    (void)state;
    const dnn_stream stream = { UINT64_C(0x299f31d0a4093822), DNN_FOR_DROPOUT, 0xABCDEF };
    const uint64_t step = UINT64_C(0x9876543210), block = UINT64_C(0xFEDCBA987654);
    const uint32_t counter[4] = { 0xBA987654, 0x98 << 16 | 0xFEDC, 0x76543210, 4u << 24 | 0xABCDEF };
    const uint32_t key[2] = { 0xa4093822, 0x299f31d0 };
    uint32_t expected[4], words[4];
    philox(counter, key, expected);
    dnn_random_block(&stream, step, block, words);
    assert_memory_equal(words, expected, sizeof words);
    dnn_random_block(&stream, step, 5000, words);
    for (uint64_t i = 0; i < 4; i++) assert_int_equal(dnn_random_at(&stream, step, 4 * 5000 + i), words[i]);
}

static void many_blocks_are_the_blocks_one_by_one(void **state)
{
    (void)state;
    enum { MOST = 200 };
    const dnn_stream stream = { UINT64_C(0xFEDCBA9876543210), DNN_FOR_WEIGHT_NOISE, 0x123456 };
    const uint64_t step = UINT64_C(0xFF00000005), first = UINT64_C(0x7FFFFFF90); /* the low word of the counter overflows on the way */
    uint32_t expected[4 * MOST], words[4 * MOST + 4];
    for (uint64_t b = 0; b < MOST; b++) dnn_random_block(&stream, step, first + b, expected + 4 * b);
    for (size_t n = 0; n <= MOST; n++)
        for (size_t skip = 0; skip + n <= MOST; skip += 61) {
            memset(words, 0xA5, sizeof words);
            dnn_random_blocks(&stream, step, first + skip, n, words);
            assert_memory_equal(words, expected + 4 * skip, 16 * n);
            assert_int_equal(words[4 * n], 0xA5A5A5A5u);
        }
}

static void uniform_numbers_lie_below_one_with_the_moments_of_theory(void **state)
{
    (void)state;
    enum { N = 1 << 18 };
    const dnn_stream stream = { 42, DNN_FOR_NOISE, 3 };
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < N; i++) {
        const float u = dnn_uniform_at(&stream, 9, i);
        assert_true(u >= 0.0f && u < 1.0f);
        sum += (double)u;
        squares += (double)u * (double)u;
    }
    /* Standard errors: sqrt(1/12/N) of the mean, sqrt(4/45/N) of the mean square; five of them are allowed. */
    assert_true(fabs(sum / N - 0.5) < 5 * sqrt(1.0 / 12 / N));
    assert_true(fabs(squares / N - 1.0 / 3) < 5 * sqrt(4.0 / 45 / N));
    assert_true(dnn_unit_float(UINT32_MAX) < 1.0f);
}

static void integers_below_n_are_even(void **state)
{
    (void)state;
    enum { N = 70000, SIDES = 7 };
    const dnn_stream stream = { 1, DNN_FOR_DATA, 0 };
    int counts[SIDES] = { 0 };
    for (uint64_t i = 0; i < N; i++) {
        const uint64_t k = dnn_below_at(&stream, 0, i, SIDES);
        assert_true(k < SIDES);
        counts[k]++;
    }
    double chi = 0;
    for (int k = 0; k < SIDES; k++) chi += pow(counts[k] - N / SIDES, 2) / (N / SIDES);
    assert_true(chi < 22.46); /* 0.999 quantile of chi square, 6 degrees of freedom */
    assert_int_equal(dnn_below_at(&stream, 0, 3, 1), 0);
    assert_true(dnn_below_at(&stream, 0, 3, UINT64_MAX) < UINT64_MAX);
}

static void assert_permutation(const dnn_stream *stream, uint64_t epoch, uint64_t n)
{
    unsigned char *seen = calloc(n, 1);
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t at = dnn_shuffle_at(stream, epoch, n, i);
        assert_true(at < n);
        assert_int_equal(seen[at]++, 0);
    }
    free(seen);
}

static void a_shuffle_is_a_permutation_for_every_count(void **state)
{
    (void)state;
    static const uint64_t large[] = { 999, 1000, 1023, 1024, 1025, 4095, 4096, 4097, 55000, 60000, 65535, 65536, 65537, 1000003 };
    const dnn_stream stream = { 42, DNN_FOR_SHUFFLE, 0 };
    for (uint64_t n = 1; n <= 300; n++) assert_permutation(&stream, n % 3, n);
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) assert_permutation(&stream, 1, large[i]);
}

static void a_span_of_a_shuffle_is_its_positions_one_by_one(void **state)
{
    (void)state;
    static const uint64_t counts[] = { 1, 5, 63, 64, 65, 256, 257, 1000, 55000, 66000, UINT64_C(1) << 40 };
    const dnn_stream stream = { 7, DNN_FOR_SHUFFLE, 0 };
    uint64_t span[301];
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
        for (size_t count = 0; count <= 300 && count <= counts[k]; count += count < 3 ? 1 : 27) {
            const uint64_t first = (counts[k] - count) / 2;
            span[count] = 99;
            dnn_shuffle_span(&stream, 3, counts[k], first, count, span);
            for (size_t i = 0; i < count; i++) assert_true(span[i] == dnn_shuffle_at(&stream, 3, counts[k], first + i));
            assert_true(span[count] == 99);
        }
}

static void a_shuffle_reaches_huge_counts(void **state)
{
    (void)state;
    const dnn_stream stream = { 42, DNN_FOR_SHUFFLE, 0 };
    const uint64_t n[] = { (UINT64_C(1) << 40) + 1, UINT64_MAX };
    for (int k = 0; k < 2; k++)
        for (uint64_t i = 0; i < 100; i++) {
            const uint64_t a = dnn_shuffle_at(&stream, 0, n[k], i), b = dnn_shuffle_at(&stream, 0, n[k], i + 100);
            assert_true(a < n[k] && b < n[k] && a != b);
        }
}

static void every_order_of_few_items_comes_equally_often(void **state)
{
    (void)state;
    enum { KEYS = 60000, N = 5, ORDERS = 120 };
    const dnn_stream stream = { 3, DNN_FOR_SHUFFLE, 0 };
    int *counts = calloc(3125, sizeof *counts);
    for (uint64_t epoch = 0; epoch < KEYS; epoch++) {
        uint64_t order = 0;
        for (uint64_t i = 0; i < N; i++) order = order * N + dnn_shuffle_at(&stream, epoch, N, i);
        counts[order]++;
    }
    double chi = 0;
    int orders = 0;
    for (int i = 0; i < 3125; i++) {
        orders += counts[i] > 0;
        if (counts[i]) chi += pow(counts[i] - KEYS / ORDERS, 2) / (KEYS / ORDERS);
    }
    free(counts);
    assert_int_equal(orders, ORDERS);
    assert_true(chi < 172.0); /* 0.999 quantile of chi square, 119 degrees of freedom: 171.2 */
}

static void epochs_and_seeds_shuffle_differently(void **state)
{
    (void)state;
    enum { N = 10000 };
    const dnn_stream a = { 1, DNN_FOR_SHUFFLE, 0 }, b = { 2, DNN_FOR_SHUFFLE, 0 };
    int same_epoch = 0, same_seed = 0, fixed = 0;
    for (uint64_t i = 0; i < N; i++) {
        const uint64_t at = dnn_shuffle_at(&a, 0, N, i);
        same_epoch += at == dnn_shuffle_at(&a, 1, N, i);
        same_seed += at == dnn_shuffle_at(&b, 0, N, i);
        fixed += at == i;
    }
    /* Coincidences of two random orders are Poisson with mean 1. */
    assert_true(same_epoch < 9 && same_seed < 9 && fixed < 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oracle_gives_the_published_vectors),
        cmocka_unit_test(position_zero_without_seed_gives_the_published_vector),
        cmocka_unit_test(a_block_is_philox_of_the_documented_counter),
        cmocka_unit_test(many_blocks_are_the_blocks_one_by_one),
        cmocka_unit_test(uniform_numbers_lie_below_one_with_the_moments_of_theory),
        cmocka_unit_test(integers_below_n_are_even),
        cmocka_unit_test(a_shuffle_is_a_permutation_for_every_count),
        cmocka_unit_test(a_span_of_a_shuffle_is_its_positions_one_by_one),
        cmocka_unit_test(a_shuffle_reaches_huge_counts),
        cmocka_unit_test(every_order_of_few_items_comes_equally_often),
        cmocka_unit_test(epochs_and_seeds_shuffle_differently),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
