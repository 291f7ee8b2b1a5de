/* Messages written by hand: the few of TensorFlow's event.proto and summary.proto that scalars and histograms take. Field numbers are those of these
 * files; wire types: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes (protobuf.dev/programming-guides/encoding). */
#include "dnn/io/event_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dnn/base/memory.h"
#include "dnn/io/file.h"

enum { VARINT = 0, EIGHT = 1, BYTES = 2, FOUR = 5 };
enum { EVENT_WALL_TIME = 1, EVENT_STEP = 2, EVENT_VERSION = 3, EVENT_SUMMARY = 5, EVENT_SESSION = 7 };
enum { SESSION_STATUS = 1, SESSION_START = 1 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2, VALUE_HISTOGRAM = 5, VALUE_TENSOR = 8, VALUE_METADATA = 9 };
enum { METADATA_PLUGIN = 1, METADATA_CLASS = 4, PLUGIN_NAME = 1, CLASS_TENSOR = 2 };
enum { TENSOR_TYPE = 1, TENSOR_SHAPE = 2, TENSOR_STRING = 8, TYPE_STRING = 7 };
enum { HISTOGRAM_MIN = 1, HISTOGRAM_MAX, HISTOGRAM_NUM, HISTOGRAM_SUM, HISTOGRAM_SQUARES, HISTOGRAM_LIMITS, HISTOGRAM_COUNTS };
enum { BUCKETS = 30 };

uint32_t dnn_crc32c(const void *data, size_t length)
{
    const unsigned char *at = data;
    uint32_t crc = ~0u;
    for (size_t i = 0; i < length; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82f63b78u & -(crc & 1u));
    }
    return ~crc;
}

static void put(dnn_events *e, const void *data, size_t length)
{
    if (e->failed || length == 0) return;
    if (e->length + length > e->room) {
        const size_t room = 2 * (e->length + length);
        unsigned char *more = e->at ? dnn_realloc(e->at, room, 1) : dnn_alloc(room, 1);
        if (!more) {
            e->failed = true;
            return;
        }
        e->at = more;
        e->room = room;
    }
    memcpy(e->at + e->length, data, length);
    e->length += length;
}

static void put_fixed(dnn_events *e, uint64_t bits, int bytes)
{
    unsigned char out[8];
    for (int i = 0; i < bytes; i++) out[i] = (unsigned char)(bits >> (8 * i));
    put(e, out, (size_t)bytes);
}

static void put_varint(dnn_events *e, uint64_t value)
{
    unsigned char out[10];
    size_t n = 0;
    for (; value >= 0x80; value >>= 7) out[n++] = (unsigned char)(value | 0x80);
    out[n++] = (unsigned char)value;
    put(e, out, n);
}

static void put_head(dnn_events *e, unsigned field, unsigned type) { put_varint(e, field << 3 | type); }

static void put_double(dnn_events *e, unsigned field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_head(e, field, EIGHT);
    put_fixed(e, bits, 8);
}

static void put_float(dnn_events *e, unsigned field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_head(e, field, FOUR);
    put_fixed(e, bits, 4);
}

static void put_bytes(dnn_events *e, unsigned field, const void *data, size_t length)
{
    put_head(e, field, BYTES);
    put_varint(e, length);
    put(e, data, length);
}

/* A message within a message; the inner one goes. */
static void put_message(dnn_events *e, unsigned field, dnn_events *inner)
{
    put_bytes(e, field, inner->at, inner->length);
    e->failed = e->failed || inner->failed;
    dnn_events_clear(inner);
}

static void put_packed(dnn_events *e, unsigned field, const double *values, size_t n)
{
    put_head(e, field, BYTES);
    put_varint(e, 8 * n);
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        put_fixed(e, bits, 8);
    }
}

static uint32_t masked(const void *data, size_t length)
{
    const uint32_t crc = dnn_crc32c(data, length);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static void put_record(dnn_events *e, dnn_events *message)
{
    unsigned char length[8];
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)message->length >> (8 * i));
    put(e, length, sizeof length);
    put_fixed(e, masked(length, sizeof length), 4);
    put(e, message->at, message->length);
    put_fixed(e, masked(message->at, message->length), 4);
    e->failed = e->failed || message->failed;
    dnn_events_clear(message);
}

static dnn_events event_at(dnn_event_time at)
{
    dnn_events event = { 0 };
    put_double(&event, EVENT_WALL_TIME, at.wall);
    put_head(&event, EVENT_STEP, VARINT);
    put_varint(&event, (uint64_t)at.step);
    return event;
}

void dnn_events_version(dnn_events *e, dnn_event_time at)
{
    static const char version[] = "brain.Event:2";
    dnn_events event = event_at(at);
    put_bytes(&event, EVENT_VERSION, version, sizeof version - 1);
    put_record(e, &event);
}

void dnn_events_restart(dnn_events *e, dnn_event_time at)
{
    dnn_events event = event_at(at), session = { 0 };
    put_head(&session, SESSION_STATUS, VARINT);
    put_varint(&session, SESSION_START);
    put_message(&event, EVENT_SESSION, &session);
    put_record(e, &event);
}

static void put_value(dnn_events *e, dnn_event_time at, dnn_events *value)
{
    dnn_events event = event_at(at), summary = { 0 };
    put_message(&summary, SUMMARY_VALUE, value);
    put_message(&event, EVENT_SUMMARY, &summary);
    put_record(e, &event);
}

void dnn_events_scalar(dnn_events *e, dnn_event_time at, const char *tag, double number)
{
    dnn_events value = { 0 };
    put_bytes(&value, VALUE_TAG, tag, strlen(tag));
    put_float(&value, VALUE_SIMPLE, (float)number);
    put_value(e, at, &value);
}

void dnn_events_histogram(dnn_events *e, dnn_event_time at, const char *tag, const float *values, size_t n)
{
    dnn_events value = { 0 }, histogram = { 0 };
    double least = values[0], most = values[0], sum = 0, squares = 0, limits[BUCKETS], counts[BUCKETS] = { 0 };
    for (size_t i = 0; i < n; i++) {
        const double x = (double)values[i];
        least = x < least ? x : least;
        most = x > most ? x : most;
        sum += x;
        squares += x * x;
    }
    const size_t buckets = most > least ? BUCKETS : 1;
    const double width = (most - least) / (double)buckets;
    for (size_t b = 0; b < buckets; b++) limits[b] = b + 1 < buckets ? least + width * (double)(b + 1) : most;
    for (size_t i = 0; i < n; i++) {
        const double place = width > 0 ? ((double)values[i] - least) / width : 0;
        counts[place < (double)buckets ? (size_t)place : buckets - 1]++;
    }
    put_double(&histogram, HISTOGRAM_MIN, least);
    put_double(&histogram, HISTOGRAM_MAX, most);
    put_double(&histogram, HISTOGRAM_NUM, (double)n);
    put_double(&histogram, HISTOGRAM_SUM, sum);
    put_double(&histogram, HISTOGRAM_SQUARES, squares);
    put_packed(&histogram, HISTOGRAM_LIMITS, limits, buckets);
    put_packed(&histogram, HISTOGRAM_COUNTS, counts, buckets);
    put_bytes(&value, VALUE_TAG, tag, strlen(tag));
    put_message(&value, VALUE_HISTOGRAM, &histogram);
    put_value(e, at, &value);
}

/* A tensor of no dimensions that holds one string. */
void dnn_events_text(dnn_events *e, dnn_event_time at, const char *tag, const char *text)
{
    static const char plugin[] = "text";
    dnn_events value = { 0 }, tensor = { 0 }, named = { 0 }, metadata = { 0 };
    put_head(&tensor, TENSOR_TYPE, VARINT);
    put_varint(&tensor, TYPE_STRING);
    put_bytes(&tensor, TENSOR_SHAPE, "", 0);
    put_bytes(&tensor, TENSOR_STRING, text, strlen(text));
    put_bytes(&named, PLUGIN_NAME, plugin, sizeof plugin - 1);
    put_message(&metadata, METADATA_PLUGIN, &named);
    put_head(&metadata, METADATA_CLASS, VARINT);
    put_varint(&metadata, CLASS_TENSOR);
    put_bytes(&value, VALUE_TAG, tag, strlen(tag));
    put_message(&value, VALUE_TENSOR, &tensor);
    put_message(&value, VALUE_METADATA, &metadata);
    put_value(e, at, &value);
}

dnn_status dnn_events_append(dnn_events *e, const char *path)
{
    const dnn_status st = e->failed ? DNN_E_MEMORY : dnn_file_append_bytes(path, e->at, e->length);
    dnn_events_clear(e);
    return st;
}

void dnn_events_clear(dnn_events *e)
{
    dnn_free(e->at);
    *e = (dnn_events){ 0 };
}

static const char head[] = "events.out.tfevents.";

void dnn_event_file_name(char *out, size_t size)
{
    static atomic_uint files;
    char host[64] = "";
    if (gethostname(host, sizeof host - 1) != 0 || !host[0]) strcpy(host, "localhost");
    host[strcspn(host, "./")] = '\0';
    snprintf(out, size, "%s%010lld.%s.%ld.%u", head, (long long)time(NULL), host, (long)getpid(), atomic_fetch_add(&files, 1));
}

dnn_status dnn_event_files_remove(const char *folder)
{
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); /* through a link another folder would lose its files */
    DIR *d = file >= 0 ? fdopendir(file) : NULL;
    dnn_status st = DNN_OK;
    if (!d) return errno == ENOENT ? DNN_OK : dnn_fail(DNN_E_IO, "%s: cannot open: %s", folder, strerror(errno));
    for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
        if (strncmp(entry->d_name, head, sizeof head - 1) != 0) continue;
        if (unlinkat(dirfd(d), entry->d_name, 0) != 0) st = dnn_fail(DNN_E_IO, "%s/%s: cannot remove: %s", folder, entry->d_name, strerror(errno));
    }
    closedir(d);
    return st;
}
