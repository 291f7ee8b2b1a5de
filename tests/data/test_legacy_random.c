/* Expected values: NumPy 1.24's RandomState, and for the raw words the check value of the C++ standard. */
#include "support.h"

#include "data/legacy_random.h"

static void the_ten_thousandth_word_is_that_of_the_standard(void **state)
{
    (void)state;
    dnn_legacy_random random;
    dnn_legacy_seed(&random, 5489);
    assert_int_equal(dnn_legacy_bits(&random), 3499211612u);
    for (int i = 2; i < 10000; i++) dnn_legacy_bits(&random);
    assert_int_equal(dnn_legacy_bits(&random), 4123659995u);
}

static void random_sample_gives_numpys_doubles(void **state)
{
    (void)state;
    static const double one[] = {0.417022004702574, 0.7203244934421581, 0.00011437481734488664, 0.30233257263183977};
    static const double last[] = {0.0976320289940138, 0.9123828453026218};
    dnn_legacy_random random;
    dnn_legacy_seed(&random, 1);
    for (size_t i = 0; i < 4; i++) assert_true(dnn_legacy_sample(&random) == one[i]);
    dnn_legacy_seed(&random, 4294967295u);
    for (size_t i = 0; i < 2; i++) assert_true(dnn_legacy_sample(&random) == last[i]);
    dnn_legacy_seed(&random, 0);
    for (int i = 0; i < 999; i++) dnn_legacy_sample(&random);
    assert_true(dnn_legacy_sample(&random) == 0.6771411441114241);
}

static void standard_normal_keeps_the_second_number_of_a_pair(void **state)
{
    (void)state;
    static const double normal[] = {1.6243453636632417, -0.6117564136500754, -0.5281717522634557, -1.0729686221561705,
                                    0.8654076293246785};
    dnn_legacy_random random;
    dnn_legacy_seed(&random, 1);
    /* log and sqrt of other libraries may differ in the last bit. */
    for (size_t i = 0; i < 5; i++) assert_true(fabs(dnn_legacy_normal(&random) - normal[i]) <= 1e-15);
    assert_true(dnn_legacy_sample(&random) == 0.4191945144032948);
}

static void uniform_and_shuffle_are_numpys(void **state)
{
    (void)state;
    static const double uniform[] = {1.0159580514915092, 4.162956452362096, -4.181905221741113};
    static const size_t permutation[] = {7, 10, 2, 5, 0, 1, 11, 8, 3, 6, 9, 4};
    dnn_legacy_random random;
    dnn_legacy_seed(&random, 3);
    for (size_t i = 0; i < 3; i++) assert_true(dnn_legacy_uniform(&random, -10.0, 10.0) == uniform[i]);
    dnn_legacy_seed(&random, 7);
    size_t order[12];
    for (size_t i = 0; i < 12; i++) order[i] = i;
    dnn_legacy_shuffle(&random, order, 12);
    for (size_t i = 0; i < 12; i++) assert_int_equal(order[i], permutation[i]);
}

static void an_interval_holds_both_its_ends(void **state)
{
    (void)state;
    dnn_legacy_random random;
    dnn_legacy_seed(&random, 1);
    int seen[6] = {0};
    for (int i = 0; i < 1000; i++) seen[dnn_legacy_interval(&random, 5)]++;
    for (int i = 0; i < 6; i++) assert_in_range(seen[i], 100, 240);
    assert_int_equal(dnn_legacy_interval(&random, 0), 0);
    for (int i = 0; i < 100; i++) assert_true(dnn_legacy_interval(&random, (uint64_t)1 << 40) <= (uint64_t)1 << 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ten_thousandth_word_is_that_of_the_standard),
        cmocka_unit_test(random_sample_gives_numpys_doubles),
        cmocka_unit_test(standard_normal_keeps_the_second_number_of_a_pair),
        cmocka_unit_test(uniform_and_shuffle_are_numpys),
        cmocka_unit_test(an_interval_holds_both_its_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
