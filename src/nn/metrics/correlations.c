/* Agreement of each row's outputs with its targets along the last axis, and the mean of that over rows. With covariance c, standard deviations s and
 * means m over a row: pearson_correlation c / ((s_t + 1e-7)(s_y + 1e-7)), concordance_correlation 2 c / (s_t² + s_y² + (m_t - m_y)² + 1e-7)
 * (Lin 1989, equation 2). */
#include <math.h>

#include "nn/metrics/metrics.h"

#define EPSILON 1e-7

typedef struct moments { double mean_t, mean_y, var_t, var_y, covariance; } moments;

static moments of_row(size_t n, const real *t, const real *y)
{
    moments m = { 0 };
    for (size_t i = 0; i < n; i++) {
        m.mean_t += (double)t[i] / (double)n;
        m.mean_y += (double)y[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double a = (double)t[i] - m.mean_t, b = (double)y[i] - m.mean_y;
        m.var_t += a * a / (double)n;
        m.var_y += b * b / (double)n;
        m.covariance += a * b / (double)n;
    }
    return m;
}

static double pearson(const moments *m) { return m->covariance / ((sqrt(m->var_t) + EPSILON) * (sqrt(m->var_y) + EPSILON)); }

static double concordance(const moments *m)
{
    const double apart = m->mean_t - m->mean_y;
    return 2 * m->covariance / (m->var_t + m->var_y + apart * apart + EPSILON);
}

static void add(const dnn_loss_pass *p, double (*value)(const moments *m), double *state)
{
    for (size_t r = 0; r < p->rows; r++) {
        const moments m = of_row(p->units, p->target + r * p->units, p->y + r * p->units);
        const double weight = metric_weight(p, r);
        state[0] += weight * value(&m);
        state[1] += weight;
    }
}

#define CORRELATION(name_, keras_, value, help_) \
    static void update_##value(const void *q, const dnn_loss_pass *p, dnn_target target, double *state) \
    { \
        (void)q; \
        (void)target; \
        add(p, value, state); \
    } \
    const dnn_metric_kind dnn_metric_##name_ = { \
        .kind = { .name = #name_, .help = help_, .keras = keras_ }, \
        .accepts = metric_wants_values, .larger_is_better = true, .update = update_##value, \
    }
CORRELATION(pearson_correlation, "PearsonCorrelation", pearson, "linear correlation of outputs and targets along the last axis");
CORRELATION(concordance_correlation, "ConcordanceCorrelation", concordance, "how near outputs lie to targets along the last axis (Lin 1989)");
