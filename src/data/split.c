/* Test and validation parts cut from the source's training rows. Each row gets a part; the lists follow in cutting
 * order. */
#include <math.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/random.h"
#include "data/split.h"

/* Rows, or the floor of a share; a product such as 0.29 * 100 means 29 although its double lies just below. */
static dnn_status rows_of(const dnn_node *node, const char *key, uint64_t n, uint64_t *rows)
{
    *rows = 0;
    if (node == NULL || node->type == DNN_NODE_NULL) return DNN_OK;
    if (node->type == DNN_NODE_INT && node->integer >= 0) {
        *rows = (uint64_t)node->integer;
        return DNN_OK;
    }
    if (node->type != DNN_NODE_REAL || !(node->real >= 0.0 && node->real < 1.0)) {
        char text[64];
        return dnn_node_fail(DNN_E_CONFIG, node,
                             "data.split.%s = %s: must be a number of rows, or a fraction in [0, 1)", key,
                             dnn_node_describe(node, text, sizeof text));
    }
    const double exact = node->real * (double)n, near = nearbyint(exact);
    *rows = (uint64_t)(fabs(exact - near) <= 1e-9 * fmax(1.0, exact) ? near : floor(exact));
    return DNN_OK;
}

/* The training part gets what the others leave; a `train` beside them must say the same: shares 0.98, 0.01 and 0.01, or rows. */
static dnn_status check_train(const dnn_split_config *config, uint64_t n, const uint64_t size[DNN_PARTS])
{
    const dnn_node *const nodes[] = {config->train, config->validation, config->test};
    const uint64_t rest = n - size[DNN_VALIDATION] - size[DNN_TEST];
    double share = 0.0;
    bool shares = true;
    uint64_t rows;
    if (config->train == NULL || config->train->type == DNN_NODE_NULL) return DNN_OK;
    dnn_status st = rows_of(config->train, "train", n, &rows);
    for (size_t i = 0; i < 3; i++) {
        if (nodes[i] == NULL || nodes[i]->type == DNN_NODE_NULL) continue;
        shares = shares && nodes[i]->type == DNN_NODE_REAL;
        share += nodes[i]->real;
    }
    if (st == DNN_OK && shares && fabs(share - 1.0) > 1e-9)
        st = dnn_node_fail(DNN_E_CONFIG, config->train, "data.split: the shares of train, validation and test sum to %.10g: must be 1; left out, train gets the rest", share);
    if (st == DNN_OK && !shares && rows != rest && !(config->train->type == DNN_NODE_REAL && rows + 1 == rest))
        st = dnn_node_fail(DNN_E_CONFIG, config->train, "data.split.train: %llu rows, but validation and test leave %llu of %llu; left out, train gets them",
                           (unsigned long long)rows, (unsigned long long)rest, (unsigned long long)n);
    return st;
}

static dnn_status sizes(const dnn_dataset *ds, const dnn_split_config *config, uint64_t size[DNN_PARTS])
{
    static const char *const keys[] = {[DNN_VALIDATION] = "validation", [DNN_TEST] = "test"};
    const dnn_node *const nodes[] = {[DNN_VALIDATION] = config->validation, [DNN_TEST] = config->test};
    const uint64_t *const brought = ds->plan.source.rows;
    for (int part = DNN_VALIDATION; part <= DNN_TEST; part++) {
        const dnn_status st = rows_of(nodes[part], keys[part], brought[DNN_TRAIN], &size[part]);
        if (st != DNN_OK) return st;
        if (size[part] > 0 && brought[part] > 0)
            return dnn_node_fail(DNN_E_CONFIG, nodes[part], "data.split.%s: %s brings a %s part of its own (%llu rows)",
                                 keys[part], ds->plan.kind, keys[part], (unsigned long long)brought[part]);
    }
    const uint64_t n = brought[DNN_TRAIN], v = size[DNN_VALIDATION], t = size[DNN_TEST];
    if (v + t > 0 && (v >= n || t >= n || v + t >= n))
        return dnn_node_fail(DNN_E_CONFIG, v > 0 ? nodes[DNN_VALIDATION] : nodes[DNN_TEST],
                             "data.split: %llu validation and %llu test rows leave nothing of the %llu training rows",
                             (unsigned long long)v, (unsigned long long)t, (unsigned long long)n);
    return check_train(config, n, size);
}

static void order_rows(dnn_cutting *c, uint64_t seed)
{
    const dnn_stream stream = {.seed = seed, .purpose = DNN_FOR_SPLIT};
    for (uint64_t i = 0; i < c->n; i++)
        c->order[i] = c->first + (c->config->shuffle ? dnn_shuffle_at(&stream, 0, c->n, i) : i);
}

/* Rows of `part` that each class gives: the share of those still free rounded down, what is missing going to the
 * largest remainders. */
static dnn_status quotas(const dnn_cutting *c, uint64_t size, uint64_t *quota)
{
    uint64_t *free = dnn_alloc(c->classes, sizeof *free), all = 0, given = 0;
    double *rest = dnn_alloc(c->classes, sizeof *rest);
    const bool room = free != NULL && rest != NULL;
    if (room) {
        for (uint64_t i = 0; i < c->n; i++)
            if (dnn_cutting_free(c, i)) free[dnn_cutting_class(c, i)]++, all++;
        for (uint64_t k = 0; k < c->classes; k++) {
            const double exact = (double)size * (double)free[k] / (double)all;
            quota[k] = (uint64_t)floor(exact);
            rest[k] = exact - floor(exact);
            given += quota[k];
        }
        for (; given < size; given++) {
            uint64_t best = c->classes;
            for (uint64_t k = 0; k < c->classes; k++)
                if (quota[k] < free[k] && (best == c->classes || rest[k] > rest[best])) best = k;
            quota[best]++;
            rest[best] -= 1.0;
        }
    }
    dnn_free(free);
    dnn_free(rest);
    return room ? DNN_OK : DNN_E_MEMORY;
}

static dnn_status check_enough(const dnn_cutting *c, dnn_part part, uint64_t size)
{
    uint64_t free = 0;
    for (uint64_t i = 0; i < c->n; i++) free += dnn_cutting_free(c, i);
    if (free >= size) return DNN_OK;
    return dnn_fail(DNN_E_CONFIG, "data.split.by: %llu rows are marked and not in the test part, fewer than the %llu of the %s part",
                    (unsigned long long)free, (unsigned long long)size, part == DNN_TEST ? "test" : "validation");
}

/* Takes free positions from the chosen end until each class, or the part, is full. */
static dnn_status take(dnn_cutting *c, dnn_part part, uint64_t size)
{
    uint64_t *quota = dnn_alloc(c->classes, sizeof *quota), taken = 0;
    dnn_status st = quota == NULL ? DNN_E_MEMORY : check_enough(c, part, size);
    if (st == DNN_OK && c->config->stratify) st = quotas(c, size, quota);
    for (uint64_t i = 0; i < c->n && taken < size && st == DNN_OK; i++) {
        const uint64_t position = dnn_cutting_position(c, i);
        if (!dnn_cutting_free(c, position)) continue;
        if (c->config->stratify) {
            uint64_t *const left = &quota[dnn_cutting_class(c, position)];
            if (*left == 0) continue;
            (*left)--;
        }
        c->part[position] = (uint8_t)part;
        taken++;
    }
    dnn_free(quota);
    return st;
}

static dnn_status list_part(const dnn_cutting *c, dnn_part part, dnn_choice *choice)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < c->n; i++) count += c->part[i] == part;
    dnn_free(choice->list);
    *choice = (dnn_choice){.count = 0, .list = dnn_alloc(count, sizeof *choice->list)};
    if (choice->list == NULL) return DNN_E_MEMORY;
    for (uint64_t i = 0; i < c->n; i++)
        if (c->part[i] == part) choice->list[choice->count++] = c->order[i];
    bool run = count > 0;
    for (uint64_t i = 1; i < count && run; i++) run = choice->list[i] == choice->list[i - 1] + 1;
    if (run) {
        choice->first = choice->list[0];
        dnn_free(choice->list);
        choice->list = NULL;
    }
    return DNN_OK;
}

dnn_status dnn_split(const dnn_dataset *ds, const dnn_split_config *config, const dnn_source_info *info, uint64_t seed,
                     dnn_choices *choices)
{
    const dnn_plan *const plan = &ds->plan;
    for (int part = 0; part < DNN_PARTS; part++)
        choices->at[part] = (dnn_choice){.first = plan->start[part], .count = info->rows[part]};
    if (config->file != NULL) return dnn_split_by_file(ds, config, info, choices);
    uint64_t size[DNN_PARTS] = {0};
    dnn_status st = sizes(ds, config, size);
    const bool folds = !isnan(config->folds) || !isnan(config->fold), by = config->by != NULL && config->by->type != DNN_NODE_NULL;
    if (st == DNN_OK) st = dnn_folds_check(config);
    if (st == DNN_OK && folds && info->rows[DNN_VALIDATION] > 0)
        st = dnn_fail(DNN_E_CONFIG, "data.split.folds: %s brings a validation part of its own", plan->kind);
    if (st != DNN_OK || (!folds && size[DNN_VALIDATION] + size[DNN_TEST] == 0)) return st;
    if (config->stratify && (plan->n_targets == 0 || !plan->targets[0].info.labels))
        return dnn_fail(DNN_E_CONFIG, "data.split.stratify: needs labels%s%s",
                        plan->n_targets ? "; " : ", the source brings no targets",
                        plan->n_targets ? plan->targets[0].info.not_labels : "");
    dnn_cutting c = {.ds = ds, .config = config, .n = info->rows[DNN_TRAIN], .first = plan->start[DNN_TRAIN]};
    c.classes = config->stratify ? plan->targets[0].info.classes : 1;
    c.order = dnn_alloc(c.n, sizeof *c.order);
    c.part = dnn_alloc(c.n, sizeof *c.part);
    if (c.order == NULL || c.part == NULL) st = DNN_E_MEMORY;
    if (st == DNN_OK) order_rows(&c, seed);
    if (st == DNN_OK && by) st = dnn_split_target(&c, info);
    if (st == DNN_OK && size[DNN_TEST] > 0) st = take(&c, DNN_TEST, size[DNN_TEST]);
    if (st == DNN_OK && size[DNN_VALIDATION] > 0) st = take(&c, DNN_VALIDATION, size[DNN_VALIDATION]);
    if (st == DNN_OK && folds) st = dnn_folds_take(&c);
    for (int part = 0; part < DNN_PARTS && st == DNN_OK; part++)
        if (part == DNN_TRAIN || size[part] > 0 || (part == DNN_VALIDATION && folds)) st = list_part(&c, (dnn_part)part, &choices->at[part]);
    dnn_free(c.order);
    dnn_free(c.part);
    dnn_free(c.target);
    return st;
}
