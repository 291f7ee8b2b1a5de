/* IDX files, plain and packed. */
#include "dnn/io/idx.h"
#include "io/support.h"
#include "support/published.h"

static dnn_status read_whole(const char *path, dnn_idx *idx, void *values, size_t room)
{
    dnn_status st = dnn_idx_open(path, idx);
    if (st != DNN_OK) return st;
    size_t bytes = idx->bytes_per_value;
    for (size_t i = 0; i < idx->rank; i++) bytes *= idx->dim[i];
    assert_true(bytes <= room);
    st = dnn_idx_read(idx, values);
    if (st != DNN_OK) dnn_idx_close(idx);
    return st;
}

static void assert_refused(const char *path, const char *why)
{
    unsigned char values[4096];
    dnn_idx idx;
    const dnn_status st = read_whole(path, &idx, values, sizeof values);
    if (st != DNN_E_DATA) fail_msg("%s: status %d", path, (int)st);
    assert_says(path);
    assert_says(why);
    assert_null(idx.file);
}

static const unsigned char bytes_2x3[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 255};

static void check_2x3(const char *path)
{
    unsigned char values[6];
    static const unsigned char expected[] = {10, 20, 30, 40, 50, 255};
    dnn_idx idx;
    assert_int_equal(read_whole(path, &idx, values, sizeof values), DNN_OK);
    assert_int_equal(idx.type, 8);
    assert_int_equal(idx.rank, 2);
    assert_int_equal(idx.dim[0], 2);
    assert_int_equal(idx.dim[1], 3);
    assert_memory_equal(values, expected, 6);
    dnn_idx_close(&idx);
}

static void plain_and_packed_files_read_alike_whatever_their_name(void **state)
{
    (void)state;
    check_2x3(make_file("plain-idx2-ubyte", bytes_2x3, sizeof bytes_2x3));
    check_2x3(make_packed("packed-idx2-ubyte.gz", bytes_2x3, sizeof bytes_2x3));
    check_2x3(make_packed("packed-without-the-name", bytes_2x3, sizeof bytes_2x3));
    check_2x3(make_file("plain-in-spite-of-the-name.gz", bytes_2x3, sizeof bytes_2x3));
}

static void every_type_comes_in_the_byte_order_of_the_machine(void **state)
{
    static const unsigned char i8[] = {0, 0, 9, 1, 0, 0, 0, 2, 0xFF, 0x7F},
                               i16[] = {0, 0, 0xB, 1, 0, 0, 0, 2, 0x01, 0x02, 0xFF, 0xFE},
                               i32[] = {0, 0, 0xC, 1, 0, 0, 0, 2, 0x00, 0x01, 0x02, 0x03, 0xFF, 0xFF, 0xFF, 0xF0},
                               f32[] = {0, 0, 0xD, 1, 0, 0, 0, 2, 0x3F, 0x80, 0, 0, 0xC0, 0x20, 0, 0},
                               f64[] = {0, 0, 0xE, 1, 0, 0, 0, 1, 0x3F, 0xB9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9A};
    dnn_idx idx;
    int8_t a[2];
    int16_t b[2];
    int32_t c[2];
    float d[2];
    double e[1];
    (void)state;
    assert_int_equal(read_whole(make_file("i8", i8, sizeof i8), &idx, a, sizeof a), DNN_OK);
    assert_true(a[0] == -1 && a[1] == 127);
    dnn_idx_close(&idx);
    assert_int_equal(read_whole(make_file("i16", i16, sizeof i16), &idx, b, sizeof b), DNN_OK);
    assert_true(b[0] == 258 && b[1] == -2);
    dnn_idx_close(&idx);
    assert_int_equal(read_whole(make_packed("i32", i32, sizeof i32), &idx, c, sizeof c), DNN_OK);
    assert_true(c[0] == 66051 && c[1] == -16);
    dnn_idx_close(&idx);
    assert_int_equal(read_whole(make_file("f32", f32, sizeof f32), &idx, d, sizeof d), DNN_OK);
    assert_true(d[0] == 1.0f && d[1] == -2.5f);
    dnn_idx_close(&idx);
    assert_int_equal(read_whole(make_file("f64", f64, sizeof f64), &idx, e, sizeof e), DNN_OK);
    assert_true(e[0] == 0.1);
    dnn_idx_close(&idx);
}

static void a_file_of_no_rows_is_read(void **state)
{
    static const unsigned char none[] = {0, 0, 8, 3, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    dnn_idx idx;
    (void)state;
    assert_int_equal(dnn_idx_open(make_file("none", none, sizeof none), &idx), DNN_OK);
    assert_int_equal(idx.dim[0], 0);
    assert_int_equal(dnn_idx_read(&idx, NULL), DNN_OK);
    dnn_idx_close(&idx);
}

static void a_missing_file_and_a_folder_are_told_apart(void **state)
{
    (void)state;
    assert_refused(in_folder("no-such-file"), "No such file");
    assert_refused(test_folder, "no regular file");
}

static void a_wrong_header_is_named(void **state)
{
    static const unsigned char text[] = "x0,x1,y\n1,2,3\n", type[] = {0, 0, 7, 1, 0, 0, 0, 1, 5},
                               no_axis[] = {0, 0, 8, 0, 5}, many[] = {0, 0, 8, 7, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0,
                                                                      0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5};
    (void)state;
    assert_refused(make_file("text", text, sizeof text - 1), "is no IDX file");
    assert_refused(make_file("type", type, sizeof type), "unknown IDX type 0x07");
    assert_refused(make_file("no-axis", no_axis, sizeof no_axis), "0 axes");
    assert_refused(make_file("many", many, sizeof many), "7 axes");
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    char name[50];
    (void)state;
    for (size_t length = 0; length < sizeof bytes_2x3; length++) {
        snprintf(name, sizeof name, "cut-%zu", length);
        assert_refused(make_file(name, bytes_2x3, length), length < 12 ? "header" : "cut off");
        snprintf(name, sizeof name, "packed-cut-%zu.gz", length); /* a whole gzip file of half an IDX file */
        assert_refused(make_packed(name, bytes_2x3, length), length < 12 ? "header" : "declares");
    }
}

static void a_gzip_file_cut_anywhere_is_refused(void **state)
{
    size_t length;
    unsigned char data[1000 + 12] = {0, 0, 8, 2, 0, 0, 0, 10, 0, 0, 0, 100};
    (void)state;
    for (size_t i = 12; i < sizeof data; i++) data[i] = (unsigned char)(i * i >> 3);
    unsigned char *packed = slurp(make_packed("whole.gz", data, sizeof data), &length);
    for (size_t cut = 0; cut < length; cut++) assert_refused(make_file("cut.gz", packed, cut), "");
    assert_refused(make_file("cut.gz", packed, length - 1), "ends early");
    assert_refused(make_file("cut.gz", packed, length - 8), "ends early"); /* all data there, the checksum is not */
    free(packed);
}

static void a_flipped_bit_in_a_gzip_file_is_noticed(void **state)
{
    size_t length;
    unsigned char data[1000 + 12] = {0, 0, 8, 2, 0, 0, 0, 10, 0, 0, 0, 100}, values[1000];
    (void)state;
    for (size_t i = 12; i < sizeof data; i++) data[i] = (unsigned char)(i * i >> 3);
    unsigned char *packed = slurp(make_packed("whole.gz", data, sizeof data), &length);
    for (size_t i = 10; i < length; i++) { /* behind the gzip header, whose time and system do not matter */
        dnn_idx idx;
        packed[i] ^= 4;
        const dnn_status st = read_whole(make_file("flipped.gz", packed, length), &idx, values, sizeof values);
        packed[i] ^= 4;
        if (st != DNN_OK) continue;
        if (memcmp(values, data + 12, sizeof values) != 0)
            fail_msg("byte %zu flipped: wrong values without an error", i);
        dnn_idx_close(&idx);
    }
    packed[length - 5] ^= 1; /* in the checksum */
    assert_refused(make_file("flipped.gz", packed, length), "damaged");
    free(packed);
}

static void a_file_that_goes_on_behind_its_values_is_refused(void **state)
{
    unsigned char more[sizeof bytes_2x3 + 1] = {0};
    (void)state;
    memcpy(more, bytes_2x3, sizeof bytes_2x3);
    assert_refused(make_file("more", more, sizeof more), "goes on behind");
    assert_refused(make_packed("more.gz", more, sizeof more), "goes on behind");
}

static void sizes_that_no_file_can_hold_are_refused_before_anyone_allocates(void **state)
{
    static const unsigned char huge[] = {0,    0,    0xE,  3,    0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                         0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1},
                               wrapping[] = {0, 0, 8, 2, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 1},
                               large[] = {0, 0, 8, 1, 0x7F, 0xFF, 0xFF, 0xFF, 1};
    dnn_idx idx;
    (void)state;
    assert_int_equal(dnn_idx_open(make_file("huge", huge, sizeof huge), &idx), DNN_E_DATA);
    assert_says("more than memory can address");
    assert_int_equal(dnn_idx_open(make_packed("wrapping.gz", wrapping, sizeof wrapping), &idx), DNN_E_DATA);
    assert_int_equal(dnn_idx_open(make_file("large", large, sizeof large), &idx), DNN_E_DATA);
    assert_says("2147483647 values");
    assert_int_equal(dnn_idx_open(make_packed("large.gz", large, sizeof large), &idx), DNN_E_DATA);
    assert_says("at most");
}

static void a_gzip_bomb_behind_a_small_header_is_not_unpacked(void **state)
{
    static unsigned char zeros[1 << 20];
    const char *path = in_folder("bomb.gz");
    unsigned char value[6];
    dnn_idx idx;
    (void)state;
    gzFile file = gzopen(path, "wb9");
    memset(zeros, 0, sizeof zeros);
    assert_int_equal(gzwrite(file, bytes_2x3, sizeof bytes_2x3), sizeof bytes_2x3);
    for (int i = 0; i < 200; i++) assert_int_equal(gzwrite(file, zeros, sizeof zeros), sizeof zeros);
    assert_int_equal(gzclose(file), Z_OK);
    const double start = cpu_seconds();
    assert_int_equal(read_whole(path, &idx, value, sizeof value), DNN_E_DATA);
    assert_says("goes on behind");
    assert_true(cpu_seconds() - start < 0.5); /* unpacking takes longer */
}

static void fashion_mnist_reads_as_published(void **state)
{
    const char *path = published("fashion-mnist/train-images-idx3-ubyte.gz");
    dnn_idx idx;
    (void)state;
    if (!path) skip();
    assert_int_equal(dnn_idx_open(path, &idx), DNN_OK);
    assert_true(idx.type == 8 && idx.rank == 3 && idx.dim[0] == 60000 && idx.dim[1] == 28 && idx.dim[2] == 28);
    const size_t count = (size_t)60000 * 784;
    unsigned char *pixels = malloc(count);
    assert_int_equal(dnn_idx_read(&idx, pixels), DNN_OK);
    dnn_idx_close(&idx);
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += pixels[i];
    assert_true(sum / (double)count / 255.0 > 0.28603 &&
                sum / (double)count / 255.0 < 0.28605); /* 0.2860, as widely quoted */
    free(pixels);
    path = published("fashion-mnist/t10k-labels-idx1-ubyte.gz");
    assert_non_null(path);
    unsigned char labels[10000];
    size_t of_class[10] = {0};
    assert_int_equal(read_whole(path, &idx, labels, sizeof labels), DNN_OK);
    dnn_idx_close(&idx);
    for (size_t i = 0; i < sizeof labels; i++) of_class[labels[i]]++;
    for (size_t i = 0; i < 10; i++) assert_int_equal(of_class[i], 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_and_packed_files_read_alike_whatever_their_name),
        cmocka_unit_test(every_type_comes_in_the_byte_order_of_the_machine),
        cmocka_unit_test(a_file_of_no_rows_is_read),
        cmocka_unit_test(a_missing_file_and_a_folder_are_told_apart),
        cmocka_unit_test(a_wrong_header_is_named),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_gzip_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_flipped_bit_in_a_gzip_file_is_noticed),
        cmocka_unit_test(a_file_that_goes_on_behind_its_values_is_refused),
        cmocka_unit_test(sizes_that_no_file_can_hold_are_refused_before_anyone_allocates),
        cmocka_unit_test(a_gzip_bomb_behind_a_small_header_is_not_unpacked),
        cmocka_unit_test(fashion_mnist_reads_as_published),
        cmocka_unit_test(nothing_stays_allocated),
    };
    return cmocka_run_group_tests(tests, make_test_folder, remove_test_folder);
}
