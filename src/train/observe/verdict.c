/* From the last diagnosis of a training to sentences. Thresholds are those at which a plain stack no longer learns as it could:
 * the spread that layers keep from the first to the last (Glorot and Bengio 2010), units that are silent for every row, and how
 * much of the activations still depends on the row: in deep networks of rectifiers all rows grow alike (Poole et al. 2016). */
#include <math.h>
#include <stdio.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "train/observe/diagnosis.h"

enum { FEWEST = 3, DEEP = 10 };  /* layers, below which there is no trend, or no even course, to tell of */
static const double far_apart = 100, uneven = 3, silent = 0.1, silent_layer = 0.5, alike = 0.2;

typedef struct layers {
    const diagnosis_line *line;
    const char *const *name;
    size_t at[2048], n;  /* hidden layers that learn, in order */
} layers;

static void choose(const diagnosis_line *lines, size_t n, layers *l)
{
    l->n = 0;
    for (size_t i = 0; i < n && l->n < sizeof l->at / sizeof *l->at; i++)
        if (lines[i].looked_at && lines[i].learns) l->at[l->n++] = i;
    if (l->n > 0) l->n--;  /* the output layer's spread is what the targets ask for */
}

static double log_mean(const layers *l, size_t from, size_t to, bool gradient)
{
    double sum = 0;
    for (size_t i = from; i < to; i++) sum += log(fmax(gradient ? l->line[l->at[i]].gradient : l->line[l->at[i]].sd, 1e-300));
    const double mean = exp(sum / (double)(to - from));
    return mean > 1e-290 ? mean : 0;
}

/* Means over the first and the last quarter, so that no single layer decides. */
static bool trend(const layers *l, bool gradient, double *first, double *last)
{
    const size_t quarter = l->n / 4 > 0 ? l->n / 4 : 1;
    if (l->n < FEWEST) return false;
    *first = log_mean(l, 0, quarter, gradient);
    *last = log_mean(l, l->n - quarter, l->n, gradient);
    return *first > *last * far_apart || *last > *first * far_apart;
}

static const char *first_name(const layers *l) { return l->name[l->at[0]]; }
static const char *last_name(const layers *l) { return l->name[l->at[l->n - 1]]; }

static bool tell_gradients(const layers *l, char *out)
{
    double first, last;
    if (!trend(l, true, &first, &last)) return false;
    if (first < last)
        snprintf(out, VERDICT_TEXT, "gradients vanish on their way to the front: norm %.2g around '%s', %.2g around '%s'; the front layers "
                 "hardly learn. What helps: he_normal with relu, lecun_normal with selu, batch normalization, skip connections",
                 last, last_name(l), first, first_name(l));
    else
        snprintf(out, VERDICT_TEXT, "gradients explode on their way to the front: norm %.2g around '%s', %.2g around '%s'. What helps: a smaller "
                 "start of the weights, batch normalization, global_clipnorm, a lower learning rate",
                 last, last_name(l), first, first_name(l));
    return true;
}

static bool tell_activations(const layers *l, char *out)
{
    double first, last;
    if (!trend(l, false, &first, &last)) return false;
    snprintf(out, VERDICT_TEXT, "activations %s from layer to layer: spread %.2g around '%s', %.2g around '%s'. What helps: he_normal with relu, "
             "lecun_normal with selu, batch normalization", first > last ? "vanish" : "explode", first, first_name(l), last, last_name(l));
    return true;
}

/* Neither up nor down, but here and there: products of many layers that do not keep the spread. */
static bool tell_uneven(const layers *l, char *out)
{
    double first, last;
    size_t least = 0, most = 0;
    if (l->n < DEEP || trend(l, false, &first, &last)) return false;
    for (size_t i = 1; i < l->n; i++) {
        if (l->line[l->at[i]].sd < l->line[l->at[least]].sd) least = i;
        if (l->line[l->at[i]].sd > l->line[l->at[most]].sd) most = i;
    }
    const double low = l->line[l->at[least]].sd, high = l->line[l->at[most]].sd;
    if (high <= low * uneven) return false;
    snprintf(out, VERDICT_TEXT, "activations do not keep their spread: %.2g in '%s', %.2g in '%s'. What helps: selu with lecun_normal and standardized "
             "inputs, batch normalization, skip connections", low, l->name[l->at[least]], high, l->name[l->at[most]]);
    return true;
}

static bool tell_dead(const layers *l, char *out)
{
    double sum = 0, most = 0;
    size_t worst = 0, many = 0;
    for (size_t i = 0; i < l->n; i++) {
        const double dead = l->line[l->at[i]].dead;
        sum += dead;
        many += dead >= silent_layer;
        if (dead > most) most = dead, worst = l->at[i];
    }
    if (l->n == 0 || (sum / (double)l->n < silent && many == 0)) return false;
    snprintf(out, VERDICT_TEXT, "dead units: %.0f %% on average are 0 for every row of the last batch, most in '%s' (%.0f %%). What helps: leaky_relu, elu or "
             "selu, a lower learning rate, batch normalization", 100 * sum / (double)l->n, l->name[worst], 100 * most);
    return true;
}

/* From where on, to the last hidden layer, rows are alike. */
static bool tell_alike(const layers *l, char *out)
{
    size_t from = l->n;
    while (from > 0 && l->line[l->at[from - 1]].between_rows < alike) from--;
    if (l->n < FEWEST || from == l->n) return false;
    snprintf(out, VERDICT_TEXT, "rows grow alike: from '%s' on at most %.0f %% of the variance of activations is between rows, in '%s' %.1f %%; the layers "
             "behind can hardly tell one row from another. What helps: selu with lecun_normal and standardized inputs, batch normalization, skip connections, fewer layers",
             l->name[l->at[from]], 100 * alike, last_name(l), 100 * l->line[l->at[l->n - 1]].between_rows);
    return true;
}

static void tell_health(const layers *l, char *out)
{
    double least = INFINITY, most = 0, weak = INFINITY, strong = 0;
    for (size_t i = 0; i < l->n; i++) {
        const diagnosis_line *line = &l->line[l->at[i]];
        least = fmin(least, line->sd), most = fmax(most, line->sd);
        weak = fmin(weak, line->gradient), strong = fmax(strong, line->gradient);
    }
    snprintf(out, VERDICT_TEXT, "activations keep their spread over %zu hidden layers (%.2g to %.2g), gradients reach the front (norms %.2g to %.2g), few units are dead",
             l->n, least, most, weak, strong);
}

size_t verdict_of(const diagnosis_line *lines, const char *const *names, size_t n, char out[VERDICT_LINES][VERDICT_TEXT], bool *healthy)
{
    static bool (*const tell[])(const layers *l, char *out) = { tell_activations, tell_uneven, tell_gradients, tell_alike, tell_dead };
    layers l = { .line = lines, .name = names };
    size_t told = 0;
    choose(lines, n, &l);
    for (size_t i = 0; i < sizeof tell / sizeof *tell; i++) told += tell[i](&l, out[told]);
    *healthy = told == 0;
    if (told == 0 && l.n >= FEWEST) tell_health(&l, out[told++]);
    return told;
}

void diagnosis_say(const runner *r)
{
    char lines[VERDICT_LINES][VERDICT_TEXT];
    bool healthy, any = false;
    if (!r->diagnosed) return;
    for (size_t i = 0; i < r->graph->n_layers; i++) any |= r->diagnosed[i].looked_at;
    const char **names = any ? dnn_alloc(r->graph->n_layers, sizeof *names) : NULL;
    if (!names) return;
    for (size_t i = 0; i < r->graph->n_layers; i++) names[i] = r->graph->layers[i].name;
    const size_t n = verdict_of(r->diagnosed, names, r->graph->n_layers, lines, &healthy);
    for (size_t i = 0; i < n; i++) {
        if (healthy) dnn_info("diagnosis: %s", lines[i]);
        else dnn_warn("diagnosis: %s", lines[i]);
    }
    dnn_free(names);
}
