/* Adafactor: Shazeer and Stern 2018, algorithms 4 and 5, as Keras has it. For a tensor of two or more axes the mean squares of the gradient are
 * kept for rows and for columns of its last two axes only:
 *
 *   b = 1 - t^beta_2_decay      s = g² + epsilon_1
 *   r = b r + (1 - b) mean of s along rows      c = b c + (1 - b) mean of s along columns      v = r / mean(r) · c
 *   (one axis: v = b v + (1 - b) s)
 *   u = g / sqrt(v)      w -= max(epsilon_2, rms(w)) · min(lr, 1 / sqrt(t)) · u / max(1, rms(u) / clip_threshold)
 *
 * The rate never passes 1 / sqrt(t), whatever relative_step says; Keras writes it, so it is read. */
#include <math.h>

#include "dnn/optim/schedule.h"

typedef struct adafactor {
    dnn_component learning_rate;
    double beta_2_decay, epsilon_1, epsilon_2, clip_threshold;
    bool relative_step;
} adafactor;

static const dnn_param params[] = {
    DNN_COMPONENT(adafactor, learning_rate, &dnn_schedules, "0.001", "largest relative step: a number or a schedule"),
    DNN_REAL(adafactor, beta_2_decay, "-0.8", "<= 0", "how fast old squares lose weight: 1 - t^beta_2_decay of them is kept"),
    DNN_REAL(adafactor, epsilon_1, "1e-30", ">= 0", "added to the squares"),
    DNN_REAL(adafactor, epsilon_2, "0.001", ">= 0", "least root mean square of a tensor that steps are measured by"),
    DNN_REAL(adafactor, clip_threshold, "1", "> 0", "largest root mean square of a tensor's direction"),
    DNN_BOOL(adafactor, relative_step, "true", "changes nothing, as in Keras: the rate is at most 1 / sqrt(t) either way"),
};

/* Vectors of the layout of the weights; of the first two only as many places are used as there are rows and columns. */
enum { ROWS, COLUMNS, VELOCITY, SLOTS };

static size_t slots(const void *p)
{
    (void)p;
    return SLOTS;
}

static const char *slot_name(const void *p, size_t slot)
{
    static const char *const names[SLOTS] = { "rows", "columns", "velocity" };
    (void)p;
    return names[slot];
}

static double square(const adafactor *o, float g) { return (double)g * (double)g + o->epsilon_1; }

static double mean(const float *x, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i];
    return sum / (double)n;
}

/* v of one matrix [rows, columns] from the means of its rows and columns. */
static void factored(const adafactor *o, double keep, size_t rows, size_t columns, const float *g, float *r, float *c, float *v)
{
    for (size_t i = 0; i < rows; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < columns; j++) sum += square(o, g[i * columns + j]);
        r[i] = (float)(keep * (double)r[i] + (1.0 - keep) * sum / (double)columns);
    }
    for (size_t j = 0; j < columns; j++) {
        double sum = 0.0;
        for (size_t i = 0; i < rows; i++) sum += square(o, g[i * columns + j]);
        c[j] = (float)(keep * (double)c[j] + (1.0 - keep) * sum / (double)rows);
    }
    const double all = mean(r, rows);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) v[i * columns + j] = (float)((double)r[i] / all * (double)c[j]);
}

static void direction(const void *p, const dnn_update *u, const dnn_shape *shape, float *g)
{
    const adafactor *o = p;
    const double keep = 1.0 - pow((double)u->t, o->beta_2_decay);
    float *v = u->slot[VELOCITY];
    if (shape->rank < 2) {
        for (size_t i = 0; i < u->n; i++) v[i] = (float)(keep * (double)v[i] + (1.0 - keep) * square(o, g[i]));
    } else {
        const size_t rows = shape->dim[shape->rank - 2], columns = shape->dim[shape->rank - 1];
        for (size_t m = 0; m < u->n / (rows * columns); m++)
            factored(o, keep, rows, columns, g + m * rows * columns, u->slot[ROWS] + m * rows, u->slot[COLUMNS] + m * columns,
                     v + m * rows * columns);
    }
    for (size_t i = 0; i < u->n; i++) g[i] /= sqrtf(v[i]);
}

static void update(const void *p, const dnn_update *u)
{
    const adafactor *o = p;
    const double root = sqrt((double)u->length), size = u->w_norm / root, way = u->g_norm / root / o->clip_threshold;
    const double rate = fmin(u->learning_rate, 1.0 / sqrt((double)u->t)) * (size < o->epsilon_2 ? o->epsilon_2 : size);
    const float step = (float)(way > 1.0 ? rate / way : rate), *restrict g = u->g;
    float *restrict w = u->w;
    for (size_t i = 0; i < u->n; i++) w[i] -= step * g[i];
}

/* v of a matrix: mean of its row times mean of its column over the mean of all. */
static void serial_matrix(const adafactor *o, double keep, size_t rows, size_t columns, double *g, double *r, double *c, double *v)
{
    double all = 0.0;
    for (size_t i = 0; i < rows; i++) r[i] *= keep;
    for (size_t j = 0; j < columns; j++) c[j] *= keep;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            const double s = (1.0 - keep) * (g[i * columns + j] * g[i * columns + j] + o->epsilon_1);
            r[i] += s / (double)columns;
            c[j] += s / (double)rows;
        }
    for (size_t i = 0; i < rows; i++) all += r[i] / (double)rows;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) v[i * columns + j] = r[i] * c[j] / all;
}

static void serial(const void *p, const dnn_serial_update *u)
{
    const adafactor *o = p;
    const double t = (double)u->t, keep = 1.0 - pow(t, o->beta_2_decay), n = (double)u->n;
    double *v = u->slot[VELOCITY], weights = 0.0, way = 0.0;
    const size_t rank = u->shape->rank, rows = rank < 2 ? 1 : u->shape->dim[rank - 2], columns = rank < 2 ? 1 : u->shape->dim[rank - 1];
    for (size_t i = 0; i < u->n && rank < 2; i++) v[i] = keep * v[i] + (1.0 - keep) * (u->g[i] * u->g[i] + o->epsilon_1);
    for (size_t m = 0; m < u->n / (rows * columns) && rank >= 2; m++)
        serial_matrix(o, keep, rows, columns, u->g + m * rows * columns, u->slot[ROWS] + m * rows, u->slot[COLUMNS] + m * columns,
                      v + m * rows * columns);
    for (size_t i = 0; i < u->n; i++) {
        u->g[i] /= sqrt(v[i]);
        weights += u->w[i] * u->w[i];
        way += u->g[i] * u->g[i];
    }
    const double rate = fmin(u->learning_rate, 1.0 / sqrt(t)) * fmax(o->epsilon_2, sqrt(weights / n));
    for (size_t i = 0; i < u->n; i++) u->w[i] -= rate * u->g[i] / fmax(1.0, sqrt(way / n) / o->clip_threshold);
}

const dnn_optimizer_kind dnn_optimizer_adafactor = {
    .kind = { .name = "adafactor", .help = "relative steps from squares kept by row and column (Shazeer and Stern 2018)",
              .params_size = sizeof(adafactor), DNN_PARAMS(params), .keras = "Adafactor" },
    .slots = slots, .slot_name = slot_name, .slots_by_weight = true, .wants_norms = true, .tensor_direction = direction, .update = update, .serial = serial,
};
