/* A split somebody else has made: CSV with columns subset,row, in its order. */
#include <math.h>
#include <strings.h>

#include "dnn/base/memory.h"
#include "dnn/io/csv.h"
#include "data/inside.h"

enum { NOBODY = DNN_PARTS };

static dnn_status part_of(const dnn_csv *csv, size_t line, const char *subset, int *part)
{
    static const struct {
        const char *name;
        dnn_part part;
    } names[] = {
        {"train", DNN_TRAIN},      {"training", DNN_TRAIN}, {"validation", DNN_VALIDATION},
        {"valid", DNN_VALIDATION}, {"val", DNN_VALIDATION}, {"test", DNN_TEST},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(subset, names[i].name) == 0) {
            *part = names[i].part;
            return DNN_OK;
        }
    return dnn_fail(DNN_E_DATA, "%s:%d: subset '%s': must be train, validation (or valid) or test", csv->path,
                    csv->line[line], subset);
}

/* The row of the source that is row `number` of its file; false where the source has left it out. */
static bool row_numbered(const dnn_source_info *info, uint64_t number, uint64_t *row)
{
    *row = number;
    if (info->numbers == NULL) return true;
    uint64_t low = 0, high = info->rows[DNN_TRAIN];
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (info->numbers[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    *row = low;
    return low < info->rows[DNN_TRAIN] && info->numbers[low] == number;
}

static dnn_status read_rows(const dnn_csv *csv, const dnn_plan *plan, const dnn_source_info *info, uint8_t *owner,
                            dnn_choices *choices)
{
    size_t subset_column, row_column;
    dnn_status st = dnn_csv_column(csv, "subset", &subset_column);
    if (st == DNN_OK) st = dnn_csv_column(csv, "row", &row_column);
    const uint64_t rows = info->numbers != NULL ? info->file_rows : info->rows[DNN_TRAIN];
    for (size_t i = 0; i < csv->rows && st == DNN_OK; i++) {
        const char *const *const cell = csv->cell + i * csv->columns;
        int part = 0;
        double number = 0.0;
        uint64_t row;
        st = part_of(csv, i, cell[subset_column], &part);
        if (st != DNN_OK) break;
        if (!dnn_csv_number(cell[row_column], &number) || number < 0.0 || number != floor(number) ||
            number >= (double)rows)
            return dnn_fail(DNN_E_DATA,
                            "%s:%d: row '%s': must be a whole number from 0 to %llu, the training rows of %s",
                            csv->path, csv->line[i], cell[row_column], (unsigned long long)rows - 1, plan->kind);
        if (part != DNN_TRAIN && info->rows[part] > 0)
            return dnn_fail(DNN_E_CONFIG, "%s:%d: subset '%s': %s brings this part itself", csv->path, csv->line[i],
                            cell[subset_column], plan->kind);
        if (!row_numbered(info, (uint64_t)number, &row)) continue;
        if (owner[row] != NOBODY)
            return dnn_fail(DNN_E_DATA, "%s:%d: row %.0f is named twice", csv->path, csv->line[i], number);
        owner[row] = (uint8_t)part;
        dnn_choice *const choice = &choices->at[part];
        choice->list[choice->count++] = plan->start[DNN_TRAIN] + row;
    }
    return st;
}

dnn_status dnn_split_by_file(const dnn_dataset *ds, const dnn_split_config *config, const dnn_source_info *info,
                             dnn_choices *choices)
{
    if (config->validation != NULL || config->test != NULL || config->train != NULL || config->by != NULL || !isnan(config->folds) ||
        config->shuffle || config->stratify)
        return dnn_fail(DNN_E_CONFIG, "data.split.file: stands alone: take out train, validation, test, by, folds, shuffle and stratify");
    dnn_csv csv;
    dnn_status st = dnn_csv_read(config->file, &csv);
    if (st != DNN_OK) return dnn_fail_in(st, "data.split.file");
    const uint64_t n = info->rows[DNN_TRAIN];
    uint8_t *owner = dnn_alloc(n, sizeof *owner);
    if (owner == NULL) st = DNN_E_MEMORY;
    for (uint64_t i = 0; i < n && st == DNN_OK; i++) owner[i] = NOBODY;
    for (int part = 0; part < DNN_PARTS && st == DNN_OK; part++) {
        if (part != DNN_TRAIN && info->rows[part] > 0) continue;
        choices->at[part] = (dnn_choice){.list = dnn_alloc(n, sizeof(uint64_t))};
        if (choices->at[part].list == NULL) st = DNN_E_MEMORY;
    }
    if (st == DNN_OK) st = read_rows(&csv, &ds->plan, info, owner, choices);
    if (st == DNN_OK && choices->at[DNN_TRAIN].count == 0)
        st = dnn_fail(DNN_E_DATA, "%s: names no row for training", csv.path);
    dnn_free(owner);
    dnn_csv_clear(&csv);
    return st;
}
