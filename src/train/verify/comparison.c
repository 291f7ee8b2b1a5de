#include "train/verify/comparison.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"

/* A wobble of all weights and inputs by 4 units in the last place changes results about as much as rounding on the way does, a few times more in nets that
 * amplify; hence the factor. The least: a sum or two of floats, for what does not depend on the wobbled numbers at all. */
static const double responses = 8.0, least = 16.0 * (double)FLT_EPSILON;

dnn_status comparison_create(size_t room, comparison *c)
{
    *c = (comparison){ .lines = dnn_alloc(room + 1, sizeof *c->lines), .room = room };
    return c->lines ? DNN_OK : DNN_E_MEMORY;
}

void comparison_destroy(comparison *c)
{
    dnn_free(c->lines);
    *c = (comparison){ 0 };
}

size_t comparison_line_of(comparison *c, const char *quantity, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->lines[i].shown.quantity, quantity) == 0 && strcmp(c->lines[i].shown.name, name) == 0) return i;
    DNN_ASSERT(c->count < c->room);
    c->lines[c->count].shown = (dnn_verify_line){ .quantity = quantity, .name = name, .agrees = true };
    return c->count++;
}

void comparison_begin_step(comparison *c, uint64_t step)
{
    c->step = step;
    for (size_t i = 0; i < c->count; i++) c->lines[i].largest = 0.0;
}

static double magnitude(size_t n, const double *v)
{
    double largest = 0.0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(v[i]));
    return largest;
}

void comparison_wobble(comparison *c, size_t line, size_t n, const double *reference, const double *wobbled)
{
    for (size_t i = 0; i < n; i++) c->lines[line].largest = fmax(c->lines[line].largest, fabs(wobbled[i] - reference[i]));
}

void comparison_allow(comparison *c, size_t line, double rounding) { c->lines[line].largest = fmax(c->lines[line].largest, rounding / responses); }

/* The step to show is the first at which the line differs; where it never does, that of the largest part of what may be. */
static void note(comparison *c, size_t line, size_t n, double difference, double scale, uint64_t at)
{
    comparison_line *l = &c->lines[line];
    dnn_verify_line *s = &l->shown;
    const double unit = scale > 0.0 ? scale : 1.0, tolerance = responses * l->largest / unit + least, relative = difference / unit;
    s->elements = n;
    if (s->step && (!s->agrees || s->relative / s->tolerance >= relative / tolerance)) return;
    s->step = c->step;
    s->relative = relative;
    s->ulp = difference / ((double)FLT_EPSILON * exp2(floor(log2(unit))));
    s->tolerance = tolerance;
    s->at_value = at;
    s->agrees = relative <= tolerance;
}

void comparison_doubles(comparison *c, size_t line, size_t n, const double *engine, const double *reference, double scale)
{
    double worst = 0.0;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(engine[i]) && isnan(reference[i])) continue; /* a metric of no rows */
        const double d = fabs(engine[i] - reference[i]);
        if (d > worst || isnan(d)) worst = isnan(d) ? INFINITY : d, at = i;
    }
    note(c, line, n, worst, scale > 0.0 ? scale : magnitude(n, reference), at);
}

void comparison_floats(comparison *c, size_t line, size_t n, const float *engine, const double *reference)
{
    double worst = 0.0;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = fabs((double)engine[i] - reference[i]);
        if (d > worst || isnan(d)) worst = isnan(d) ? INFINITY : d, at = i;
    }
    note(c, line, n, worst, magnitude(n, reference), at);
}

static void note_bits(comparison *c, size_t line, size_t n, double between, uint64_t at)
{
    dnn_verify_line *s = &c->lines[line].shown;
    s->exact = true;
    s->elements = n;
    if (between == 0.0 || (!s->agrees && s->step < c->step)) return;
    s->bits = between;
    s->agrees = false;
    s->at_value = at;
    s->step = c->step;
}

/* Numbers between two of the same type, counted on the line of all of them. */
static double between_floats(float a, float b)
{
    int32_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    const int64_t i = x < 0 ? (int64_t)INT32_MIN - x : x, j = y < 0 ? (int64_t)INT32_MIN - y : y;
    return x == y ? 0.0 : fmax(1.0, (double)(i > j ? i - j : j - i));
}

static double between_doubles(double a, double b)
{
    if (memcmp(&a, &b, sizeof a) == 0) return 0.0;
    return isfinite(a) && isfinite(b) && b != 0.0 ? fmax(1.0, fabs(a - b) / (DBL_EPSILON * fabs(b))) : INFINITY;
}

void comparison_bits_floats(comparison *c, size_t line, size_t n, const float *engine, const float *alone)
{
    double worst = 0.0;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = between_floats(engine[i], alone[i]);
        if (d > worst) worst = d, at = i;
    }
    note_bits(c, line, n, worst, at);
}

void comparison_bits_doubles(comparison *c, size_t line, size_t n, const double *engine, const double *alone)
{
    double worst = 0.0;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = between_doubles(engine[i], alone[i]);
        if (d > worst) worst = d, at = i;
    }
    note_bits(c, line, n, worst, at);
}

void comparison_verdict(comparison *c, size_t line, bool agrees)
{
    dnn_verify_line *s = &c->lines[line].shown;
    if (!s->step || (!agrees && s->agrees)) s->step = c->step;
    s->agrees &= agrees;
    s->elements = 1;
}

const dnn_verify_line *comparison_first(const comparison *c)
{
    const dnn_verify_line *first = NULL;
    for (size_t i = 0; i < c->count; i++) {
        const dnn_verify_line *l = &c->lines[i].shown;
        if (!l->agrees && (!first || l->step < first->step)) first = l;
    }
    return first;
}
