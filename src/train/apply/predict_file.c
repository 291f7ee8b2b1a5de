#include "train/apply/predict_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dnn/base/memory.h"
#include "dnn/io/file.h"
#include "dnn/io/hdf5.h"

static bool ends_in(const char *path, const char *tail)
{
    const size_t n = strlen(path), t = strlen(tail);
    return n > t && strcmp(path + n - t, tail) == 0;
}

dnn_status predict_file_check(const char *path, bool overwrite)
{
    if (!path) return dnn_fail(DNN_E_CONFIG, "predict: --out FILE.h5 or --out FILE.csv says where the outputs go");
    if (!ends_in(path, ".h5") && !ends_in(path, ".csv"))
        return dnn_fail(DNN_E_CONFIG, "--out %s: must end in .h5 or .csv", path);
    if (!overwrite && dnn_file_exists(path)) return dnn_fail(DNN_E_CONFIG, "--out %s: exists; replace it with --overwrite", path);
    return DNN_OK;
}

/* float: nine digits always read back to the same one, often fewer do. */
static int print_float(char *out, size_t size, float value)
{
    int n = 0;
    for (int digits = 6; digits <= 9; digits++) {
        n = snprintf(out, size, "%.*g", digits, (double)value);
        if (strtof(out, NULL) == value) break;
    }
    return n;
}

static void print_header(FILE *f, const prediction *groups, size_t count)
{
    for (size_t g = 0; g < count; g++)
        for (size_t u = 0; u < groups[g].units; u++) {
            fputs(g || u ? "," : "", f);
            fputs(groups[g].name, f);
            if (groups[g].units > 1) fprintf(f, "%zu", u);
        }
    fputc('\n', f);
}

static void print_rows(FILE *f, uint64_t rows, const prediction *groups, size_t count)
{
    char text[32];
    for (uint64_t i = 0; i < rows; i++) {
        for (size_t g = 0; g < count; g++)
            for (size_t u = 0; u < groups[g].units; u++) {
                print_float(text, sizeof text, groups[g].values[i * groups[g].units + u]);
                fputs(g || u ? "," : "", f);
                fputs(text, f);
            }
        fputc('\n', f);
    }
}

static dnn_status write_csv(const char *path, uint64_t rows, const prediction *groups, size_t count)
{
    char *text = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&text, &length);
    if (!f) return dnn_fail(DNN_E_MEMORY, "%s: no memory for the table", path);
    print_header(f, groups, count);
    print_rows(f, rows, groups, count);
    const bool whole = !ferror(f) && fclose(f) == 0;
    const dnn_status st = whole ? dnn_file_write(path, text, length) : dnn_fail(DNN_E_MEMORY, "%s: no memory for the table", path);
    free(text);
    return st;
}

/* Under a temporary name first, so that nobody ever opens half a file. */
static dnn_status write_hdf5(const char *path, uint64_t rows, const prediction *groups, size_t count)
{
    char *temporary = dnn_format("%s.%ld.part", path, (long)getpid());
    dnn_hdf5 *file = NULL;
    dnn_status st = temporary ? dnn_hdf5_create(temporary, 0, &file) : DNN_E_MEMORY;
    for (size_t g = 0; g < count && st == DNN_OK; g++) {
        char name[80];
        snprintf(name, sizeof name, "/%s", groups[g].name);
        st = dnn_hdf5_write(file, name, DNN_HDF5_FLOAT, 2, (size_t[]){ rows, groups[g].units }, groups[g].values);
    }
    if (file) {
        const dnn_status closed = dnn_hdf5_close(file);
        if (st == DNN_OK) st = closed;
    }
    if (st == DNN_OK && rename(temporary, path) != 0) st = dnn_fail(DNN_E_IO, "%s: cannot be put in place", path);
    if (st != DNN_OK && temporary) unlink(temporary);
    dnn_free(temporary);
    return st == DNN_OK ? dnn_folder_sync(path) : st;
}

dnn_status predict_file_write(const char *path, uint64_t rows, const prediction *groups, size_t count)
{
    return ends_in(path, ".csv") ? write_csv(path, rows, groups, count) : write_hdf5(path, rows, groups, count);
}
