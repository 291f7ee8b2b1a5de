/* The families of the room, made from their lists. */
#include "data/scaler.h"
#include "data/source.h"

#define X(name) extern const dnn_source_kind dnn_source_##name;
#include "data/sources/kinds.def"
#undef X

static const dnn_kind *const sources[] = {
#define X(name) &dnn_source_##name.kind,
#include "data/sources/kinds.def"
#undef X
};

#define X(name) extern const dnn_scaler_kind dnn_scaler_##name;
#include "data/scalers/kinds.def"
#undef X

static const dnn_kind *const scalers[] = {
#define X(name) &dnn_scaler_##name.kind,
#include "data/scalers/kinds.def"
#undef X
};

dnn_family dnn_sources = {.name = "source", .kinds = sources, .count = sizeof sources / sizeof *sources};
dnn_family dnn_scalers = {.name = "scaler", .kinds = scalers, .count = sizeof scalers / sizeof *scalers};
