/* Advice on learning rates that grow with the batch. Goyal et al. 2017, "Accurate, large minibatch SGD", sections 2.1
 * and 2.2: the linear rule takes for granted that the gradient changes little from one small batch to the next, which
 * is wrong while a network begins to learn, hence the warm-up, and wrong from some batch size on, hence an end. They
 * found theirs at 32 times their base; docs/large-batch.md shows both on Fashion-MNIST. */
#include <math.h>
#include <string.h>

#include "dnn/base/log.h"
#include "dnn/optim/optimizer.h"
#include "train/setup/advice.h"

static const double needs_warmup = 4.0, linear_ends = 32.0;

static bool is_kind(const dnn_component *c, const char *name) { return c->kind && strcmp(c->kind->name, name) == 0; }

/* A parameter of that schedule or optimizer; NULL where it has none of that name. */
static const void *field(const dnn_component *c, const char *key)
{
    const dnn_param *row = dnn_params_find(c->kind->params, c->kind->n_params, key);
    return row ? (const char *)c->params + row->offset : NULL;
}

/* What the schedule is about, through what wraps it: the linear rule, and whether a warm-up leads to it. NULL: none. */
static const dnn_component *scaled(const dnn_component *schedule, bool *warmed)
{
    *warmed = false;
    while (schedule && schedule->kind && !is_kind(schedule, "scale_with_batch")) {
        *warmed = *warmed || is_kind(schedule, "warmup");
        schedule = field(schedule, "of");
    }
    if (!schedule || !schedule->kind) return NULL;
    const dnn_component *of = field(schedule, "of");
    *warmed = *warmed || is_kind(of, "warmup") || is_kind(of, "one_cycle");
    return schedule;
}

void advise_rates(const dnn_config *config, const dnn_dataset *ds)
{
    const dnn_component *optimizer = &config->training.optimizer;
    bool warmed;
    const dnn_component *rule =
        optimizer->kind ? scaled(&((const dnn_optimizer_head *)optimizer->params)->learning_rate, &warmed) : NULL;
    if (!rule) return;
    const uint64_t all = dnn_dataset_rows(ds, DNN_TRAIN), asked = (uint64_t)config->training.batch_size;
    const double rows = (double)((asked < all ? asked : all) * dnn_optimizer_steps_per_update(optimizer));
    const double base = (double)*(const size_t *)field(rule, "base"), power = *(const double *)field(rule, "power");
    const double factor = pow(rows / base, power);
    if (factor > linear_ends && power > 0.5)
        dnn_advise("scale_with_batch: a rate %g times that of the base is more than the linear rule is known to hold for; "
                   "scale_with_batch.power: 0.5 takes its root, and the optimizers lamb and lars are made for such batches", factor);
    else if (factor >= needs_warmup && !warmed)
        dnn_advise("scale_with_batch: a rate %g times that of the base from the first step on may never learn: "
                   "{warmup: {epochs: 2, of: {scale_with_batch: …}}} leads up to it", factor);
}
