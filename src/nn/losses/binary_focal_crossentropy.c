/* (1 - p)^gamma times the binary cross-entropy, where p = t y + (1 - t)(1 - y) is the probability given to the target; with
 * apply_class_balancing times t alpha + (1 - t)(1 - alpha) as well; mean over the last axis (Lin et al. 2017, "Focal loss for dense
 * object detection", equations 4 and 5). label_smoothing s: t (1 - s) + s / 2. */
#include "dnn/math/vector.h"
#include "nn/losses/losses.h"

typedef struct binary_focal_crossentropy {
    bool apply_class_balancing;
    double alpha, gamma;
    bool from_logits;
    double label_smoothing;
} binary_focal_crossentropy;

static const dnn_param params[] = {
    DNN_BOOL(binary_focal_crossentropy, apply_class_balancing, "false", "weigh the two classes by alpha"),
    DNN_REAL(binary_focal_crossentropy, alpha, "0.25", "[0, 1]", "weight of class 1; that of class 0 is 1 - alpha"),
    DNN_REAL(binary_focal_crossentropy, gamma, "2", ">= 0", "how strongly rows that are right already count less"),
    DNN_BOOL(binary_focal_crossentropy, from_logits, "false", "outputs are what a sigmoid would be computed from"),
    DNN_REAL(binary_focal_crossentropy, label_smoothing, "0", "[0, 1]", "how far targets are moved towards 1/2"),
};

static element of(const void *q, real out, real target)
{
    const binary_focal_crossentropy *f = q;
    const double y = f->from_logits ? (double)dnn_sigmoid(out) : (double)out, low = LOSS_EPSILON, high = 1 - LOSS_EPSILON;
    const double t = (double)target * (1 - f->label_smoothing) + f->label_smoothing / 2;
    const double p = y < low ? low : y > high ? high : y;
    const double entropy = -t * log(p) - (1 - t) * log(1 - p), entropy_slope = p == y ? (1 - t) / (1 - p) - t / p : 0;
    const double missing = 1 - (t * y + (1 - t) * (1 - y)), factor = pow(missing, f->gamma);
    const double factor_slope = f->gamma == 0 ? 0 : f->gamma * pow(missing, f->gamma - 1) * (1 - 2 * t);
    const double balance = f->apply_class_balancing ? t * f->alpha + (1 - t) * (1 - f->alpha) : 1;
    const double slope = balance * (factor_slope * entropy + factor * entropy_slope);
    return (element){ (real)(balance * factor * entropy), (real)(f->from_logits ? slope * (y * (1 - y)) : slope) };
}

ELEMENT_LOSS_EVAL(of)

const dnn_loss_kind dnn_loss_binary_focal_crossentropy = {
    .kind = { .name = "binary_focal_crossentropy", .help = "binary cross-entropy times (1 - p)^gamma, p given to the target (Lin et al. 2017)",
              .params_size = sizeof(binary_focal_crossentropy), DNN_PARAMS(params), .keras = "BinaryFocalCrossentropy" },
    .target = DNN_TARGET_VALUES, .probabilities = true, .eval = eval,
};
