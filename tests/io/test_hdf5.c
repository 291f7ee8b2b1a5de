/* What is written reads back; what a stranger's file may try is refused. The library is used directly here only to
 * make files that our own writer would never make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <hdf5.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dnn/base/memory.h"
#include "dnn/io/hdf5.h"

static char folder[64];

static const char *file_name(const char *name)
{
    static char path[2][128];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/dnn_hdf5_XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) || dnn_memory_balance() != 0;
}

static dnn_hdf5 *opened(const char *path)
{
    dnn_hdf5 *f = NULL;
    assert_int_equal(dnn_hdf5_open(path, DNN_E_DATA, &f), DNN_OK);
    return f;
}

static void written_values_read_back_in_every_type(void **state)
{
    (void)state;
    const char *path = file_name("values.h5");
    dnn_hdf5 *f;
    float x[6] = {0, 1, 2, 3, 4, 200};
    double big[2] = {1e300, 0.1};
    int32_t step = -7;
    assert_int_equal(dnn_hdf5_create(path, 0, &f), DNN_OK);
    assert_int_equal(dnn_hdf5_write(f, "/a/b/x", DNN_HDF5_FLOAT, 2, (size_t[]){3, 2}, x), DNN_OK);
    assert_int_equal(dnn_hdf5_write(f, "/big", DNN_HDF5_DOUBLE, 1, (size_t[]){2}, big), DNN_OK);
    assert_int_equal(dnn_hdf5_write(f, "/step", DNN_HDF5_INT32, 0, NULL, &step), DNN_OK);
    assert_int_equal(dnn_hdf5_close(f), DNN_OK);

    f = opened(path);
    dnn_hdf5_dataset *d;
    assert_int_equal(dnn_hdf5_dataset_open(f, "/a/b/x", &d), DNN_OK);
    const dnn_hdf5_info *info = dnn_hdf5_dataset_info(d);
    assert_int_equal(info->stored, DNN_HDF5_REALS);
    assert_int_equal(info->rank, 2);
    assert_int_equal(info->dim[0], 3);
    assert_int_equal(info->dim[1], 2);
    float rows[4];
    assert_int_equal(dnn_hdf5_dataset_rows(d, 1, 2, DNN_HDF5_FLOAT, rows), DNN_OK);
    assert_memory_equal(rows, x + 2, sizeof rows);
    uint8_t bytes[2];
    assert_int_equal(dnn_hdf5_dataset_rows(d, 2, 1, DNN_HDF5_UINT8, bytes), DNN_OK);
    assert_int_equal(bytes[1], 200);
    assert_int_equal(dnn_hdf5_dataset_rows(d, 2, 2, DNN_HDF5_FLOAT, rows), DNN_E_DATA);
    dnn_hdf5_dataset_close(d);
    double again[2];
    assert_int_equal(dnn_hdf5_read(f, "/big", DNN_HDF5_DOUBLE, 2, again), DNN_OK);
    assert_memory_equal(again, big, sizeof big);
    int64_t wide;
    assert_int_equal(dnn_hdf5_read(f, "/step", DNN_HDF5_INT64, 1, &wide), DNN_OK);
    assert_int_equal(wide, -7);
    assert_int_equal(dnn_hdf5_close(f), DNN_OK);
}

static void values_that_do_not_fit_the_type_fail(void **state)
{
    (void)state;
    const char *path = file_name("fit.h5");
    dnn_hdf5 *f;
    double half = 1.5, huge = 1e300;
    float nan = 0.0f / 0.0f;
    int32_t label = 300;
    assert_int_equal(dnn_hdf5_create(path, 0, &f), DNN_OK);
    assert_int_equal(dnn_hdf5_write(f, "/half", DNN_HDF5_DOUBLE, 0, NULL, &half), DNN_OK);
    assert_int_equal(dnn_hdf5_write(f, "/huge", DNN_HDF5_DOUBLE, 0, NULL, &huge), DNN_OK);
    assert_int_equal(dnn_hdf5_write(f, "/nan", DNN_HDF5_FLOAT, 0, NULL, &nan), DNN_OK);
    assert_int_equal(dnn_hdf5_write(f, "/label", DNN_HDF5_INT32, 0, NULL, &label), DNN_OK);
    assert_int_equal(dnn_hdf5_close(f), DNN_OK);
    f = opened(path);
    int32_t whole;
    uint8_t byte;
    float real;
    assert_int_equal(dnn_hdf5_read(f, "/half", DNN_HDF5_INT32, 1, &whole), DNN_E_DATA);
    assert_int_equal(dnn_hdf5_read(f, "/nan", DNN_HDF5_INT32, 1, &whole), DNN_E_DATA);
    assert_int_equal(dnn_hdf5_read(f, "/label", DNN_HDF5_UINT8, 1, &byte), DNN_E_DATA);
    assert_int_equal(dnn_hdf5_read(f, "/huge", DNN_HDF5_FLOAT, 1, &real), DNN_E_DATA);
    assert_int_equal(dnn_hdf5_read(f, "/nan", DNN_HDF5_FLOAT, 1, &real), DNN_OK);
    assert_true(real != real);
    assert_int_equal(dnn_hdf5_read(f, "/half", DNN_HDF5_FLOAT, 1, &real), DNN_OK);
    assert_int_equal(dnn_hdf5_close(f), DNN_OK);
}

/* As h5py writes truth values, an enumeration of bytes; one of wider numbers is nobody's truth value. */
static void truth_values_are_read_as_numbers(void **state)
{
    (void)state;
    const hid_t f = H5Fcreate(file_name("truth.h5"), H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t bases[] = {H5T_NATIVE_INT8, H5T_NATIVE_INT32};
    const char *const names[] = {"truth", "wide"};
    const hid_t space = H5Screate_simple(1, (hsize_t[]){3}, NULL);
    for (int i = 0; i < 2; i++) {
        const hid_t type = H5Tenum_create(bases[i]);
        const int8_t narrow[] = {0, 1, 1};
        const int32_t wide[] = {0, 1, 1}, *w = wide;
        for (int v = 0; v < 2; v++) H5Tenum_insert(type, v ? "TRUE" : "FALSE", i ? (const void *)&w[v] : (const void *)&narrow[v]);
        const hid_t d = H5Dcreate2(f, names[i], type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, i ? (const void *)wide : (const void *)narrow) >= 0);
        H5Dclose(d);
        H5Tclose(type);
    }
    H5Sclose(space);
    assert_true(H5Fclose(f) >= 0);
    dnn_hdf5 *file = opened(file_name("truth.h5"));
    float reals[3] = {7, 7, 7};
    int32_t whole[3] = {7, 7, 7};
    assert_int_equal(dnn_hdf5_read(file, "/truth", DNN_HDF5_FLOAT, 3, reals), DNN_OK);
    assert_int_equal(dnn_hdf5_read(file, "/truth", DNN_HDF5_INT32, 3, whole), DNN_OK);
    for (int i = 0; i < 3; i++) assert_true(reals[i] == (float)(i > 0) && whole[i] == (i > 0));
    assert_int_equal(dnn_hdf5_read(file, "/wide", DNN_HDF5_INT32, 3, whole), DNN_E_DATA);
    assert_int_equal(dnn_hdf5_close(file), DNN_OK);
}

static void large_data_sets_are_chunked_with_sums_and_read_by_rows(void **state)
{
    (void)state;
    enum { ROWS = 5000, UNITS = 100 };
    const char *path = file_name("large.h5");
    dnn_hdf5 *f;
    float *x = malloc(sizeof(float) * ROWS * UNITS), rows[7 * UNITS];
    for (size_t i = 0; i < ROWS * UNITS; i++) x[i] = (float)i;
    assert_int_equal(dnn_hdf5_create(path, 512, &f), DNN_OK);
    assert_int_equal(dnn_hdf5_write(f, "/x", DNN_HDF5_FLOAT, 2, (size_t[]){ROWS, UNITS}, x), DNN_OK);
    assert_int_equal(dnn_hdf5_close(f), DNN_OK);

    f = opened(path);
    dnn_hdf5_dataset *d;
    assert_int_equal(dnn_hdf5_dataset_open(f, "/x", &d), DNN_OK);
    for (size_t first = 0; first + 7 <= ROWS; first += 613) {
        assert_int_equal(dnn_hdf5_dataset_rows(d, first, 7, DNN_HDF5_FLOAT, rows), DNN_OK);
        assert_memory_equal(rows, x + first * UNITS, sizeof rows);
    }
    dnn_hdf5_dataset_close(d);
    dnn_hdf5_close(f);

    /* One flipped bit in the values must not pass the sum. */
    FILE *raw = fopen(path, "r+b");
    fseek(raw, -300000, SEEK_END);
    const int c = fgetc(raw);
    fseek(raw, -1, SEEK_CUR);
    fputc(c ^ 4, raw);
    fclose(raw);
    f = opened(path);
    assert_int_equal(dnn_hdf5_read(f, "/x", DNN_HDF5_FLOAT, ROWS * UNITS, x), DNN_E_DATA);
    dnn_hdf5_close(f);
    free(x);
}

static void attributes_read_back_and_long_ones_are_fine(void **state)
{
    (void)state;
    const char *path = file_name("attributes.h5");
    const char *names[] = {"dense", "a_longer_name", "", "d"};
    char *longest = malloc(200001), *text;
    memset(longest, 'x', 200000);
    longest[200000] = '\0';
    dnn_hdf5 *f;
    assert_int_equal(dnn_hdf5_create(path, 0, &f), DNN_OK);
    assert_int_equal(dnn_hdf5_group_make(f, "/g/h"), DNN_OK);
    assert_int_equal(dnn_hdf5_attribute_write_text(f, "/", "long", longest), DNN_OK);
    assert_int_equal(dnn_hdf5_attribute_write_text(f, "/", "empty", ""), DNN_OK);
    assert_int_equal(dnn_hdf5_attribute_write_texts(f, "/g/h", "names", names, 4), DNN_OK);
    assert_int_equal(dnn_hdf5_attribute_write_texts(f, "/g/h", "none", NULL, 0), DNN_OK);
    assert_int_equal(dnn_hdf5_attribute_write_integer(f, "/g", "version", 1), DNN_OK);
    assert_int_equal(dnn_hdf5_write_text(f, "/g/section", longest), DNN_OK);
    assert_int_equal(dnn_hdf5_close(f), DNN_OK);

    f = opened(path);
    assert_int_equal(dnn_hdf5_attribute_text(f, "/", "long", &text), DNN_OK);
    assert_string_equal(text, longest);
    dnn_free(text);
    assert_int_equal(dnn_hdf5_attribute_text(f, "/", "empty", &text), DNN_OK);
    assert_string_equal(text, "");
    dnn_free(text);
    assert_int_equal(dnn_hdf5_attribute_text(f, "/", "no such", &text), DNN_OK);
    assert_null(text);
    dnn_strings list;
    bool found;
    assert_int_equal(dnn_hdf5_attribute_texts(f, "/g/h", "names", &list, &found), DNN_OK);
    assert_int_equal(list.count, 4);
    for (int i = 0; i < 4; i++) assert_string_equal(list.at[i], names[i]);
    dnn_hdf5_names_clear(&list);
    assert_int_equal(dnn_hdf5_attribute_texts(f, "/g/h", "none", &list, &found), DNN_OK);
    assert_true(found);
    assert_int_equal(list.count, 0);
    dnn_hdf5_names_clear(&list);
    assert_int_equal(dnn_hdf5_attribute_texts(f, "/g/h", "no such", &list, &found), DNN_OK);
    assert_false(found);
    int64_t version;
    assert_int_equal(dnn_hdf5_attribute_integer(f, "/g", "version", &version, &found), DNN_OK);
    assert_true(found && version == 1);
    size_t length;
    assert_int_equal(dnn_hdf5_read_text(f, "/g/section", 1 << 20, &text, &length), DNN_OK);
    assert_int_equal(length, 200000);
    dnn_free(text);
    assert_int_equal(dnn_hdf5_read_text(f, "/g/section", 1000, &text, &length), DNN_E_DATA);
    assert_int_equal(dnn_hdf5_list(f, "/g", &list), DNN_OK);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.at[0], "h");
    assert_string_equal(list.at[1], "section");
    dnn_hdf5_names_clear(&list);
    dnn_hdf5_close(f);
    free(longest);
}

static void put_text(hid_t owner, const char *name, hid_t type, hid_t space, const void *values)
{
    const hid_t id = H5Acreate2(owner, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(id >= 0 && H5Awrite(id, type, values) >= 0);
    H5Aclose(id);
}

static void strings_are_read_in_every_form_and_split_names_are_joined(void **state)
{
    (void)state;
    const char *path = file_name("forms.h5");
    const hid_t f0 = H5Fcreate(path, H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT), scalar = H5Screate(H5S_SCALAR);
    const hid_t variable = H5Tcopy(H5T_C_S1), spaces = H5Tcopy(H5T_C_S1), closed = H5Tcopy(H5T_C_S1);
    H5Tset_size(variable, H5T_VARIABLE);
    H5Tset_size(spaces, 8);
    H5Tset_strpad(spaces, H5T_STR_SPACEPAD);
    H5Tset_size(closed, 5);
    const char *one = "Keras";
    put_text(f0, "variable", variable, scalar, &one);
    put_text(f0, "spaces", spaces, scalar, "abc     ");
    put_text(f0, "closed", closed, scalar, "abcd");
    const hid_t two = H5Screate_simple(1, (hsize_t[]){2}, NULL);
    const char *first[] = {"a", "b"}, *second[] = {"c", "d"};
    put_text(f0, "layer_names0", variable, two, first);
    put_text(f0, "layer_names1", variable, two, second);
    H5Fclose(f0);

    const char *want[][2] = {{"variable", "Keras"}, {"spaces", "abc"}, {"closed", "abcd"}};
    dnn_hdf5 *f = opened(path);
    for (int i = 0; i < 3; i++) {
        char *text;
        assert_int_equal(dnn_hdf5_attribute_text(f, "/", want[i][0], &text), DNN_OK);
        assert_string_equal(text, want[i][1]);
        dnn_free(text);
    }
    dnn_strings list;
    bool found;
    assert_int_equal(dnn_hdf5_attribute_texts(f, "/", "layer_names", &list, &found), DNN_OK);
    assert_int_equal(list.count, 4);
    assert_string_equal(list.at[3], "d");
    dnn_hdf5_names_clear(&list);
    dnn_hdf5_close(f);
}

static void refused(const char *path, const char *object, const char *why)
{
    dnn_hdf5_dataset *d = NULL;
    dnn_hdf5 *f = opened(path);
    assert_int_equal(dnn_hdf5_dataset_open(f, object, &d), DNN_E_DATA);
    assert_null(d);
    if (!strstr(dnn_fail_text(), why) || !strstr(dnn_fail_text(), object)) fail_msg("%s", dnn_fail_text());
    dnn_hdf5_close(f);
}

static void links_are_not_followed(void **state)
{
    (void)state;
    const char *path = file_name("links.h5");
    const hid_t f = H5Fcreate(path, H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(1, (hsize_t[]){3}, NULL);
    float x[3] = {1, 2, 3};
    const hid_t d = H5Dcreate2(f, "x", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(d, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, x);
    H5Dclose(d);
    H5Lcreate_soft("/x", f, "soft", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/", f, "around", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("other.h5", "/x", f, "external", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(f, "x", f, "hard", H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(f);
    refused(path, "/soft", "soft link");
    refused(path, "/around", "soft link");
    refused(path, "/external", "external link");
    refused(path, "/missing", "missing");
    dnn_hdf5 *g = opened(path);
    assert_int_equal(dnn_hdf5_read(g, "/hard", DNN_HDF5_FLOAT, 3, x), DNN_OK);
    dnn_hdf5_object object;
    assert_int_equal(dnn_hdf5_find(g, "/around/x", &object), DNN_E_DATA);
    assert_int_equal(dnn_hdf5_find(g, "/x/y/z", &object), DNN_OK);
    assert_int_equal(object, DNN_HDF5_NOTHING);
    assert_int_equal(dnn_hdf5_find(g, "/", &object), DNN_OK);
    assert_int_equal(object, DNN_HDF5_GROUP);
    dnn_hdf5_close(g);
}

static void data_kept_elsewhere_and_strange_layouts_are_refused(void **state)
{
    (void)state;
    const char *path = file_name("layouts.h5");
    const hid_t f = H5Fcreate(path, H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(1, (hsize_t[]){16}, NULL);
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(list, "/etc/hostname", 0, 64);
    H5Dclose(H5Dcreate2(f, "external", H5T_IEEE_F32LE, space, H5P_DEFAULT, list, H5P_DEFAULT));
    list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_virtual(list, space, "other.h5", "/x", space);
    H5Dclose(H5Dcreate2(f, "virtual", H5T_IEEE_F32LE, space, H5P_DEFAULT, list, H5P_DEFAULT));
    list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(list, 1, (hsize_t[]){16});
    H5Pset_nbit(list);
    H5Dclose(H5Dcreate2(f, "packed", H5T_IEEE_F32LE, space, H5P_DEFAULT, list, H5P_DEFAULT));
    const hid_t vast = H5Screate_simple(2, (hsize_t[]){1u << 30, 1u << 30}, NULL);
    list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(list, 2, (hsize_t[]){16, 16});
    H5Dclose(H5Dcreate2(f, "vast", H5T_IEEE_F32LE, vast, H5P_DEFAULT, list, H5P_DEFAULT));
    const hid_t large = H5Screate_simple(1, (hsize_t[]){1u << 28}, NULL);
    H5Dclose(H5Dcreate2(f, "unwritten", H5T_IEEE_F32LE, large, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    const hid_t ranks = H5Screate_simple(9, (hsize_t[]){1, 1, 1, 1, 1, 1, 1, 1, 1}, NULL);
    H5Dclose(H5Dcreate2(f, "ranks", H5T_IEEE_F32LE, ranks, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Gclose(H5Gcreate2(f, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Fclose(f);
    refused(path, "/external", "another file");
    refused(path, "/virtual", "virtual");
    refused(path, "/packed", "filter");
    refused(path, "/vast", "declares");
    refused(path, "/unwritten", "declares");
    refused(path, "/ranks", "axes");
    refused(path, "/group", "is a group");
}

static void existing_files_and_dangling_links_are_not_overwritten(void **state)
{
    (void)state;
    const char *path = file_name("there.h5"), *link = file_name("link.h5");
    dnn_hdf5 *f;
    assert_int_equal(dnn_hdf5_create(path, 0, &f), DNN_OK);
    assert_int_equal(dnn_hdf5_close(f), DNN_OK);
    assert_int_equal(dnn_hdf5_create(path, 0, &f), DNN_E_IO);
    assert_null(f);
    assert_int_equal(symlink("nowhere.h5", link), 0);
    assert_int_equal(dnn_hdf5_create(link, 0, &f), DNN_E_IO);
}

static void what_is_no_hdf5_file_is_named(void **state)
{
    (void)state;
    const char *path = file_name("text.h5");
    dnn_hdf5 *f;
    FILE *text = fopen(path, "w");
    fputs("not this", text);
    fclose(text);
    assert_int_equal(dnn_hdf5_open(path, DNN_E_MODEL, &f), DNN_E_MODEL);
    assert_non_null(strstr(dnn_fail_text(), "text.h5: is no HDF5 file"));
    assert_int_equal(dnn_hdf5_open(file_name("none.h5"), DNN_E_MODEL, &f), DNN_E_MODEL);
    assert_non_null(strstr(dnn_fail_text(), "No such file"));
    assert_int_equal(dnn_hdf5_open(folder, DNN_E_MODEL, &f), DNN_E_MODEL);
    assert_non_null(strstr(dnn_fail_text(), "regular"));
}

/* A limit on file sizes stands for the full disk: the write that passes it fails. */
static void a_full_disk_fails_at_the_latest_on_closing(void **state)
{
    (void)state;
    struct rlimit old, small;
    float *x = calloc(1 << 20, sizeof *x);
    for (size_t i = 0; i < 1 << 20; i++) x[i] = (float)i;
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 1 << 20;
    signal(SIGXFSZ, SIG_IGN);
    for (int form = 0; form < 2; form++) {
        const char *path = file_name(form ? "full1.h5" : "full0.h5");
        dnn_hdf5 *f;
        setrlimit(RLIMIT_FSIZE, &small);
        assert_int_equal(dnn_hdf5_create(path, 512, &f), DNN_OK);
        dnn_status st = dnn_hdf5_write(f, "/x", DNN_HDF5_FLOAT, 1, (size_t[]){form ? 1 << 20 : 300000}, x);
        if (st == DNN_OK) st = dnn_hdf5_write(f, "/y", DNN_HDF5_FLOAT, 1, (size_t[]){1000}, x);
        const dnn_status closed = dnn_hdf5_close(f);
        setrlimit(RLIMIT_FSIZE, &old);
        assert_int_equal(closed, DNN_E_IO);
        if (st != DNN_OK) assert_int_equal(st, DNN_E_IO);
        struct stat info;
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_size, 0);
    }
    free(x);
}

/* The same calls give the same bytes, up to the last one, whether the library writes to disk or not. */
static void a_file_made_in_memory_is_the_one_on_disk(void **state)
{
    (void)state;
    for (int large = 0; large < 2; large++) {
        const size_t dim[] = { large ? 2000 : 3, 700 };
        float *x = calloc(dim[0] * dim[1], sizeof *x);
        for (size_t i = 0; i < dim[0] * dim[1]; i++) x[i] = (float)i;
        const char *path = file_name(large ? "twin1.h5" : "twin0.h5");
        dnn_hdf5 *twin[2];
        assert_int_equal(dnn_hdf5_create(path, 512, &twin[0]), DNN_OK);
        assert_int_equal(dnn_hdf5_create_in_memory("in memory", 512, &twin[1]), DNN_OK);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(dnn_hdf5_write(twin[i], "/group/x", DNN_HDF5_FLOAT, 2, dim, x), DNN_OK);
            assert_int_equal(dnn_hdf5_attribute_write_text(twin[i], "/group", "note", "a text"), DNN_OK);
            assert_int_equal(dnn_hdf5_write_text(twin[i], "/text", "another"), DNN_OK);
        }
        unsigned char *bytes;
        size_t length;
        assert_int_equal(dnn_hdf5_close(twin[0]), DNN_OK);
        assert_int_equal(dnn_hdf5_close_in_memory(twin[1], &bytes, &length), DNN_OK);
        struct stat info;
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(length, info.st_size);
        FILE *file = fopen(path, "rb");
        unsigned char *on_disk = malloc(length);
        assert_int_equal(fread(on_disk, 1, length, file), length);
        fclose(file);
        assert_memory_equal(bytes, on_disk, length);
        free(on_disk);
        dnn_free(bytes);
        free(x);
    }
}

static void a_file_in_memory_that_is_not_wanted_leaves_nothing(void **state)
{
    (void)state;
    const size_t before = dnn_memory_balance();
    dnn_hdf5 *f;
    assert_int_equal(dnn_hdf5_create_in_memory("in memory", 0, &f), DNN_OK);
    assert_int_equal(dnn_hdf5_write(f, "/x", DNN_HDF5_FLOAT, 1, (size_t[]){2}, (float[]){1, 2}), DNN_OK);
    assert_int_equal(dnn_hdf5_close(f), DNN_OK);
    assert_int_equal(dnn_memory_balance(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_made_in_memory_is_the_one_on_disk),
        cmocka_unit_test(a_file_in_memory_that_is_not_wanted_leaves_nothing),
        cmocka_unit_test(written_values_read_back_in_every_type),
        cmocka_unit_test(values_that_do_not_fit_the_type_fail),
        cmocka_unit_test(truth_values_are_read_as_numbers),
        cmocka_unit_test(large_data_sets_are_chunked_with_sums_and_read_by_rows),
        cmocka_unit_test(attributes_read_back_and_long_ones_are_fine),
        cmocka_unit_test(strings_are_read_in_every_form_and_split_names_are_joined),
        cmocka_unit_test(links_are_not_followed),
        cmocka_unit_test(data_kept_elsewhere_and_strange_layouts_are_refused),
        cmocka_unit_test(existing_files_and_dangling_links_are_not_overwritten),
        cmocka_unit_test(what_is_no_hdf5_file_is_named),
        cmocka_unit_test(a_full_disk_fails_at_the_latest_on_closing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
