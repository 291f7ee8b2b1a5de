#include "data/sources/idx_parts.h"

typedef struct idx {
    char *x, *y, *validation_x, *validation_y, *test_x, *test_y;
} idx;

static const dnn_param params[] = {
    DNN_STRING(idx, x, NULL, "IDX file of the training inputs, plain or .gz; the first axis counts the samples"),
    DNN_STRING(idx, y, "null", "IDX file of their targets; integers are labels"),
    DNN_STRING(idx, validation_x, "null", "inputs of the validation part"),
    DNN_STRING(idx, validation_y, "null", "targets of the validation part"),
    DNN_STRING(idx, test_x, "null", "inputs of the test part"),
    DNN_STRING(idx, test_y, "null", "targets of the test part"),
};

static dnn_status open(const void *parameters, dnn_source_info *info, void **state)
{
    const idx *p = parameters;
    const dnn_idx_paths paths = {.x = {p->x, p->validation_x, p->test_x}, .y = {p->y, p->validation_y, p->test_y}};
    static const char *const names[] = {"", "validation_", "test_"};
    for (int part = 0; part < DNN_PARTS; part++)
        if (paths.x[part] == NULL && paths.y[part] != NULL)
            return dnn_fail(DNN_E_CONFIG, "data.source.idx.%sy: there is no %sx it belongs to", names[part],
                            names[part]);
    return dnn_idx_parts_open(&paths, info, state);
}

const dnn_source_kind dnn_source_idx = {
    .kind = {.name = "idx",
             .help = "IDX files, as MNIST's, for any data",
             .params_size = sizeof(idx),
             DNN_PARAMS(params)},
    .open = open,
    .read = dnn_idx_parts_read,
    .close = dnn_idx_parts_close,
    .place = dnn_idx_parts_place,
};
