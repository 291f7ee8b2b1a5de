/* An axis of a chart: its range, where its ticks are, and where a value lies. Private to `report`. */
#ifndef DNN_REPORT_AXIS_H
#define DNN_REPORT_AXIS_H

#include <stdbool.h>
#include <stddef.h>

enum { AXIS_TICKS = 64 };

typedef struct axis {
    bool log;
    double low, high;                           /* of the range; low < high */
    double ticks[AXIS_TICKS]; size_t n_ticks;   /* ascending, within the range */
    bool labelled[AXIS_TICKS];
} axis;

/* Whether the axis has a place for it. */
bool axis_shows(bool log, double value);
/* For values from `low` to `high` (low > high: there are none), a little wider. */
axis axis_make(bool log, double low, double high);
/* Share of the way from low to high. */
double axis_share(const axis *a, double value);

#endif
