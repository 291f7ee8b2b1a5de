/* Reads event files back as TensorBoard does: frames with their checks, then the fields of the messages. The check is computed in another way than the
 * writer's: by division of the unreflected polynomial 0x1edc6f41. */
#ifndef DNN_TESTS_SUPPORT_EVENT_READER_H
#define DNN_TESTS_SUPPORT_EVENT_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A field of a message: its number, wire type and value. */
typedef struct field { unsigned number, type; uint64_t bits; const unsigned char *at; size_t length; } field;

/* What is left to read. */
typedef struct rest { const unsigned char *at; size_t length; } rest;

static inline uint32_t reversed(uint32_t x, int bits)
{
    uint32_t y = 0;
    for (int i = 0; i < bits; i++) y |= (x >> i & 1u) << (bits - 1 - i);
    return y;
}

static inline uint32_t divided(const unsigned char *data, size_t length)
{
    uint32_t remainder = 0xffffffffu;
    for (size_t i = 0; i < length; i++) {
        remainder ^= reversed(data[i], 8) << 24;
        for (int bit = 0; bit < 8; bit++) remainder = remainder & 0x80000000u ? remainder << 1 ^ 0x1edc6f41u : remainder << 1;
    }
    return reversed(~remainder, 32);
}

static inline uint64_t little(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static inline bool check_fits(const unsigned char *data, size_t length, const unsigned char *stored)
{
    const uint32_t unmasked = (uint32_t)little(stored, 4) - 0xa282ead8u;
    return (unmasked >> 17 | unmasked << 15) == divided(data, length);
}

/* The next record's message; false at the end or where a frame is wrong (then r->length > 0). */
static inline bool next_record(rest *r, rest *message)
{
    *message = (rest){ 0 };
    if (r->length < 12 || !check_fits(r->at, 8, r->at + 8)) return false;
    const uint64_t length = little(r->at, 8);
    if (r->length < 16 + length || !check_fits(r->at + 12, length, r->at + 12 + length)) return false;
    *message = (rest){ r->at + 12, length };
    r->at += 16 + length;
    r->length -= 16 + length;
    return true;
}

static inline uint64_t varint(rest *r)
{
    uint64_t value = 0;
    int shift = 0;
    while (r->length > 0) {
        const unsigned char byte = *r->at++;
        r->length--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
        if (byte < 0x80) break;
    }
    return value;
}

static inline bool next_field(rest *r, field *f)
{
    *f = (field){ 0 };
    if (r->length == 0) return false;
    const uint64_t head = varint(r);
    *f = (field){ .number = (unsigned)(head >> 3), .type = head & 7 };
    f->length = f->type == 1 ? 8 : f->type == 5 ? 4 : 0;
    if (f->type == 0 || f->type == 2) f->bits = varint(r);
    if (f->type == 2) f->length = f->bits;
    f->at = r->at;
    if (f->length > r->length) return false;
    if (f->type == 1 || f->type == 5) f->bits = little(f->at, (int)f->length);
    r->at += f->length;
    r->length -= f->length;
    return true;
}

/* First field of that number; false where there is none. */
static inline bool find_field(rest message, unsigned number, field *f)
{
    *f = (field){ 0 };
    while (next_field(&message, f))
        if (f->number == number) return true;
    return false;
}

static inline rest inside(field f) { return (rest){ f.at, f.length }; }

static inline double as_double(const unsigned char *at)
{
    const uint64_t bits = little(at, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Of an event with a summary of one value: step, tag, and the value's message. */
typedef struct told { int64_t step; char tag[128]; rest value; } told;
static inline bool tell(rest event, told *t)
{
    field step, summary, value, tag;
    *t = (told){ 0 };
    if (!find_field(event, 2, &step) || !find_field(event, 5, &summary) || !find_field(inside(summary), 1, &value)) return false;
    if (!find_field(inside(value), 1, &tag) || tag.length >= sizeof t->tag) return false;
    t->step = (int64_t)step.bits;
    memcpy(t->tag, tag.at, tag.length);
    t->value = inside(value);
    return true;
}

static inline bool simple_value(const told *t, float *out)
{
    field f;
    if (!find_field(t->value, 2, &f) || f.type != 5) return false;
    const uint32_t bits = (uint32_t)f.bits;
    memcpy(out, &bits, sizeof *out);
    return true;
}

#endif
