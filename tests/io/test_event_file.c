/* Event files: frames, checks and messages, read back by another reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dnn/base/memory.h"
#include "dnn/io/event_file.h"
#include "dnn/io/file.h"
#include "support/event_reader.h"

static const dnn_event_time at = { .wall = 1234567890.5, .step = 300 };

static void the_check_has_the_published_values(void **state)
{
    (void)state;
    /* 123456789: the catalogue of CRC parameters; the others: RFC 3720, B.4 */
    unsigned char bytes[32];
    assert_int_equal(dnn_crc32c("123456789", 9), 0xe3069283u);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(dnn_crc32c(bytes, sizeof bytes), 0x8a9136aau);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(dnn_crc32c(bytes, sizeof bytes), 0x62a8ab43u);
    for (int i = 0; i < 32; i++) bytes[i] = (unsigned char)i;
    assert_int_equal(dnn_crc32c(bytes, sizeof bytes), 0x46dd794eu);
    assert_int_equal(divided(bytes, sizeof bytes), 0x46dd794eu);
}

static void a_version_is_the_record_known_byte_by_byte(void **state)
{
    (void)state;
    dnn_events e = { 0 };
    dnn_events_version(&e, (dnn_event_time){ .wall = 1.0, .step = 0 });
    static const unsigned char message[] = { 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0, 0x1a, 13, 'b', 'r', 'a', 'i', 'n', '.', 'E', 'v', 'e', 'n', 't', ':', '2' };
    assert_int_equal(e.length, 16 + sizeof message);
    assert_int_equal(little(e.at, 8), sizeof message);
    assert_memory_equal(e.at + 12, message, sizeof message);
    dnn_events_clear(&e);
}

static void a_scalar_comes_back_with_step_tag_and_value(void **state)
{
    (void)state;
    dnn_events e = { 0 };
    rest r, event = { 0 };
    told t = { 0 };
    float value;
    field wall = { 0 };
    dnn_events_scalar(&e, at, "epoch_loss", 0.1);
    dnn_events_scalar(&e, at, "epoch_nan", NAN);
    r = (rest){ e.at, e.length };
    assert_true(next_record(&r, &event) && tell(event, &t) && simple_value(&t, &value));
    assert_int_equal(t.step, 300);
    assert_string_equal(t.tag, "epoch_loss");
    assert_true(value == 0.1f);
    assert_true(find_field(event, 1, &wall) && as_double(wall.at) == 1234567890.5);
    assert_true(next_record(&r, &event) && tell(event, &t) && simple_value(&t, &value));
    assert_true(isnan(value));
    assert_int_equal(r.length, 0);
    dnn_events_clear(&e);
}

static void a_histogram_counts_each_value_once_in_its_bucket(void **state)
{
    (void)state;
    dnn_events e = { 0 };
    rest r, event = { 0 };
    told t = { 0 };
    field histogram = { 0 }, f = { 0 };
    float values[61];
    for (int i = 0; i < 61; i++) values[i] = (float)(i - 30); /* -30 … 30: buckets of width 2 with two values each, the last with three */
    dnn_events_histogram(&e, at, "dense/kernel", values, 61);
    r = (rest){ e.at, e.length };
    assert_true(next_record(&r, &event) && tell(event, &t) && find_field(t.value, 5, &histogram));
    static const double expected[] = { -30.0, 30.0, 61.0, 0.0, 2 * 9455.0 }; /* squares: 2 · 30·31·61/6 */
    for (unsigned i = 0; i < 5; i++) {
        assert_true(find_field(inside(histogram), i + 1, &f) && f.type == 1);
        assert_true(as_double(f.at) == expected[i]);
    }
    assert_true(find_field(inside(histogram), 6, &f) && f.length == 30 * 8);
    for (int b = 0; b < 30; b++) assert_true(fabs(as_double(f.at + 8 * b) - (-28.0 + 2.0 * b)) < 1e-12);
    assert_true(find_field(inside(histogram), 7, &f) && f.length == 30 * 8);
    for (int b = 0; b < 30; b++) assert_true(as_double(f.at + 8 * b) == (b < 29 ? 2.0 : 3.0));
    dnn_events_clear(&e);
}

static void equal_values_share_one_bucket(void **state)
{
    (void)state;
    dnn_events e = { 0 };
    rest r, event = { 0 };
    told t = { 0 };
    field histogram = { 0 }, f = { 0 };
    const float values[] = { 0.5f, 0.5f, 0.5f };
    dnn_events_histogram(&e, at, "bias", values, 3);
    r = (rest){ e.at, e.length };
    assert_true(next_record(&r, &event) && tell(event, &t) && find_field(t.value, 5, &histogram));
    assert_true(find_field(inside(histogram), 6, &f) && f.length == 8 && as_double(f.at) == 0.5);
    assert_true(find_field(inside(histogram), 7, &f) && f.length == 8 && as_double(f.at) == 3.0);
    dnn_events_clear(&e);
}

static void a_text_is_a_string_tensor_for_the_plugin_of_that_name(void **state)
{
    (void)state;
    dnn_events e = { 0 };
    rest r, event = { 0 };
    told t = { 0 };
    field tensor = { 0 }, metadata = { 0 }, plugin = { 0 }, f = { 0 };
    dnn_events_text(&e, at, "run", "one\ntwo");
    r = (rest){ e.at, e.length };
    assert_true(next_record(&r, &event) && tell(event, &t));
    assert_true(find_field(t.value, 8, &tensor) && find_field(t.value, 9, &metadata));
    assert_true(find_field(inside(tensor), 1, &f) && f.bits == 7);
    assert_true(find_field(inside(tensor), 2, &f) && f.type == 2 && f.length == 0);
    assert_true(find_field(inside(tensor), 8, &f) && f.length == 7 && memcmp(f.at, "one\ntwo", 7) == 0);
    assert_true(find_field(inside(metadata), 1, &plugin) && find_field(inside(plugin), 1, &f));
    assert_true(f.length == 4 && memcmp(f.at, "text", 4) == 0);
    assert_true(find_field(inside(metadata), 4, &f) && f.bits == 2);
    dnn_events_clear(&e);
}

static void a_restart_says_from_which_step_on_older_files_do_not_count(void **state)
{
    (void)state;
    dnn_events e = { 0 };
    rest r, event = { 0 };
    field session = { 0 }, status = { 0 }, step = { 0 };
    dnn_events_restart(&e, at);
    r = (rest){ e.at, e.length };
    assert_true(next_record(&r, &event) && find_field(event, 7, &session) && find_field(inside(session), 1, &status));
    assert_int_equal(status.bits, 1);
    assert_true(find_field(event, 2, &step) && step.bits == 300);
    dnn_events_clear(&e);
}

static void files_grow_by_whole_records_and_only_they_are_removed(void **state)
{
    (void)state;
    char folder[] = "/tmp/dnn-events-XXXXXX", name[192], path[400], other[400], *text = NULL;
    size_t length = 0;
    dnn_events e = { 0 };
    rest event = { 0 };
    assert_non_null(mkdtemp(folder));
    dnn_event_file_name(name, sizeof name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(other, sizeof other, "%s/notes", folder);
    for (int i = 0; i < 3; i++) {
        dnn_events_scalar(&e, at, "x", i);
        assert_int_equal(dnn_events_append(&e, path), DNN_OK);
        assert_null(e.at);
    }
    assert_int_equal(dnn_file_read(path, 1 << 20, DNN_E_IO, &text, &length), DNN_OK);
    rest r = { (const unsigned char *)text, length };
    int records = 0;
    while (next_record(&r, &event)) records++;
    assert_int_equal(records, 3);
    assert_int_equal(r.length, 0);
    dnn_free(text);
    assert_int_equal(dnn_file_append(other, "mine\n"), DNN_OK);
    assert_int_equal(dnn_event_files_remove(folder), DNN_OK);
    assert_false(dnn_file_exists(path));
    assert_true(dnn_file_exists(other));
    unlink(other);
    rmdir(folder);
    assert_int_equal(dnn_event_files_remove(folder), DNN_OK);
    dnn_events_scalar(&e, at, "x", 1.0);
    assert_int_equal(dnn_events_append(&e, path), DNN_E_IO);
    assert_int_equal((int)dnn_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_check_has_the_published_values),
        cmocka_unit_test(a_version_is_the_record_known_byte_by_byte),
        cmocka_unit_test(a_scalar_comes_back_with_step_tag_and_value),
        cmocka_unit_test(a_histogram_counts_each_value_once_in_its_bucket),
        cmocka_unit_test(equal_values_share_one_bucket),
        cmocka_unit_test(a_text_is_a_string_tensor_for_the_plugin_of_that_name),
        cmocka_unit_test(a_restart_says_from_which_step_on_older_files_do_not_count),
        cmocka_unit_test(files_grow_by_whole_records_and_only_they_are_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
