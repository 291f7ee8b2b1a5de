/* The formula is at the top of adam.c; here it is run over a stretch of weights. */
#include "optim/optimizers/adam.h"

#include <math.h>

const char *const adam_slot_names[ADAM_SLOTS] = { "momentum", "velocity", "velocity_hat" };

void adam_step(const dnn_update *u, double beta_1, double beta_2, double epsilon, bool amsgrad)
{
    const double t = (double)u->t;
    const float rate = (float)(u->learning_rate * sqrt(1.0 - pow(beta_2, t)) / (1.0 - pow(beta_1, t)));
    const float rest_1 = (float)(1.0 - beta_1), rest_2 = (float)(1.0 - beta_2), e = (float)epsilon;
    const float *restrict g = u->g;
    float *restrict w = u->w, *restrict m = u->slot[ADAM_M], *restrict v = u->slot[ADAM_V];
    if (!amsgrad) {
        for (size_t i = 0; i < u->n; i++) {
            m[i] += rest_1 * (g[i] - m[i]);
            v[i] += rest_2 * (g[i] * g[i] - v[i]);
            w[i] -= rate * m[i] / (sqrtf(v[i]) + e);
        }
        return;
    }
    float *restrict top = u->slot[ADAM_V_MAX];
    for (size_t i = 0; i < u->n; i++) {
        m[i] += rest_1 * (g[i] - m[i]);
        v[i] += rest_2 * (g[i] * g[i] - v[i]);
        /* Written so that a NaN in v stays one instead of being the smaller of the two. */
        top[i] = top[i] >= v[i] ? top[i] : v[i];
        w[i] -= rate * m[i] / (sqrtf(top[i]) + e);
    }
}

void adam_serial(const dnn_serial_update *u, double beta_1, double beta_2, double epsilon, bool amsgrad)
{
    const double t = (double)u->t, rate = u->learning_rate * sqrt(1.0 - pow(beta_2, t)) / (1.0 - pow(beta_1, t));
    for (size_t i = 0; i < u->n; i++) {
        double *m = &u->slot[ADAM_M][i], *v = &u->slot[ADAM_V][i];
        *m = beta_1 * *m + (1.0 - beta_1) * u->g[i];
        *v = beta_2 * *v + (1.0 - beta_2) * u->g[i] * u->g[i];
        if (amsgrad) u->slot[ADAM_V_MAX][i] = fmax(u->slot[ADAM_V_MAX][i], *v);
        u->w[i] -= rate * *m / (sqrt(amsgrad ? u->slot[ADAM_V_MAX][i] : *v) + epsilon);
    }
}
