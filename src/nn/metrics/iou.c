/* Intersection over union of what was called a class and what is of it: tp / (tp + fp + fn), the mean over classes of which there was any, as in Keras
 * with 1e-7 in each denominator.
 *
 * State: weight of each true class (down) by the class called (across). */
#include <math.h>

#include "nn/metrics/metrics.h"

typedef struct iou { dnn_numbers target_class_ids; size_t num_classes; double ignore_class, threshold; bool sparse_y_true, sparse_y_pred; } iou;

#define EPSILON 1e-7
#define CLASSES DNN_SIZE(iou, num_classes, NULL, ">= 2", "how many classes there are")
#define IGNORED DNN_REAL(iou, ignore_class, "null", NULL, "rows of this class are left out")
#define SPARSE_TRUE DNN_BOOL(iou, sparse_y_true, "true", "targets are numbers of classes; false: the largest of a row names it")
#define SPARSE_CALLED DNN_BOOL(iou, sparse_y_pred, "true", "outputs are numbers of classes; false: the largest of a row names it")
#define IDS(preset, help) DNN_NUMBERS(iou, target_class_ids, preset, ">= 0", help)

static const dnn_param iou_params[] = { CLASSES, IDS(NULL, "classes whose mean is wanted"), IGNORED, SPARSE_TRUE, SPARSE_CALLED };
static const dnn_param mean_iou_params[] = { CLASSES, IGNORED, SPARSE_TRUE, SPARSE_CALLED };
static const dnn_param one_hot_iou_params[] = { CLASSES, IDS(NULL, "classes whose mean is wanted"), IGNORED,
                                                DNN_BOOL(iou, sparse_y_pred, "false", "outputs are numbers of classes; false: the largest names it") };
static const dnn_param one_hot_mean_iou_params[] = { CLASSES, IGNORED,
                                                     DNN_BOOL(iou, sparse_y_pred, "false", "outputs are numbers of classes; false: the largest names it") };
static const dnn_param binary_iou_params[] = {
    { .key = "target_class_ids", .type = DNN_PARAM_NUMBERS, .offset = offsetof(iou, target_class_ids), .preset = "[0, 1]", .range = ">= 0",
      .help = "classes whose mean is wanted: [0], [1] or both" },
    DNN_REAL(iou, threshold, "0.5", NULL, "outputs from it on are class 1"),
};

/* The binary one has no number of classes. */
static size_t classes(const iou *c) { return c->num_classes ? c->num_classes : 2; }

static size_t state_size(const void *q, size_t units)
{
    (void)units;
    return classes(q) * classes(q);
}

/* Outputs that are numbers stand beside targets that are. */
static bool accepts(const void *q, dnn_target target, size_t units)
{
    const iou *c = q;
    return (c->num_classes && !c->sparse_y_pred) || metric_wants_values(q, target, units);
}

static dnn_status check(const void *q, size_t units)
{
    const iou *c = q;
    const bool rows = c->num_classes && !c->sparse_y_pred;
    if (classes(c) > 1024) return dnn_fail(DNN_E_CONFIG, "num_classes = %zu: at most 1024", classes(c));
    for (size_t i = 0; i < c->target_class_ids.count; i++) {
        const double id = c->target_class_ids.at[i];
        if (id != floor(id) || id >= (double)classes(c))
            return dnn_fail(DNN_E_CONFIG, "target_class_ids: %g: the classes are 0 … %zu", id, classes(c) - 1);
    }
    if (rows && units > classes(c)) return dnn_fail(DNN_E_CONFIG, "num_classes = %zu: the output has %zu units", classes(c), units);
    return DNN_OK;
}

/* Of a number its class; without one as many as there are. */
static size_t class_of(const iou *c, double value)
{
    return value > -1 && value < (double)classes(c) ? (size_t)fmax(value, 0) : classes(c);
}

static void add(const iou *c, double truth, size_t is, size_t called, double weight, double *state)
{
    const size_t n = classes(c);
    if (c->num_classes && truth == c->ignore_class) return;
    if (is < n && called < n) state[is * n + called] += weight;
}

/* `one_hot`: targets are rows whose largest names the class. */
static void count(const iou *c, const dnn_loss_pass *p, dnn_target target, bool one_hot, double *state)
{
    const bool rows = c->num_classes && !c->sparse_y_pred;
    for (size_t r = 0; r < p->rows; r++) {
        const real *y = p->y + r * p->units;
        const double weight = metric_weight(p, r);
        const bool by_row = target == DNN_TARGET_CLASS || one_hot;
        const double row_truth = !by_row ? 0 : one_hot && target == DNN_TARGET_VALUES ? (double)metric_class(p, target, r) : (double)p->target[r];
        if (rows) {
            const double truth = by_row ? row_truth : (double)metric_class(p, target, r);
            add(c, truth, class_of(c, truth), metric_argmax(p->units, y), weight, state);
            continue;
        }
        for (size_t i = 0; i < p->units; i++) {
            const double truth = by_row ? row_truth : (double)p->target[r * p->units + i];
            const size_t called = c->num_classes ? class_of(c, (double)y[i]) : y[i] >= (real)c->threshold;
            add(c, truth, class_of(c, truth), called, weight, state);
        }
    }
}

static void update(const void *q, const dnn_loss_pass *p, dnn_target target, double *state)
{
    const iou *c = q;
    count(c, p, target, c->num_classes && !c->sparse_y_true, state);
}

static void update_one_hot(const void *q, const dnn_loss_pass *p, dnn_target target, double *state) { count(q, p, target, true, state); }

/* tp / (tp + fp + fn) of a class; `there`: whether there was any. */
static double share_of(const iou *c, const double *state, size_t k, bool *there)
{
    const size_t n = classes(c);
    double all = -state[k * n + k];
    for (size_t i = 0; i < n; i++) all += state[k * n + i] + state[i * n + k];
    *there = all > 1e-9;
    return state[k * n + k] / (all + EPSILON);
}

static double result(const void *q, size_t units, const double *state)
{
    const iou *c = q;
    const size_t wanted = c->target_class_ids.count ? c->target_class_ids.count : classes(c);
    double sum = 0, count_there = 0, seen = 0;
    for (size_t i = 0; i < state_size(q, units); i++) seen += state[i];
    for (size_t i = 0; i < wanted; i++) {
        bool there;
        sum += share_of(c, state, c->target_class_ids.count ? (size_t)c->target_class_ids.at[i] : i, &there);
        count_there += there;
    }
    return seen == 0 ? NAN : sum / (count_there + EPSILON);
}

static size_t table_rows(const void *q, size_t units, size_t *columns)
{
    (void)units;
    *columns = 1;
    return classes(q);
}

static void table(const void *q, size_t units, const double *state, double *values)
{
    bool there;
    (void)units;
    for (size_t k = 0; k < classes(q); k++) values[k] = share_of(q, state, k, &there);
}

static dnn_status encode(const void *q, dnn_node *config)
{
    const double class = ((const iou *)q)->ignore_class;
    if (!dnn_node_find(config, "ignore_class")) return DNN_OK;
    return dnn_node_set(config, "ignore_class", isnan(class) ? dnn_node_null() : dnn_node_int((int64_t)class));
}

#define IOU(name_, keras_, update_, help_) \
    const dnn_metric_kind dnn_metric_##name_ = { \
        .kind = { .name = #name_, .help = help_, .params_size = sizeof(iou), DNN_PARAMS(name_##_params), .keras = keras_, .encode = encode }, \
        .larger_is_better = true, .accepts = accepts, .state = state_size, .check = check, .update = update_, .result = result, \
        .table_by = "class", .table_rows = table_rows, .table = table, \
    }
IOU(iou, "IoU", update, "intersection over union of classes, outputs being their numbers");
IOU(mean_iou, "MeanIoU", update, "mean intersection over union of all classes, outputs being their numbers");
IOU(one_hot_iou, "OneHotIoU", update_one_hot, "intersection over union of classes, the largest output of a row being one");
IOU(one_hot_mean_iou, "OneHotMeanIoU", update_one_hot, "mean intersection over union of all classes, the largest output of a row being one");
IOU(binary_iou, "BinaryIoU", update, "intersection over union of what lies below and above a threshold");
