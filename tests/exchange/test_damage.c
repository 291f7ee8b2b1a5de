/* Damage of every kind is noticed before the HDF5 library sees a file: by length, header and digest alone. */
#include "exchange/support.h"

#include <fcntl.h>

#include "dnn/base/random.h"
#include "exchange/header.h"

static unsigned char *whole;
static size_t length;

static int make_file(void **state)
{
    if (make_folder(state)) return -1;
    dnn_graph *g = graph_of("{\"inputs\": {\"x\": [6]}, \"layers\": [{\"dense\": {\"units\": 12, \"activation\": "
                            "\"relu\"}}, \"batch_normalization\", {\"dense\": {\"units\": 2}}]}");
    float *weights = distinct(g->segments.total, 1);
    dnn_node *section = json("{\"epoch\": 1}");
    const dnn_model_content content = {.graph = g, .weights = weights, .section = section};
    assert_ok(dnn_model_write(in_folder("good.h5"), &content));
    dnn_node_destroy(section);
    dnn_free(weights);
    dnn_graph_destroy(g);
    FILE *f = fopen(in_folder("good.h5"), "rb");
    fseek(f, 0, SEEK_END);
    length = (size_t)ftell(f);
    rewind(f);
    whole = malloc(length);
    const bool good = fread(whole, 1, length, f) == length;
    fclose(f);
    return good ? 0 : -1;
}

static int forget_file(void **state)
{
    free(whole);
    return remove_folder(state);
}

static const char *with_bytes(const unsigned char *bytes, size_t n)
{
    const char *path = in_folder("bad.h5");
    unlink(path); /* writing over a file makes some file systems wait for the disk */
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return path;
}

/* Refused by both doors, and the text comes from the header's judge: HDF5 was not asked. */
static void assert_refused(const unsigned char *bytes, size_t n, const char *what, size_t at)
{
    const char *path = with_bytes(bytes, n);
    dnn_model_file *f = NULL;
    const dnn_status st = dnn_model_open(path, &f);
    if (st != DNN_E_MODEL)
        fail_msg("%s at %zu of %zu: %s", what, at, length, st == DNN_OK ? "taken for good" : dnn_fail_text());
    if (strstr(dnn_fail_text(), "HDF5") || strstr(dnn_fail_text(), "/dnn_mpi"))
        fail_msg("%s at %zu came as far as HDF5: %s", what, at, dnn_fail_text());
    if (dnn_model_verify(path) != DNN_E_MODEL) fail_msg("%s at %zu: verified", what, at);
}

static void the_undamaged_file_is_good(void **state)
{
    (void)state;
    dnn_model_file *f;
    assert_ok(dnn_model_verify(with_bytes(whole, length)));
    assert_ok(dnn_model_open(in_folder("bad.h5"), &f));
    dnn_model_close(f);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    size_t tried = 0;
    for (size_t n = 0; n < length; n += n < 600 ? 1 : 97, tried++) assert_refused(whole, n, "cut", n);
    assert_refused(whole, length - 1, "cut", length - 1);
    assert_true(tried > 650);
}

static void anything_appended_is_refused(void **state)
{
    (void)state;
    unsigned char *longer = calloc(length + 4096, 1);
    memcpy(longer, whole, length);
    assert_refused(longer, length + 1, "appended", length);
    assert_refused(longer, length + 4096, "appended", length);
    free(longer);
}

static void every_flipped_bit_of_the_header_is_refused(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 512 * 8; bit++) {
        whole[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        assert_refused(whole, length, "flipped bit", bit);
        whole[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    }
}

static void flipped_bits_bytes_and_zeroed_runs_anywhere_are_refused(void **state)
{
    (void)state;
    const dnn_stream stream = {.seed = 7, .purpose = DNN_FOR_CHECK};
    unsigned char *bad = malloc(length);
    size_t tried = 0;
    for (uint64_t i = 0; i < 900; i++) {
        const size_t at = (size_t)dnn_below_at(&stream, 0, i, length), run = i % 3 == 2 ? 64 : 1;
        memcpy(bad, whole, length);
        for (size_t k = at; k < length && k < at + run; k++)
            bad[k] = i % 3 == 0 ? bad[k] ^ (unsigned char)(1u << (i % 8)) : i % 3 == 1 ? (unsigned char)~bad[k] : 0;
        if (memcmp(bad, whole, length) == 0) continue; /* a run of zeros zeroed */
        assert_refused(bad, length, "mutation", at);
        tried++;
    }
    free(bad);
    assert_true(tried > 600);
}

static void swapped_pages_are_refused(void **state)
{
    (void)state;
    unsigned char *bad = malloc(length);
    memcpy(bad, whole, length);
    memcpy(bad + 512, whole + 1536, 1024);
    memcpy(bad + 1536, whole + 512, 1024);
    assert_refused(bad, length, "swap", 512);
    free(bad);
}

/* The whole header lost: then HDF5 is asked, and finds what only our files have. */
static void a_file_with_our_part_but_without_header_is_damaged(void **state)
{
    (void)state;
    unsigned char *bad = malloc(length);
    dnn_model_file *f = NULL;
    memcpy(bad, whole, length);
    memset(bad, 0, 512);
    assert_fails(DNN_E_MODEL, dnn_model_open(with_bytes(bad, length), &f), "bad.h5", "/dnn_mpi", "header");
    assert_fails(DNN_E_MODEL, dnn_model_verify(in_folder("bad.h5")), "header");
    free(bad);
}

/* The header of a later version: right in itself, as that program would write it. */
static void a_later_format_is_named_as_such(void **state)
{
    (void)state;
    dnn_model_file *f = NULL;
    bool ours;
    unsigned char *later = malloc(length);
    memcpy(later, whole, length);
    header_fill(later, length, DNN_FORMAT_VERSION + 2);
    const char *path = with_bytes(later, length);
    free(later);
    assert_fails(DNN_E_MODEL, dnn_model_open(path, &f), "format 3", "reads up to 1");
    assert_ok(header_judge(path, DNN_FORMAT_VERSION + 2, &ours));
    assert_true(ours);
}

static void files_that_are_nothing_are_named(void **state)
{
    (void)state;
    dnn_model_file *f = NULL;
    assert_fails(DNN_E_MODEL, dnn_model_open(in_folder("none.h5"), &f), "none.h5", "No such file");
    assert_fails(DNN_E_MODEL, dnn_model_open(test_folder, &f), "no regular file");
    assert_fails(DNN_E_MODEL, dnn_model_open(with_bytes((const unsigned char *)"", 0), &f), "0 bytes");
    assert_fails(DNN_E_MODEL, dnn_model_open(with_bytes((const unsigned char *)"just some text\n", 15), &f),
                 "no HDF5 file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_undamaged_file_is_good),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(anything_appended_is_refused),
        cmocka_unit_test(every_flipped_bit_of_the_header_is_refused),
        cmocka_unit_test(flipped_bits_bytes_and_zeroed_runs_anywhere_are_refused),
        cmocka_unit_test(swapped_pages_are_refused),
        cmocka_unit_test(a_file_with_our_part_but_without_header_is_damaged),
        cmocka_unit_test(a_later_format_is_named_as_such),
        cmocka_unit_test(files_that_are_nothing_are_named),
    };
    return cmocka_run_group_tests(tests, make_file, forget_file);
}
