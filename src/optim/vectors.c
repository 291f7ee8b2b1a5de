/* What every optimizer may keep and do beside its own rule: a moving average, accumulated gradients, decay of weights. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "dnn/optim/optimizer.h"

static const dnn_optimizer_common *common_of(const dnn_component *optimizer) { return optimizer->common; }

uint64_t dnn_optimizer_steps_per_update(const dnn_component *optimizer)
{
    const double steps = common_of(optimizer)->gradient_accumulation_steps;
    return isnan(steps) ? 1 : (uint64_t)steps;
}

size_t dnn_optimizer_average(const dnn_component *optimizer) { return common_of(optimizer)->use_ema ? 0 : SIZE_MAX; }

size_t dnn_optimizer_accumulator(const dnn_component *optimizer)
{
    if (dnn_optimizer_steps_per_update(optimizer) == 1) return SIZE_MAX;
    return common_of(optimizer)->use_ema ? 1 : 0;
}

size_t dnn_optimizer_first_slot(const dnn_component *optimizer)
{
    return (size_t)common_of(optimizer)->use_ema + (dnn_optimizer_steps_per_update(optimizer) > 1);
}

size_t dnn_optimizer_vectors(const dnn_component *optimizer)
{
    return dnn_optimizer_first_slot(optimizer) + ((const dnn_optimizer_kind *)optimizer->kind)->slots(optimizer->params);
}

const char *dnn_optimizer_vector_name(const dnn_component *optimizer, size_t vector)
{
    const size_t own = dnn_optimizer_first_slot(optimizer);
    if (vector == dnn_optimizer_average(optimizer)) return "average";
    if (vector < own) return "gradient_accumulator";
    return ((const dnn_optimizer_kind *)optimizer->kind)->slot_name(optimizer->params, vector - own);
}

double dnn_optimizer_weight_decay(const dnn_component *optimizer, const char *name)
{
    const dnn_optimizer_common *c = common_of(optimizer);
    for (size_t i = 0; i < c->exclude_from_weight_decay.count; i++)
        if (strstr(name, c->exclude_from_weight_decay.at[i])) return 0.0;
    return isnan(c->weight_decay) ? ((const dnn_optimizer_kind *)optimizer->kind)->usual_weight_decay : c->weight_decay;
}

void dnn_decay_weights(double learning_rate, double decay, size_t n, float *w)
{
    const float d = (float)(learning_rate * decay);
    for (size_t i = 0; i < n; i++) w[i] -= d * w[i];
}

void dnn_average_weights(double momentum, size_t n, const float *restrict w, float *restrict average)
{
    const float old = (float)momentum, new = (float)(1.0 - momentum);
    for (size_t i = 0; i < n; i++) average[i] = old * average[i] + new * w[i];
}
