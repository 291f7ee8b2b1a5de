#include "data/sources/idx_parts.h"

typedef struct fashion_mnist {
    char *path;
} fashion_mnist;

static const dnn_param params[] = {
    DNN_STRING(fashion_mnist, path, NULL, "folder with the four IDX files, gzipped as published or plain"),
};

static dnn_status open(const void *parameters, dnn_source_info *info, void **state)
{
    return dnn_idx_folder_open("fashion_mnist", ((const fashion_mnist *)parameters)->path, info, state);
}

const dnn_source_kind dnn_source_fashion_mnist = {
    .kind = {.name = "fashion_mnist",
             .help = "60,000 + 10,000 pictures of clothing, 28x28 bytes, 10 classes (Xiao et al. 2017)",
             .params_size = sizeof(fashion_mnist),
             DNN_PARAMS(params)},
    .open = open,
    .read = dnn_idx_parts_read,
    .close = dnn_idx_parts_close,
    .place = dnn_idx_parts_place,
};
