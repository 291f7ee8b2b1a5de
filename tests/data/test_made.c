/* Expected rows: scikit-learn's generators on NumPy's RandomState, as printed by the published CSV files and
 * (regression, 5 rows) by scikit-learn's own documentation. */
#include "support.h"

#include "dnn/io/csv.h"

/* x and y to the last digit of a float: the doubles behind them are those of the file. */
static void check_row(const opened *o, uint64_t row, const double *x, size_t n, double y)
{
    for (size_t j = 0; j < n; j++)
        if (fabs(input_at(o, DNN_TRAIN, row, 0, j) - x[j]) > 1.2e-7 * fmax(1.0, fabs(x[j])))
            fail_msg("row %d, x%d: %.9g is not %.9g", (int)row, (int)j, (double)input_at(o, DNN_TRAIN, row, 0, j),
                     x[j]);
    if (fabs(target_at(o, DNN_TRAIN, row) - y) > 1.2e-7 * fmax(1.0, fabs(y)))
        fail_msg("row %d, y: %.9g is not %.9g", (int)row, (double)target_at(o, DNN_TRAIN, row), y);
}

static void the_first_rows_are_those_everybody_has_seen(void **state)
{
    (void)state;
    opened o;
    must_open(&o, 0, "source: {moons: {n_samples: 100, noise: 0.2, random_state: 1}}");
    check_row(&o, 0, (double[]){1.366982377748571, -0.23541583828163382}, 2, 1);
    check_row(&o, 1, (double[]){1.764044015303518, -0.3456328842150106}, 2, 1);
    check_row(&o, 2, (double[]){-0.3786817354813094, 0.41004374609459043}, 2, 0);
    check_row(&o, 99, (double[]){-1.0412165518486707, 0.8833974460543893}, 2, 0);
    close_opened(&o);
    must_open(&o, 0, "source: {circles: {n_samples: 100, noise: 0.1, random_state: 1}}");
    check_row(&o, 0, (double[]){-0.6364049338363262, -0.3687019099499153}, 2, 1);
    check_row(&o, 99, (double[]){-0.22422412040478482, -0.9041692807028203}, 2, 0);
    close_opened(&o);
    must_open(&o, 0, "source: {blobs: {n_samples: 1000, centers: 3, n_features: 2, cluster_std: 2, random_state: 2}}");
    check_row(&o, 0, (double[]){0.4871981127474787, -0.4316054814243375}, 2, 2);
    check_row(&o, 999, (double[]){-2.32988529140032, -10.661092730273328}, 2, 0);
    assert_int_equal(dnn_dataset_target(o.ds, 0)->classes, 3);
    assert_int_equal(dnn_dataset_class_count(o.ds, DNN_TRAIN, 0), 334);
    assert_int_equal(dnn_dataset_class_count(o.ds, DNN_TRAIN, 2), 333);
    close_opened(&o);
    must_open(&o, 0, "source: {regression: {n_samples: 5, n_features: 2, noise: 1, random_state: 42}}");
    /* Printed there to four digits, cut. */
    static const double printed[5][3] = {{0.4967, -0.1382, 6.737},
                                         {0.6476, 1.523, 37.79},
                                         {-0.2341, -0.2341, -10.27},
                                         {-0.4694, 0.5425, 0.4017},
                                         {1.579, 0.7674, 42.22}};
    for (uint64_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 2; j++)
            assert_true(fabs(input_at(&o, DNN_TRAIN, i, 0, j) - printed[i][j]) < 1e-3 * fabs(printed[i][j]));
        assert_true(fabs(target_at(&o, DNN_TRAIN, i) - printed[i][2]) < 1e-3 * fabs(printed[i][2]));
    }
    assert_false(dnn_dataset_target(o.ds, 0)->labels);
    close_opened(&o);
}

/* Printed by scikit-learn 1.2.1. */
static void other_settings_give_its_rows_as_well(void **state)
{
    (void)state;
    opened o;
    must_open(&o, 0, "source: {moons: {n_samples: [3, 5], noise: 0.1, random_state: 7}}");
    check_row(&o, 0, (double[]){-0.9906833939020249, 0.32009147091177137}, 2, 0);
    check_row(&o, 7, (double[]){2.0070729141331416, 0.46657997865243456}, 2, 1);
    close_opened(&o);
    must_open(&o, 0, "source: {circles: {n_samples: 7, noise: 0.05, factor: 0.3, random_state: 3}}");
    check_row(&o, 0, (double[]){0.04902769351454418, 0.3013509520897262}, 2, 1);
    check_row(&o, 6, (double[]){-0.5814578714291812, -0.8979721800439376}, 2, 0);
    close_opened(&o);
    must_open(&o, 0, "source: {blobs: {n_samples: [2, 4, 1], centers: [[0, 0], [3, 1], [-2, 5]], cluster_std: [0.5, 1, 2], random_state: 5}}");
    check_row(&o, 0, (double[]){0.22061374344252072, -0.16543507594704382}, 2, 0);
    check_row(&o, 6, (double[]){1.807235387578194, 0.7951234894124127}, 2, 1);
    close_opened(&o);
    must_open(&o, 0, "source: {blobs: {n_samples: 11, n_features: 3, centers: 4, cluster_std: [1, 0.5, 2, 0], center_box: [0, 1], shuffle: false, "
                     "random_state: 9}}");
    check_row(&o, 3, (double[]){0.7826190349993016, 0.47974666917063125, 0.23453773410942746}, 3, 1);
    check_row(&o, 10, (double[]){0.3454986400504001, 0.16677634653232143, 0.878559085532659}, 3, 3);
    close_opened(&o);
}

static void regressions_have_several_targets_and_a_low_rank(void **state)
{
    (void)state;
    opened o;
    must_open(&o, 0, "source: {regression: {n_samples: 6, n_features: 3, n_informative: 2, n_targets: 2, bias: 5.5, noise: 0.5, random_state: 1}}");
    check_row(&o, 0, (double[]){-0.17242820755043575, -1.0998912673140309, -0.8778584179213718}, 3, -112.13093233683239);
    check_row(&o, 5, (double[]){0.8654076293246785, -1.0729686221561705, -2.3015386968802827}, 3, -36.95253966292041);
    float both[2];
    dnn_dataset_gather_target(o.ds, DNN_TRAIN, (uint64_t[]){5}, 1, 0, both);
    assert_true(fabs((double)both[1] + 24.743862625103482) < 3e-6);
    close_opened(&o);
    must_open(&o, 0, "source: {regression: {n_samples: 5, n_features: 8, n_informative: 4, effective_rank: 2, tail_strength: 0.1, shuffle: false, "
                     "random_state: 2}}");
    check_row(&o, 4, (double[]){-0.03626489290855797, 0.14335809018135529, -0.3409631770398974, 0.027226194629341536, 0.13250063088760405,
                                -0.3035728772427545, -0.2971685500965395, 0.14485704739804053}, 8, -21.758412727506425);
    close_opened(&o);
    must_open(&o, 0, "source: {regression: {n_samples: 9, n_features: 4, n_informative: 9, effective_rank: 3, random_state: 4}}");
    check_row(&o, 8, (double[]){-0.11794809108381078, 0.09145332592681799, 0.20305240003388228, -0.33186886492706535}, 4, 15.379282701658493);
    close_opened(&o);
}

static void compare_with_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "case-studies/%s", name);
    const char *const file = published(path);
    if (file == NULL) return;
    dnn_csv csv;
    opened o;
    assert_int_equal(dnn_csv_read(file, &csv), DNN_OK);
    must_open(&o, 0, text);
    assert_int_equal(dnn_dataset_rows(o.ds, DNN_TRAIN), csv.rows);
    double *x = dnn_alloc(csv.columns, sizeof *x);
    for (size_t i = 0; i < csv.rows; i++) {
        for (size_t j = 0; j < csv.columns; j++) assert_true(dnn_csv_number(csv.cell[i * csv.columns + j], &x[j]));
        check_row(&o, i, x, csv.columns - 1, x[csv.columns - 1]);
    }
    dnn_free(x);
    close_opened(&o);
    dnn_csv_clear(&csv);
}

static void every_row_of_the_case_studies_is_theirs(void **state)
{
    (void)state;
    compare_with_file("moons_n100_noise0.2_rs1.csv", "source: {moons: {n_samples: 100, noise: 0.2, random_state: 1}}");
    compare_with_file("circles_n100_noise0.1_rs1.csv",
                      "source: {circles: {n_samples: 100, noise: 0.1, random_state: 1}}");
    compare_with_file("circles_n1000_noise0.1_rs1.csv",
                      "source: {circles: {n_samples: 1000, noise: 0.1, random_state: 1}}");
    compare_with_file("regression_n1000_f20_noise0.1_rs1.csv",
                      "source: {regression: {n_samples: 1000, n_features: 20, noise: 0.1, random_state: 1}}");
    compare_with_file("blobs_n1000_c3_f2_std2_rs2.csv",
                      "source: {blobs: {n_samples: 1000, centers: 3, n_features: 2, cluster_std: 2, random_state: 2}}");
    compare_with_file(
        "blobs_n1000_c20_f100_std2_rs2.csv.gz",
        "source: {blobs: {n_samples: 1000, centers: 20, n_features: 100, cluster_std: 2, random_state: 2}}");
}

static void without_noise_and_shuffle_the_moons_lie_on_their_circles(void **state)
{
    (void)state;
    opened o;
    must_open(&o, 0, "source: {moons: {n_samples: 11, shuffle: false}}");
    check_row(&o, 0, (double[]){1, 0}, 2, 0);
    check_row(&o, 4, (double[]){-1, 0}, 2, 0);
    check_row(&o, 5, (double[]){0, 0.5}, 2, 1);
    check_row(&o, 10, (double[]){2, 0.5}, 2, 1);
    close_opened(&o);
}

static void circles_have_radius_one_and_factor(void **state)
{
    (void)state;
    opened o;
    must_open(&o, 0, "source: {circles: {n_samples: 40, factor: 0.25}}");
    for (uint64_t i = 0; i < 40; i++) {
        const double r = hypot(input_at(&o, DNN_TRAIN, i, 0, 0), input_at(&o, DNN_TRAIN, i, 0, 1));
        assert_true(fabs(r - (target_at(&o, DNN_TRAIN, i) == 1.0f ? 0.25 : 1.0)) < 1e-6);
    }
    close_opened(&o);
}

static void settings_that_make_no_data_are_refused(void **state)
{
    (void)state;
    must_fail(DNN_E_CONFIG, "source: {blobs: {center_box: [1, -1]}}", "center_box", NULL);
    must_fail(DNN_E_CONFIG, "source: {moons: {noise: -1}}", "noise", NULL);
    must_fail(DNN_E_CONFIG, "source: {moons: {n_samples: 1.5}}", "moons.n_samples = 1.5", "whole", NULL);
    must_fail(DNN_E_CONFIG, "source: {circles: {n_samples: [1, 2, 3]}}", "circles.n_samples", "two", NULL);
    must_fail(DNN_E_CONFIG, "source: {circles: {n_samples: 0}}", "circles.n_samples", "at least one", NULL);
    must_fail(DNN_E_CONFIG, "source: {blobs: {n_samples: [1, 2], centers: 3}}", "blobs.n_samples", "2 classes", "3 centers", NULL);
    must_fail(DNN_E_CONFIG, "source: {blobs: {cluster_std: [1, 2]}}", "cluster_std", "3 centers", NULL);
    must_fail(DNN_E_CONFIG, "source: {blobs: {centers: [[1, 2], [3]]}}", "test.yaml:1:", "centers", "list of centers", NULL);
    must_fail(DNN_E_CONFIG, "source: {blobs: {centers: 0}}", "centers", NULL);
    must_fail(DNN_E_CONFIG, "source: {moons: {random_state: 4294967296}}", "random_state", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rows_are_those_everybody_has_seen),
        cmocka_unit_test(other_settings_give_its_rows_as_well),
        cmocka_unit_test(regressions_have_several_targets_and_a_low_rank),
        cmocka_unit_test(every_row_of_the_case_studies_is_theirs),
        cmocka_unit_test(without_noise_and_shuffle_the_moons_lie_on_their_circles),
        cmocka_unit_test(circles_have_radius_one_and_factor),
        cmocka_unit_test(settings_that_make_no_data_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
