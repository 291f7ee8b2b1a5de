#include "data/sources/idx_parts.h"

typedef struct mnist {
    char *path;
} mnist;

static const dnn_param params[] = {
    DNN_STRING(mnist, path, NULL, "folder with the four IDX files, gzipped as published or plain"),
};

static dnn_status open(const void *parameters, dnn_source_info *info, void **state)
{
    return dnn_idx_folder_open("mnist", ((const mnist *)parameters)->path, info, state);
}

const dnn_source_kind dnn_source_mnist = {
    .kind = {.name = "mnist",
             .help = "60,000 + 10,000 handwritten digits, 28x28 bytes (LeCun et al. 1998)",
             .params_size = sizeof(mnist),
             DNN_PARAMS(params)},
    .open = open,
    .read = dnn_idx_parts_read,
    .close = dnn_idx_parts_close,
    .place = dnn_idx_parts_place,
};
