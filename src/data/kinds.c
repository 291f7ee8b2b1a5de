/* The families of the room, made from their lists. */
#include "scaler.h"
#include "source.h"

#define X(name) extern const dnn_source_kind dnn_source_##name;
#include "sources/kinds.def"
#undef X

static const dnn_kind *const sources[] = {
#define X(name) &dnn_source_##name.kind,
#include "sources/kinds.def"
#undef X
};

#define X(name) extern const dnn_scaler_kind dnn_scaler_##name;
#include "scalers/kinds.def"
#undef X

static const dnn_kind *const scalers[] = {
#define X(name) &dnn_scaler_##name.kind,
#include "scalers/kinds.def"
#undef X
};

const dnn_family dnn_sources = { .name = "source", .kinds = sources, .count = sizeof sources / sizeof *sources };
const dnn_family dnn_scalers = { .name = "scaler", .kinds = scalers, .count = sizeof scalers / sizeof *scalers };
