/* Opening, making and closing HDF5 files, and what the library says when it fails. */
#include "io/hdf5_apart.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin(void)
{
    /* The library's exit handler flushes handles that a failed write left behind, and crashes there. */
    H5dont_atexit();
    H5open();
    H5PLset_loading_state(0);
}

/* The library prints its error stack unless told not to, and is told per thread. */
static void quiet(void)
{
    static _Thread_local bool told;
    pthread_once(&once, begin);
    if (told) return;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    told = true;
}

const char *dnn_hdf5_version(void)
{
    static _Thread_local char text[32];
    unsigned major = 0, minor = 0, release = 0;
    quiet();
    H5get_libversion(&major, &minor, &release);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
    return text;
}

dnn_status hdf5_enter(dnn_hdf5 *file)
{
    quiet();
    H5Eclear2(H5E_DEFAULT);
    if (file && file->broken) return dnn_fail(DNN_E_IO, "%s: an earlier write to this file failed", file->path);
    return DNN_OK;
}

/* What the system has refused stands at the end of a long text of two lines, time and addresses before it. */
static herr_t innermost(unsigned n, const H5E_error2_t *error, void *context)
{
    static const char system[] = "error message = '";
    char *reason = context;
    if (n > 0 || !error->desc) return 0;
    const char *said = strstr(error->desc, system);
    if (said)
        snprintf(reason, 200, " (%.*s)", (int)strcspn(said + sizeof system - 1, "'"), said + sizeof system - 1);
    else
        snprintf(reason, 200, " (HDF5: %.*s)", (int)strcspn(error->desc, "\n"), error->desc);
    return 0;
}

dnn_status hdf5_fail(dnn_hdf5 *file, const char *object, const char *format, ...)
{
    char text[400], reason[200] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, reason);
    H5Eclear2(H5E_DEFAULT);
    if (file->writing) file->broken = true;
    return object ? dnn_fail(file->status, "%s: %s: %s%s", file->path, object, text, reason)
                  : dnn_fail(file->status, "%s: %s%s", file->path, text, reason);
}

dnn_hdf5 *hdf5_file_new(const char *path, dnn_status status, bool writing)
{
    dnn_hdf5 *f = dnn_alloc(1, sizeof *f);
    if (!f) return NULL;
    *f = (dnn_hdf5){.id = H5I_INVALID_HID, .status = status, .writing = writing, .path = dnn_strdup(path)};
    if (f->path) return f;
    dnn_free(f);
    return NULL;
}

void hdf5_file_free(dnn_hdf5 *file)
{
    if (!file) return;
    if (file->image) dnn_free(file->image->bytes);
    dnn_free(file->image);
    dnn_free(file->path);
    dnn_free(file);
}

/* Asked of the system first, since it knows why; the library only knows that. */
static dnn_status look_at(dnn_hdf5 *f)
{
    struct stat info;
    const int handle = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (handle < 0) return dnn_fail(f->status, "%s: cannot open: %s", f->path, strerror(errno));
    const int error = fstat(handle, &info) == 0 ? 0 : errno;
    close(handle);
    if (error) return dnn_fail(f->status, "%s: cannot open: %s", f->path, strerror(error));
    if (!S_ISREG(info.st_mode)) return dnn_fail(f->status, "%s: is no regular file", f->path);
    f->bytes = (uint64_t)info.st_size;
    if (H5Fis_hdf5(f->path) <= 0)
        return dnn_fail(f->status, "%s: is no HDF5 file, or its beginning is damaged", f->path);
    return DNN_OK;
}

/* STRONG: one id forgotten somewhere and H5Fclose would leave the file open and unwritten. */
hid_t hdf5_access_list(void)
{
    const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    if (list >= 0) H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
    return list;
}

dnn_status dnn_hdf5_open(const char *path, dnn_status status, dnn_hdf5 **out)
{
    *out = NULL;
    dnn_status st = hdf5_enter(NULL);
    dnn_hdf5 *f = hdf5_file_new(path, status, false);
    if (!f) return DNN_E_MEMORY;
    if (st == DNN_OK) st = look_at(f);
    if (st == DNN_OK) {
        const hid_t list = hdf5_access_list();
        f->id = list >= 0 ? H5Fopen(path, H5F_ACC_RDONLY, list) : H5I_INVALID_HID;
        if (list >= 0) H5Pclose(list);
        if (f->id < 0) st = hdf5_fail(f, NULL, "cannot be opened as HDF5");
    }
    if (st == DNN_OK)
        *out = f;
    else
        hdf5_file_free(f);
    return st;
}

/* Without times two files of the same content have the same bytes. */
static hid_t creation_list(size_t header)
{
    const hid_t list = H5Pcreate(H5P_FILE_CREATE);
    if (list < 0) return list;
    if (H5Pset_obj_track_times(list, false) < 0 || (header > 0 && H5Pset_userblock(list, header) < 0)) {
        H5Pclose(list);
        return H5I_INVALID_HID;
    }
    return list;
}

dnn_status hdf5_make(dnn_hdf5 *f, size_t header, hid_t list)
{
    dnn_status st = DNN_OK;
    const hid_t creation = creation_list(header);
    /* 1.10 bounds: metadata with checksums, and attributes above 64 KiB. */
    if (list < 0 || creation < 0 || H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_V110) < 0) {
        st = hdf5_fail(f, NULL, "cannot be created");
    } else {
        errno = 0;
        f->id = H5Fcreate(f->path, H5F_ACC_EXCL, creation, list);
        const int error = errno;
        if (f->id < 0 && error)
            st = dnn_fail(f->status, "%s: cannot be created: %s", f->path, strerror(error));
        else if (f->id < 0)
            st = hdf5_fail(f, NULL, "cannot be created");
    }
    if (list >= 0) H5Pclose(list);
    if (creation >= 0) H5Pclose(creation);
    return st;
}

dnn_status dnn_hdf5_create(const char *path, size_t header, dnn_hdf5 **out)
{
    *out = NULL;
    dnn_status st = hdf5_enter(NULL);
    dnn_hdf5 *f = hdf5_file_new(path, DNN_E_IO, true);
    if (!f) return DNN_E_MEMORY;
    if (st == DNN_OK) st = hdf5_make(f, header, hdf5_access_list());
    if (st == DNN_OK)
        *out = f;
    else
        hdf5_file_free(f);
    return st;
}

const char *hdf5_why_unwritten(const dnn_hdf5 *file)
{
    return file->image ? "cannot be written: not enough memory for the file's image"
                       : "cannot be written: is the disk full?";
}

dnn_status dnn_hdf5_close(dnn_hdf5 *file)
{
    if (!file) return DNN_OK;
    if (file->apart) {
        hdf5_apart_close(file->apart);
        hdf5_file_free(file);
        return DNN_OK;
    }
    /* Of a broken file the first failure has told; its text stays. */
    dnn_status st = file->broken ? DNN_E_IO : hdf5_enter(file);
    if (st == DNN_OK && H5Fclose(file->id) < 0)
        st = hdf5_fail(file, NULL, file->writing ? hdf5_why_unwritten(file) : "cannot be closed");
    /* The handle left behind keeps the file alive after its removal; its blocks at least go back to a full disk. */
    if (st != DNN_OK && file->writing && !file->image && truncate(file->path, 0) != 0)
        dnn_warn("%s: cannot be emptied: %s", file->path, strerror(errno));
    hdf5_file_free(file);
    return st;
}
