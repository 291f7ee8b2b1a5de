/* The family of losses. */
#include "dnn/nn/loss.h"

#define X(name) extern const dnn_loss_kind dnn_loss_##name;
#include "nn/losses/kinds.def"
#undef X

static const dnn_kind *const kinds[] = {
#define X(name) &dnn_loss_##name.kind,
#include "nn/losses/kinds.def"
#undef X
};

dnn_family dnn_losses = { .name = "loss", .kinds = kinds, .count = sizeof kinds / sizeof *kinds };
