/* Attributes: strings in every form that h5py has ever written, and whole numbers. */
#include "io/hdf5_apart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/base/memory.h"

/* Far above any model's description and far below what hurts. */
enum { MAX_TEXT = 64 << 20, MAX_TEXTS = 100000, MAX_PARTS = 10000 };

typedef struct attribute {
    dnn_hdf5 *file;
    const char *object, *name;
    hid_t id, type;
    dnn_hdf5_info info;
} attribute;

static dnn_status attribute_fail(const attribute *a, const char *text)
{
    return hdf5_fail(a->file, a->object, "attribute %s: %s", a->name, text);
}

hid_t hdf5_text_type(size_t length)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    if (type < 0) return type;
    if (H5Tset_size(type, length ? length : 1) >= 0 && H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0 &&
        H5Tset_cset(type, H5T_CSET_UTF8) >= 0)
        return type;
    H5Tclose(type);
    return H5I_INVALID_HID;
}

char *hdf5_text_of(const char *field, size_t length, H5T_str_t padding)
{
    length = strnlen(field, length);
    if (padding == H5T_STR_SPACEPAD)
        while (length > 0 && field[length - 1] == ' ') length--;
    char *text = dnn_alloc(length + 1, 1);
    if (text) memcpy(text, field, length);
    return text;
}

static void close_attribute(attribute *a)
{
    if (a->type >= 0) H5Tclose(a->type);
    if (a->id >= 0) H5Aclose(a->id);
    a->type = a->id = H5I_INVALID_HID;
}

/* id stays invalid where there is no such attribute. */
static dnn_status open_attribute(dnn_hdf5 *file, const char *object, const char *name, attribute *a)
{
    hid_t owner;
    H5I_type_t kind;
    *a = (attribute){.file = file, .object = object, .name = name, .id = H5I_INVALID_HID, .type = H5I_INVALID_HID};
    dnn_status st = hdf5_enter(file);
    if (st == DNN_OK) st = hdf5_object_open(file, object, &owner, &kind);
    if (st != DNN_OK) return st;
    if (owner < 0) return hdf5_fail(file, object, "is missing");
    const htri_t exists = H5Aexists(owner, name);
    if (exists > 0) a->id = H5Aopen(owner, name, H5P_DEFAULT);
    H5Oclose(owner);
    if (exists == 0) return DNN_OK;
    const hid_t space = a->id >= 0 ? H5Aget_space(a->id) : H5I_INVALID_HID;
    a->type = a->id >= 0 ? H5Aget_type(a->id) : H5I_INVALID_HID;
    if (a->type < 0 || space < 0 || !hdf5_space(space, &a->info)) st = attribute_fail(a, "cannot be read");
    if (space >= 0) H5Sclose(space);
    if (st != DNN_OK) close_attribute(a);
    return st;
}

static dnn_status read_variable(const attribute *a, char **texts)
{
    char **given = dnn_alloc(a->info.count, sizeof *given);
    if (!given) return DNN_E_MEMORY;
    dnn_status st = DNN_OK;
    const hid_t space = H5Aget_space(a->id);
    if (space < 0 || H5Aread(a->id, a->type, given) < 0) {
        st = attribute_fail(a, "cannot be read");
    } else {
        for (size_t i = 0; i < a->info.count && st == DNN_OK; i++) {
            texts[i] = dnn_strdup(given[i] ? given[i] : "");
            if (!texts[i]) st = DNN_E_MEMORY;
        }
        H5Dvlen_reclaim(a->type, space, H5P_DEFAULT, given);
    }
    if (space >= 0) H5Sclose(space);
    dnn_free(given);
    return st;
}

static dnn_status read_fixed(const attribute *a, char **texts)
{
    const size_t length = H5Tget_size(a->type);
    size_t bytes;
    if (length == 0 || __builtin_mul_overflow(length, a->info.count, &bytes) || bytes > MAX_TEXT)
        return attribute_fail(a, "is too large");
    char *fields = dnn_alloc(bytes, 1);
    if (!fields) return DNN_E_MEMORY;
    dnn_status st = H5Aread(a->id, a->type, fields) < 0 ? attribute_fail(a, "cannot be read") : DNN_OK;
    const H5T_str_t padding = H5Tget_strpad(a->type);
    for (size_t i = 0; i < a->info.count && st == DNN_OK; i++) {
        texts[i] = hdf5_text_of(fields + i * length, length, padding);
        if (!texts[i]) st = DNN_E_MEMORY;
    }
    dnn_free(fields);
    return st;
}

/* Appends the attribute's strings to `texts`. */
static dnn_status append_texts(const attribute *a, dnn_strings *texts)
{
    const size_t n = a->info.count;
    if (n == 0) return DNN_OK;
    if (n > MAX_TEXTS || texts->count > MAX_TEXTS - n) return attribute_fail(a, "has too many strings");
    if (H5Tget_class(a->type) != H5T_STRING) return attribute_fail(a, "holds no strings");
    char **grown = dnn_realloc(texts->at, texts->count + n, sizeof *grown);
    if (!grown) return DNN_E_MEMORY;
    texts->at = grown;
    memset(grown + texts->count, 0, n * sizeof *grown);
    const dnn_status st =
        H5Tis_variable_str(a->type) > 0 ? read_variable(a, grown + texts->count) : read_fixed(a, grown + texts->count);
    texts->count += n; /* on failure some are NULL, which clearing does not mind */
    return st;
}

dnn_status dnn_hdf5_attribute_text(dnn_hdf5 *file, const char *object, const char *name, char **text)
{
    attribute a;
    dnn_strings texts = {0};
    *text = NULL;
    if (file->apart) return apart_attribute_text(file, object, name, text);
    dnn_status st = open_attribute(file, object, name, &a);
    if (st != DNN_OK || a.id < 0) return st;
    st = a.info.count == 1 ? append_texts(&a, &texts) : attribute_fail(&a, "is no single string");
    if (st == DNN_OK) {
        *text = texts.at[0];
        texts.at[0] = NULL;
    }
    dnn_hdf5_names_clear(&texts);
    close_attribute(&a);
    return st;
}

static dnn_status append_named(dnn_hdf5 *file, const char *object, const char *name, dnn_strings *texts, bool *found)
{
    attribute a;
    dnn_status st = open_attribute(file, object, name, &a);
    *found = st == DNN_OK && a.id >= 0;
    if (*found) st = append_texts(&a, texts);
    close_attribute(&a);
    return st;
}

dnn_status dnn_hdf5_attribute_texts(dnn_hdf5 *file, const char *object, const char *name, dnn_strings *texts,
                                    bool *found)
{
    *texts = (dnn_strings){0};
    if (file->apart) return apart_attribute_texts(file, object, name, texts, found);
    dnn_status st = append_named(file, object, name, texts, found);
    bool more = st == DNN_OK && !*found;
    for (int part = 0; more && part < MAX_PARTS; part++) {
        char numbered[64];
        snprintf(numbered, sizeof numbered, "%.48s%d", name, part);
        st = append_named(file, object, numbered, texts, &more);
        if (more) *found = true;
        if (st != DNN_OK) more = false;
    }
    if (st != DNN_OK) dnn_hdf5_names_clear(texts);
    return st;
}

dnn_status dnn_hdf5_attribute_integer(dnn_hdf5 *file, const char *object, const char *name, int64_t *value, bool *found)
{
    attribute a;
    if (file->apart) return apart_attribute_integer(file, object, name, value, found);
    dnn_status st = open_attribute(file, object, name, &a);
    *found = st == DNN_OK && a.id >= 0;
    if (!*found) return st;
    if (a.info.count != 1 || H5Tget_class(a.type) != H5T_INTEGER)
        st = attribute_fail(&a, "is no whole number");
    else if (H5Aread(a.id, H5T_NATIVE_INT64, value) < 0)
        st = attribute_fail(&a, "cannot be read");
    close_attribute(&a);
    return st;
}

static dnn_status write_attribute(dnn_hdf5 *file, const char *object, const char *name, hid_t type, hid_t memory,
                                  hid_t space, const void *values)
{
    attribute a = {.file = file, .object = object, .name = name, .id = H5I_INVALID_HID, .type = H5I_INVALID_HID};
    hid_t owner;
    H5I_type_t kind;
    dnn_status st = hdf5_object_open(file, object, &owner, &kind);
    if (st != DNN_OK) return st;
    if (owner < 0) return hdf5_fail(file, object, "is missing");
    if (type >= 0 && space >= 0) a.id = H5Acreate2(owner, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (a.id < 0 || (values && H5Awrite(a.id, memory, values) < 0) || H5Aclose(a.id) < 0 || H5Oclose(owner) < 0)
        st = attribute_fail(&a, "cannot be written: is the disk full?");
    return st;
}

dnn_status dnn_hdf5_attribute_write_text(dnn_hdf5 *file, const char *object, const char *name, const char *text)
{
    dnn_status st = hdf5_enter(file);
    if (st != DNN_OK) return st;
    const hid_t type = hdf5_text_type(strlen(text)), space = H5Screate(H5S_SCALAR);
    st = write_attribute(file, object, name, type, type, space, text);
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    return st;
}

static dnn_status write_none(dnn_hdf5 *file, const char *object, const char *name)
{
    const hsize_t none = 0;
    const hid_t space = H5Screate_simple(1, &none, NULL);
    const dnn_status st = write_attribute(file, object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, space, NULL);
    if (space >= 0) H5Sclose(space);
    return st;
}

dnn_status dnn_hdf5_attribute_write_texts(dnn_hdf5 *file, const char *object, const char *name,
                                          const char *const *texts, size_t count)
{
    dnn_status st = hdf5_enter(file);
    if (st != DNN_OK) return st;
    if (count == 0) return write_none(file, object, name);
    size_t length = 1;
    for (size_t i = 0; i < count; i++) length = strlen(texts[i]) > length ? strlen(texts[i]) : length;
    char *fields = dnn_alloc(count, length);
    if (!fields) return DNN_E_MEMORY;
    for (size_t i = 0; i < count; i++) memcpy(fields + i * length, texts[i], strlen(texts[i]));
    const hsize_t size = count;
    const hid_t type = hdf5_text_type(length), space = H5Screate_simple(1, &size, NULL);
    st = write_attribute(file, object, name, type, type, space, fields);
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    dnn_free(fields);
    return st;
}

dnn_status dnn_hdf5_attribute_write_integer(dnn_hdf5 *file, const char *object, const char *name, int64_t value)
{
    dnn_status st = hdf5_enter(file);
    if (st != DNN_OK) return st;
    const hid_t space = H5Screate(H5S_SCALAR);
    st = write_attribute(file, object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, space, &value);
    if (space >= 0) H5Sclose(space);
    return st;
}
