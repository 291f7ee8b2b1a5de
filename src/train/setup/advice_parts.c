/* Advice on the parts of the data: the validation part must be like the test part, and must not be it. Seen in the rows themselves, whatever way they
 * came there. */
#include <math.h>
#include <string.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "train/setup/advice.h"

enum { PIECE = 256, MOST_ROWS = 20000 };

/* Half a standard deviation between the means is Cohen's medium effect: more than two cuts of one source show, whatever their size. At five standard
 * errors chance is out of the question even among thousands of features. */
static const double far_apart = 0.5, beyond_chance = 5.0;

typedef struct moments { uint64_t rows; double *sum, *squares; } moments;

static bool take_moments(const dnn_dataset *ds, dnn_part part, size_t input, size_t units, moments *m)
{
    const uint64_t all = dnn_dataset_rows(ds, part);
    m->rows = all < MOST_ROWS ? all : MOST_ROWS;
    m->sum = dnn_alloc(units, sizeof *m->sum);
    m->squares = dnn_alloc(units, sizeof *m->squares);
    float *rows = dnn_alloc(PIECE * units, sizeof *rows);
    const bool good = m->sum && m->squares && rows;
    for (uint64_t first = 0; good && first < m->rows; first += PIECE) {
        uint64_t at[PIECE];
        const size_t n = m->rows - first < PIECE ? (size_t)(m->rows - first) : PIECE;
        for (size_t i = 0; i < n; i++) at[i] = first + i;
        dnn_dataset_gather_input(ds, part, at, n, input, rows);
        for (size_t i = 0; i < n; i++) {
            for (size_t u = 0; u < units; u++) {
                const double x = (double)rows[i * units + u];
                m->sum[u] += x;
                m->squares[u] += x * x;
            }
        }
    }
    dnn_free(rows);
    return good;
}

static double mean(const moments *m, size_t u) { return m->sum[u] / (double)m->rows; }

static double variance(const moments *m, size_t u) { return fmax(m->squares[u] / (double)m->rows - mean(m, u) * mean(m, u), 0.0); }

static void compare_means(const char *input, const moments *a, const moments *b, size_t units)
{
    size_t worst = 0, count = 0;
    double furthest = 0.0;
    for (size_t u = 0; u < units; u++) {
        const double va = variance(a, u), vb = variance(b, u), gap = fabs(mean(a, u) - mean(b, u));
        const double deviation = sqrt((va + vb) / 2.0), error = sqrt(va / (double)a->rows + vb / (double)b->rows);
        if (!(gap > beyond_chance * error) || !(gap > far_apart * deviation) || !(gap > 1e-6)) continue;
        count++;
        if (gap / fmax(deviation, 1e-9) > furthest) {
            furthest = gap / fmax(deviation, 1e-9);
            worst = u;
        }
    }
    if (count == 0) return;
    dnn_advise("the validation part is from another source than the test part: the mean of feature %zu of '%s' differs by %.1f standard deviations (%zu of %zu "
               "features differ much); what does well on one need not do well on the other: cut both from the same rows (data.split)", worst, input,
               furthest, count, units);
}

static bool same(const moments *a, const moments *b, size_t units)
{
    return memcmp(a->sum, b->sum, units * sizeof *a->sum) == 0 && memcmp(a->squares, b->squares, units * sizeof *a->squares) == 0;
}

void advise_parts(const dnn_dataset *ds, bool stops_early)
{
    const uint64_t validation = dnn_dataset_rows(ds, DNN_VALIDATION), test = dnn_dataset_rows(ds, DNN_TEST);
    if (stops_early && validation == 0) dnn_advise("early_stopping without a validation part: give data.split.validation");
    bool twice = validation > 0 && validation == test;
    for (size_t i = 0; i < dnn_dataset_inputs(ds) && validation > 1 && test > 1; i++) {
        const dnn_array_info *info = dnn_dataset_input(ds, i);
        const size_t units = dnn_shape_units(&info->shape);
        moments a = { 0 }, b = { 0 };
        if (take_moments(ds, DNN_VALIDATION, i, units, &a) && take_moments(ds, DNN_TEST, i, units, &b)) {
            compare_means(info->name, &a, &b, units);
            twice = twice && same(&a, &b, units);
        }
        dnn_free(a.sum);
        dnn_free(a.squares);
        dnn_free(b.sum);
        dnn_free(b.squares);
    }
    if (twice && validation > 1)
        dnn_advise("the validation part holds the rows of the test part: %s picks the model that does best on just these rows, and their error then says "
                   "too little; give data.split.validation rows of its own", stops_early ? "early_stopping on test data" : "what is chosen by it");
}
