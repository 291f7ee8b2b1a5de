/* Inputs larger than memory. Every rank maps the file that has them and takes rows from there as it would from memory; the kernel keeps what
 * was used last, once for all ranks of a machine, and reads ahead what steps say they will want. Files in another form (chunks, packed,
 * other types) are unpacked once into a scratch file. Reading rows through the HDF5 library in the step was the alternative: it has one lock for
 * all threads, a checkpoint's writer among them, and would need buffers and threads of its own on top of the kernel's. */
#include <stdio.h>
#include <string.h>

#include "data/inside.h"
#include "dnn/base/log.h"
#include "dnn/base/memory.h"

enum { BLOCK_BYTES = 8 << 20 };

/* Where the rows of an array of a part are; in values, for the ranks of the team. */
typedef struct place { char path[DNN_SCRATCH_PATH]; uint64_t first; bool scratch; } place;

typedef place places[DNN_PARTS][DNN_SOURCE_ARRAYS];

const size_t dnn_stream_places_bytes = sizeof(places);

static place *place_of(const dnn_dataset *ds, int part, size_t i)
{
    return &(*(places *)((char *)ds->values.base + ds->plan.places))[part][i];
}

static uint64_t bytes_of(const dnn_source_info *info)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < info->n_x; i++)
        for (int part = 0; part < DNN_PARTS; part++) bytes += info->rows[part] * dnn_row_bytes(&info->x[i]);
    return bytes;
}

bool dnn_stream_wanted(const dnn_data_config *config, const dnn_source_info *info)
{
    if (config->stream != 0 || info->fills) return config->stream == 1;
    const double bytes = (double)bytes_of(info), room = dnn_window_room();
    if (bytes <= room / 2) return false;
    dnn_info("data: inputs of %.3g GB stay in their file, memory for %.3g GB is left; rows are read as steps need them", bytes / 1e9, room / 1e9);
    return true;
}

static dnn_status map(dnn_dataset *ds, int part, size_t i)
{
    const dnn_source_info *const info = &ds->plan.source;
    const place *const p = place_of(ds, part, i);
    const dnn_status st = dnn_map_open(p->path, p->first, info->rows[part] * dnn_row_bytes(&info->x[i]), DNN_E_DATA, &ds->maps[part][i]);
    ds->x[part][i] = ds->maps[part][i].at;
    return st;
}

static dnn_status map_all(dnn_dataset *ds)
{
    dnn_status st = DNN_OK;
    for (int part = 0; part < DNN_PARTS; part++)
        for (size_t i = 0; i < ds->plan.source.n_x && st == DNN_OK; i++) st = map(ds, part, i);
    return st;
}

dnn_status dnn_stream_follow(dnn_dataset *ds) { return map_all(ds); }

/* Whether the source's own files have all inputs as they are wanted; then their places are known. */
static bool find_places(const dnn_dataset *ds, const dnn_source_kind *kind, void *state)
{
    const dnn_source_info *const info = &ds->plan.source;
    for (int part = 0; part < DNN_PARTS; part++)
        for (size_t i = 0; i < info->n_x; i++) {
            place *const p = place_of(ds, part, i);
            const char *path = NULL;
            if (info->rows[part] == 0) continue;
            p->first = kind->place != NULL ? kind->place(state, (dnn_part)part, i, &path) : 0;
            if (p->first == 0 || p->first % dnn_value_size(info->x[i].type) != 0 || strlen(path) >= sizeof p->path) return false;
            memcpy(p->path, path, strlen(path) + 1);
        }
    return true;
}

static char *target_row(const dnn_dataset *ds, size_t i, uint64_t row)
{
    return (char *)ds->values.base + ds->plan.y[i] + row * dnn_row_bytes(&ds->plan.source.y[i]);
}

/* Rows of a part, the inputs to `x` (entries may be NULL), the rest to where it belongs. */
static dnn_status read_rows(const dnn_dataset *ds, const dnn_source_kind *kind, void *state, int part, uint64_t first, size_t rows, void *const *x)
{
    const dnn_plan *const plan = &ds->plan;
    void *y[DNN_SOURCE_ARRAYS] = { NULL };
    for (size_t i = 0; i < plan->source.n_y; i++) y[i] = target_row(ds, i, plan->start[part] + first);
    float *const weight = plan->source.weighted ? (float *)((char *)ds->values.base + plan->weight) + plan->start[part] + first : NULL;
    return kind->read(state, (dnn_part)part, first, rows, x, y, weight);
}

static dnn_status unpack_part(dnn_dataset *ds, const dnn_source_kind *kind, void *state, int part, size_t block, void *const *x, dnn_scratch *scratch)
{
    const dnn_source_info *const info = &ds->plan.source;
    dnn_status st = DNN_OK;
    for (uint64_t first = 0; first < info->rows[part] && st == DNN_OK; first += block) {
        const uint64_t left = info->rows[part] - first;
        const size_t rows = left < block ? (size_t)left : block;
        st = read_rows(ds, kind, state, part, first, rows, x);
        for (size_t i = 0; i < info->n_x && st == DNN_OK; i++) st = dnn_scratch_write(&scratch[i], x[i], rows * dnn_row_bytes(&info->x[i]));
    }
    return st;
}

static dnn_status make_scratch(const dnn_dataset *ds, size_t i, dnn_scratch *scratch)
{
    const dnn_source_info *const info = &ds->plan.source;
    const size_t row = dnn_row_bytes(&info->x[i]);
    const dnn_status st = dnn_scratch_create(info->x[i].origin[0] ? info->x[i].origin : ds->plan.kind, ds->plan.start[DNN_PARTS] * row, scratch);
    for (int part = 0; part < DNN_PARTS && st == DNN_OK; part++) {
        place *const p = place_of(ds, part, i);
        *p = (place){ .first = ds->plan.start[part] * row, .scratch = true };
        memcpy(p->path, scratch->path, sizeof p->path);
    }
    return st;
}

static dnn_status unpack(dnn_dataset *ds, const dnn_source_kind *kind, void *state)
{
    const dnn_source_info *const info = &ds->plan.source;
    dnn_scratch scratch[DNN_SOURCE_ARRAYS];
    void *x[DNN_SOURCE_ARRAYS] = { NULL };
    size_t row = 1, made = 0;
    for (size_t i = 0; i < info->n_x; i++) row += dnn_row_bytes(&info->x[i]);
    const size_t block = BLOCK_BYTES / row + 1;
    dnn_info("data.source.%s: inputs are unpacked once into a scratch file of %.3g GB", ds->plan.kind, (double)bytes_of(info) / 1e9);
    dnn_status st = DNN_OK;
    for (; made < info->n_x && st == DNN_OK; made++) {
        st = make_scratch(ds, made, &scratch[made]);
        x[made] = dnn_alloc(block, dnn_row_bytes(&info->x[made]));
        if (st == DNN_OK && x[made] == NULL) st = DNN_E_MEMORY;
    }
    for (int part = 0; part < DNN_PARTS && st == DNN_OK; part++) st = unpack_part(ds, kind, state, part, block, x, scratch);
    for (size_t i = 0; i < made; i++) {
        dnn_scratch_close(&scratch[i]);
        dnn_free(x[i]);
    }
    return st;
}

dnn_status dnn_stream_read(dnn_dataset *ds, const dnn_source_kind *kind, void *state)
{
    void *const none[DNN_SOURCE_ARRAYS] = { NULL };
    dnn_status st = DNN_OK;
    if (!find_places(ds, kind, state)) {
        st = unpack(ds, kind, state);
    } else {
        for (int part = 0; part < DNN_PARTS && st == DNN_OK; part++)
            if (ds->plan.source.rows[part] > 0) st = read_rows(ds, kind, state, part, 0, ds->plan.source.rows[part], none);
    }
    return st == DNN_OK ? map_all(ds) : st;
}

void dnn_stream_forget(const dnn_dataset *ds)
{
    if (ds->values.base == NULL) return;
    for (size_t i = 0; i < ds->plan.source.n_x; i++) {
        const place *const p = place_of(ds, DNN_TRAIN, i);
        dnn_scratch scratch = { .file = -1 };
        memcpy(scratch.path, p->path, sizeof scratch.path);
        if (p->scratch) dnn_scratch_remove(&scratch);
    }
}

void dnn_stream_close(dnn_dataset *ds)
{
    for (int part = 0; part < DNN_PARTS; part++)
        for (size_t i = 0; i < DNN_SOURCE_ARRAYS; i++) dnn_map_close(&ds->maps[part][i]);
}

void dnn_stream_expect(const dnn_dataset *ds, size_t i, uint64_t row)
{
    const uint64_t *const start = ds->plan.start;
    const int part = (row >= start[1]) + (row >= start[2]);
    const size_t bytes = dnn_row_bytes(&ds->plan.source.x[i]);
    dnn_map_expect(&ds->maps[part][i], (row - start[part]) * bytes, bytes);
}
