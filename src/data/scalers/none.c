#include "data/scaler.h"

const dnn_scaler_kind dnn_scaler_none = {.kind = {.name = "none", .help = "values as they are"}};
