/* Finding objects. A path is walked link by link, because the library would follow a soft link anywhere and an
 * external link into another file. */
#include "io/hdf5_apart.h"

#include <stdlib.h>
#include <string.h>

#include "dnn/base/memory.h"

enum { MAX_PATH = 4096, MAX_CHILDREN = 100000 };

static const char *link_name(H5L_type_t type)
{
    if (type == H5L_TYPE_SOFT) return "a soft link";
    if (type == H5L_TYPE_EXTERNAL) return "an external link";
    return "a user-defined link";
}

/* `prefix`: all its links but the last are known to be hard and to lead to groups. */
static dnn_status judge_link(dnn_hdf5 *f, const char *prefix, bool *there)
{
    H5L_info_t info;
    const htri_t exists = H5Lexists(f->id, prefix, H5P_DEFAULT);
    *there = exists > 0;
    if (exists < 0) return hdf5_fail(f, prefix, "cannot be looked up");
    if (exists == 0) return DNN_OK;
    if (H5Lget_info(f->id, prefix, &info, H5P_DEFAULT) < 0) return hdf5_fail(f, prefix, "cannot be looked up");
    if (info.type != H5L_TYPE_HARD)
        return hdf5_fail(f, prefix, "is %s; only objects of the file itself are read", link_name(info.type));
    return DNN_OK;
}

static dnn_status open_judged(dnn_hdf5 *f, const char *prefix, hid_t *id, H5I_type_t *type)
{
    *id = H5Oopen(f->id, prefix, H5P_DEFAULT);
    *type = *id >= 0 ? H5Iget_type(*id) : H5I_BADID;
    if (*type == H5I_GROUP || *type == H5I_DATASET) return DNN_OK;
    const dnn_status st = hdf5_fail(f, prefix, *id < 0 ? "cannot be opened" : "is neither a group nor a data set");
    if (*id >= 0) H5Oclose(*id);
    *id = H5I_INVALID_HID;
    return st;
}

dnn_status hdf5_object_open(dnn_hdf5 *file, const char *path, hid_t *id, H5I_type_t *type)
{
    char prefix[MAX_PATH];
    const size_t length = strlen(path);
    *id = H5I_INVALID_HID;
    *type = H5I_BADID;
    if (path[0] != '/' || length >= sizeof prefix || strstr(path, "//"))
        return hdf5_fail(file, path, "is no usable path");
    if (length == 1) return open_judged(file, "/", id, type);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        bool there;
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        dnn_status st = judge_link(file, prefix, &there);
        if (st != DNN_OK || !there) return st;
        st = open_judged(file, prefix, id, type);
        if (st != DNN_OK || i == length) return st;
        H5Oclose(*id);
        const bool leaf = *type != H5I_GROUP;
        *id = H5I_INVALID_HID;
        *type = H5I_BADID;
        if (leaf) return DNN_OK;
    }
    return DNN_OK;
}

dnn_status dnn_hdf5_find(dnn_hdf5 *file, const char *path, dnn_hdf5_object *object)
{
    hid_t id;
    H5I_type_t type;
    *object = DNN_HDF5_NOTHING;
    if (file->apart) return apart_find(file, path, object);
    dnn_status st = hdf5_enter(file);
    if (st == DNN_OK) st = hdf5_object_open(file, path, &id, &type);
    if (st != DNN_OK || id < 0) return st;
    H5Oclose(id);
    *object = type == H5I_GROUP ? DNN_HDF5_GROUP : DNN_HDF5_DATASET;
    return DNN_OK;
}

typedef struct listing {
    dnn_strings *names;
    size_t room;
} listing;

static herr_t add_name(hid_t group, const char *name, const H5L_info_t *info, void *context)
{
    listing *l = context;
    (void)group;
    (void)info;
    if (l->names->count == MAX_CHILDREN) return -1;
    if (l->names->count == l->room) {
        const size_t room = l->room ? 2 * l->room : 16;
        char **grown = dnn_realloc(l->names->at, room, sizeof *grown);
        if (!grown) return -1;
        l->names->at = grown;
        l->room = room;
    }
    char *copy = dnn_strdup(name);
    if (!copy) return -1;
    l->names->at[l->names->count++] = copy;
    return 0;
}

dnn_status dnn_hdf5_list(dnn_hdf5 *file, const char *group, dnn_strings *names)
{
    hid_t id;
    H5I_type_t type;
    *names = (dnn_strings){0};
    if (file->apart) return apart_list(file, group, names);
    dnn_status st = hdf5_enter(file);
    if (st == DNN_OK) st = hdf5_object_open(file, group, &id, &type);
    if (st != DNN_OK) return st;
    if (type != H5I_GROUP) {
        if (id >= 0) H5Oclose(id);
        return hdf5_fail(file, group, "is no group");
    }
    listing l = {.names = names};
    if (H5Literate(id, H5_INDEX_NAME, H5_ITER_INC, NULL, add_name, &l) < 0) {
        st = hdf5_fail(file, group, "cannot be listed, or has more than %d members", MAX_CHILDREN);
        dnn_hdf5_names_clear(names);
    }
    H5Oclose(id);
    return st;
}

void dnn_hdf5_names_clear(dnn_strings *names)
{
    for (size_t i = 0; i < names->count; i++) dnn_free(names->at[i]);
    dnn_free(names->at);
    *names = (dnn_strings){0};
}
