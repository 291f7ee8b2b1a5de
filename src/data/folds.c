/* k folds: the rows that no test part has taken, in cutting order, in K stretches whose lengths differ by one at most; one of them is the validation
 * part. Stratified: dealt out one by one, class after class, so that a class's rows differ by one at most from fold to fold as well. */
#include <math.h>

#include "dnn/base/memory.h"
#include "data/split.h"

dnn_status dnn_folds_check(const dnn_split_config *config)
{
    const double folds = config->folds, fold = config->fold;
    if (isnan(folds) && isnan(fold)) return DNN_OK;
    if (isnan(folds) || isnan(fold))
        return dnn_fail(DNN_E_CONFIG, "data.split.%s: needs data.split.%s, as in {folds: 5, fold: 0}", isnan(folds) ? "fold" : "folds",
                        isnan(folds) ? "folds" : "fold");
    if (folds != floor(folds)) return dnn_fail(DNN_E_CONFIG, "data.split.folds = %g: must be a whole number", folds);
    if (fold != floor(fold) || fold >= folds)
        return dnn_fail(DNN_E_CONFIG, "data.split.fold = %g: the %g folds are 0 to %g", fold, folds, folds - 1);
    if (config->validation != NULL || config->train != NULL)
        return dnn_fail(DNN_E_CONFIG, "data.split.folds: the fold is the validation part: take out %s", config->validation != NULL ? "validation" : "train");
    return DNN_OK;
}

/* starts [classes]: rank of each class's first free row when they stand class after class. */
static void rank_classes(const dnn_cutting *c, uint64_t *starts, uint64_t *all)
{
    *all = 0;
    for (uint64_t i = 0; i < c->n; i++)
        if (dnn_cutting_free(c, i)) starts[dnn_cutting_class(c, i)]++;
    for (uint64_t k = 0; k < c->classes; k++) {
        const uint64_t count = starts[k];
        starts[k] = *all;
        *all += count;
    }
}

/* Of `rank` among `all` in stretches, the first all % folds of which are longer by one. */
static uint64_t stretch_of(uint64_t rank, uint64_t all, uint64_t folds)
{
    const uint64_t length = all / folds, longer = all % folds;
    return rank < longer * (length + 1) ? rank / (length + 1) : longer + (rank - longer * (length + 1)) / length;
}

dnn_status dnn_folds_take(dnn_cutting *c)
{
    const uint64_t folds = (uint64_t)c->config->folds, fold = (uint64_t)c->config->fold;
    uint64_t *next = dnn_alloc(c->classes, sizeof *next), all = 0;
    if (next == NULL) return DNN_E_MEMORY;
    rank_classes(c, next, &all);
    dnn_status st = DNN_OK;
    if (all < folds)
        st = dnn_fail(DNN_E_CONFIG, "data.split.folds = %llu: there are %llu rows to make them of", (unsigned long long)folds, (unsigned long long)all);
    for (uint64_t i = 0; i < c->n && st == DNN_OK; i++) {
        const uint64_t position = dnn_cutting_position(c, i);
        if (!dnn_cutting_free(c, position)) continue;
        const uint64_t rank = next[dnn_cutting_class(c, position)]++;
        if ((c->config->stratify ? rank % folds : stretch_of(rank, all, folds)) == fold) c->part[position] = DNN_VALIDATION;
    }
    dnn_free(next);
    return st;
}
