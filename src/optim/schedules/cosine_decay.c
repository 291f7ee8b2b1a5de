/* Half a cosine from lr0 down to alpha · lr0: Loshchilov and Hutter 2017, "SGDR", equation 5 with one period. With `warmup_target` a
 * straight line of warmup_steps leads from lr0 up to it first, and the cosine starts there; decay_steps does not
 * count the warm-up. As in Keras, warmup_steps without warmup_target mean nothing and are refused here. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct cosine_decay {
    double initial_learning_rate, decay_steps, alpha, warmup_target;
    size_t warmup_steps;
} cosine_decay;

static const dnn_param params[] = {
    DNN_REAL(cosine_decay, initial_learning_rate, NULL, ">= 0", "rate of the first step"),
    DNN_REAL(cosine_decay, decay_steps, NULL, "> 0", "steps of the way down, warm-up not counted"),
    DNN_REAL(cosine_decay, alpha, "0", "[0, 1]", "share of the highest rate that remains at the end"),
    DNN_REAL(cosine_decay, warmup_target, "null", ">= 0", "rate that the warm-up leads to; null: none"),
    DNN_SIZE(cosine_decay, warmup_steps, "0", ">= 0", "steps of the warm-up"),
};

static dnn_status check(const dnn_component *schedule)
{
    const cosine_decay *c = schedule->params;
    char place[256];
    if (c->warmup_steps > 0 && isnan(c->warmup_target))
        return dnn_fail(DNN_E_CONFIG, "%s: cosine_decay.warmup_steps = %zu: needs warmup_target, the rate to warm up to",
                        dnn_place_text(schedule->place, place, sizeof place), c->warmup_steps);
    return DNN_OK;
}

static double rate(const void *p, const dnn_schedule_time *time)
{
    const cosine_decay *c = p;
    const bool warm = !isnan(c->warmup_target);
    const double warmup = warm ? (double)c->warmup_steps : 0.0, step = (double)time->step, steps = c->decay_steps;
    if (step < warmup) return c->initial_learning_rate + (c->warmup_target - c->initial_learning_rate) * step / warmup;
    const double passed = step - warmup < steps ? (step - warmup) / steps : 1.0;
    const double cosine = 0.5 * (1.0 + cos(acos(-1.0) * passed));
    return (warm ? c->warmup_target : c->initial_learning_rate) * ((1.0 - c->alpha) * cosine + c->alpha);
}

const dnn_schedule_kind dnn_schedule_cosine_decay = {
    .kind = { .name = "cosine_decay", .help = "half a cosine down, after a linear warm-up if asked (Loshchilov and Hutter 2017)",
              .params_size = sizeof(cosine_decay), DNN_PARAMS(params), .keras = "CosineDecay" },
    .rate = rate, .check = check,
};
