/* Ticks at 1, 2 or 5 times a power of ten; on a logarithmic axis at the powers, and between them where there are few. */
#include "report/axis.h"

#include <math.h>

bool axis_shows(bool log, double value) { return isfinite(value) && (!log || value > 0.0); }

static void add(axis *a, double value, bool labelled)
{
    if (a->n_ticks == AXIS_TICKS || value < a->low || value > a->high) return;
    a->labelled[a->n_ticks] = labelled;
    a->ticks[a->n_ticks++] = value;
}

/* About six of them. */
static void linear_ticks(axis *a)
{
    const double rough = (a->high - a->low) / 6.0, power = pow(10.0, floor(log10(rough)));
    const double times = rough / power, step = power * (times < 1.5 ? 1.0 : times < 3.5 ? 2.0 : times < 7.5 ? 5.0 : 10.0);
    for (double i = ceil(a->low / step); i * step <= a->high && a->n_ticks < AXIS_TICKS; i++) add(a, i * step + 0.0, true);
}

static void log_ticks(axis *a)
{
    const double first = floor(log10(a->low)), last = ceil(log10(a->high));
    const double decades = log10(a->high / a->low), every = ceil(decades / 12.0);
    for (double p = first; p <= last; p++)
        for (int digit = 1; digit < 10; digit++) {
            const bool power = digit == 1 && fmod(p - first, every) == 0.0, some = decades < 2.0 && (digit == 2 || digit == 5);
            if (power || decades < 5.0) add(a, digit * pow(10.0, p), power || some);
        }
}

axis axis_make(bool log, double low, double high)
{
    axis a = { .log = log };
    if (low > high) low = high = 1.0;
    if (log) {
        const double room = low < high ? pow(high / low, 0.02) : 2.0;
        a.low = low / room;
        a.high = high * room;
        log_ticks(&a);
    } else {
        const double room = low < high ? (high - low) * 0.04 : fmax(fabs(low), 1.0) * 0.5;
        a.low = low - room;
        a.high = high + room;
        linear_ticks(&a);
    }
    return a;
}

double axis_share(const axis *a, double value)
{
    return a->log ? log(value / a->low) / log(a->high / a->low) : (value - a->low) / (a->high - a->low);
}
