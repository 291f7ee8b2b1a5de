#include "train/callbacks/monitored.h"

#include <math.h>

dnn_status monitored_begin(const dnn_component *component, const char *monitor, int mode, const char *const *names, size_t count, monitored *m)
{
    m->maximizes = dnn_callback_maximizes(monitor, mode);
    return dnn_callback_monitor(component, monitor, names, count, &m->index);
}

bool monitored_better(const monitored *m, double value, double than, double min_delta)
{
    const double least = fabs(min_delta);
    return m->maximizes ? (float)(value - least) > (float)than : (float)(value + least) < (float)than;
}

bool monitored_take(monitored *m, double value, double min_delta)
{
    if (!isfinite(value) || (m->any_best && !monitored_better(m, value, m->best, min_delta))) return false;
    m->any_best = true;
    m->best = value;
    return true;
}

dnn_status monitored_save(const monitored *m, dnn_node *map) { return m->any_best ? dnn_node_set(map, "best", dnn_node_real(m->best)) : DNN_OK; }

void monitored_load(const dnn_node *saved, monitored *m)
{
    const dnn_node *best = dnn_node_find(saved, "best");
    m->any_best = best != NULL;
    if (best) m->best = best->real;
}
