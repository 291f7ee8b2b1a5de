/* IDX files: http://yann.lecun.com/exdb/mnist, "the IDX file format". */
#include "dnn/io/idx.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "io/gzip.h"

enum { MAX_AXES = sizeof((dnn_idx *)0)->dim / sizeof(size_t) };

static size_t bytes_of_type(uint8_t type)
{
    switch (type) {
    case 0x08:
    case 0x09:
        return 1;
    case 0x0B:
        return 2;
    case 0x0C:
    case 0x0D:
        return 4;
    case 0x0E:
        return 8;
    default:
        return 0;
    }
}

static dnn_status read_exactly(dnn_idx *idx, void *data, size_t length, const char *what)
{
    size_t got;
    dnn_status st = dnn_gzip_read(idx->file, data, length, &got);
    if (st == DNN_OK && got < length) st = dnn_fail(DNN_E_DATA, "%s: ends within the %s", idx->path, what);
    return st;
}

static dnn_status read_magic(dnn_idx *idx)
{
    unsigned char magic[4];
    const dnn_status st = read_exactly(idx, magic, sizeof magic, "header");
    if (st != DNN_OK) return st;
    if (magic[0] != 0 || magic[1] != 0)
        return dnn_fail(DNN_E_DATA, "%s: is no IDX file: begins with %02x %02x instead of 00 00", idx->path, magic[0],
                        magic[1]);
    idx->type = magic[2];
    idx->rank = magic[3];
    idx->bytes_per_value = bytes_of_type(idx->type);
    if (idx->bytes_per_value == 0)
        return dnn_fail(DNN_E_DATA, "%s: unknown IDX type 0x%02x: 08, 09, 0b, 0c, 0d or 0e are known", idx->path,
                        idx->type);
    if (idx->rank < 1 || idx->rank > MAX_AXES)
        return dnn_fail(DNN_E_DATA, "%s: %zu axes: between 1 and %d can be read", idx->path, idx->rank, MAX_AXES);
    return DNN_OK;
}

/* "60000 x 28 x 28", for messages */
static const char *sizes_text(const dnn_idx *idx, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < idx->rank && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%zu", i > 0 ? " x " : "", idx->dim[i]);
    return out;
}

static bool data_bytes(const dnn_idx *idx, size_t *bytes)
{
    bool fits = true, empty = false;
    *bytes = idx->bytes_per_value;
    for (size_t i = 0; i < idx->rank; i++) {
        empty = empty || idx->dim[i] == 0;
        fits = !__builtin_mul_overflow(*bytes, idx->dim[i], bytes) && fits;
    }
    if (empty) *bytes = 0;
    return fits || empty;
}

static dnn_status read_sizes(dnn_idx *idx)
{
    unsigned char raw[4 * MAX_AXES];
    const dnn_status st = read_exactly(idx, raw, 4 * idx->rank, "header");
    if (st != DNN_OK) return st;
    for (size_t i = 0; i < idx->rank; i++) {
        const unsigned char *b = raw + 4 * i;
        idx->dim[i] = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
    }
    return DNN_OK;
}

/* Before anybody allocates what the header claims: a file cannot hold more than its own size allows. */
static dnn_status check_size(const dnn_idx *idx)
{
    char sizes[100];
    size_t bytes;
    const dnn_gzip *gz = idx->file;
    const size_t header = 4 + 4 * idx->rank, bound = dnn_gzip_bound(gz);
    if (!data_bytes(idx, &bytes) || bytes > SIZE_MAX - header)
        return dnn_fail(DNN_E_DATA, "%s: declares %s values, more than memory can address", idx->path,
                        sizes_text(idx, sizes, sizeof sizes));
    if (header + bytes <= bound) return DNN_OK;
    if (!gz->packed)
        return dnn_fail(DNN_E_DATA, "%s: declares %s values, which make a file of %zu bytes; it has %zu: it was cut off, fetch it again",
                        idx->path, sizes_text(idx, sizes, sizeof sizes), header + bytes, gz->size);
    return dnn_fail(DNN_E_DATA, "%s: declares %s values (%zu bytes), but %zu packed bytes hold at most %zu: fetch it again", idx->path,
                    sizes_text(idx, sizes, sizeof sizes), header + bytes, gz->size, bound);
}

static uint64_t place_of(const dnn_idx *idx)
{
    const dnn_gzip *gz = idx->file;
    const size_t header = 4 + 4 * idx->rank;
    size_t bytes;
    return !gz->packed && data_bytes(idx, &bytes) && gz->size == header + bytes ? header : 0;
}

dnn_status dnn_idx_open(const char *path, dnn_idx *out)
{
    *out = (dnn_idx){0};
    out->path = dnn_strdup(path);
    dnn_gzip *gz = out->path ? dnn_alloc(1, sizeof *gz) : NULL;
    out->file = gz;
    dnn_status st = gz ? dnn_gzip_open(out->path, gz) : DNN_E_MEMORY;
    if (st == DNN_OK) st = read_magic(out);
    if (st == DNN_OK) st = read_sizes(out);
    if (st == DNN_OK) st = check_size(out);
    if (st == DNN_OK) out->place = place_of(out);
    if (st != DNN_OK) dnn_idx_close(out);
    return st;
}

static void from_big_endian(void *values, size_t count, size_t width)
{
    const uint16_t probe = 1;
    if (width == 1 || *(const uint8_t *)&probe == 0) return;
    unsigned char *v = values;
    for (size_t i = 0; i < count; i++, v += width)
        for (size_t a = 0, b = width - 1; a < b; a++, b--) {
            const unsigned char swapped = v[a];
            v[a] = v[b];
            v[b] = swapped;
        }
}

dnn_status dnn_idx_read(dnn_idx *idx, void *values)
{
    size_t bytes, got;
    unsigned char beyond;
    if (!data_bytes(idx, &bytes)) return dnn_fail(DNN_E_INTERNAL, "%s: not opened", idx->path);
    dnn_status st = dnn_gzip_read(idx->file, values, bytes, &got);
    if (st == DNN_OK && got < bytes)
        return dnn_fail(DNN_E_DATA, "%s: holds %zu of the %zu bytes of values that its header declares: fetch it again",
                        idx->path, got, bytes);
    if (st == DNN_OK) st = dnn_gzip_read(idx->file, &beyond, 1, &got); /* also lets zlib test the checksum */
    if (st != DNN_OK) return st;
    if (got > 0)
        return dnn_fail(DNN_E_DATA, "%s: goes on behind the %zu bytes of values that its header declares", idx->path,
                        bytes);
    from_big_endian(values, bytes / idx->bytes_per_value, idx->bytes_per_value);
    return DNN_OK;
}

void dnn_idx_close(dnn_idx *idx)
{
    if (idx->file) dnn_gzip_close(idx->file);
    dnn_free(idx->file);
    dnn_free(idx->path);
    *idx = (dnn_idx){0};
}
