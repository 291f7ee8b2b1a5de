/* `evaluate`: loss and metrics of a part, each sample counted exactly once at any number of ranks. */
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "train/apply/apply.h"
#include "train/loop/values.h"

static dnn_status collect(const application *a, const double *record, dnn_results *out)
{
    const size_t n = values_count(a->objective, a->graph), tables = dnn_objective_tables(a->objective);
    out->names = dnn_alloc(n, sizeof *out->names);
    out->values = dnn_alloc(n, sizeof *out->values);
    out->tables = dnn_alloc(tables, sizeof *out->tables);
    if (!out->names || !out->values || !out->tables) return DNN_E_MEMORY;
    out->count = n;
    out->n_tables = tables;
    for (size_t i = 0; i < n; i++) {
        out->names[i] = dnn_strdup(values_name(a->objective, a->graph, i));
        if (!out->names[i]) return DNN_E_MEMORY;
    }
    values_of(a->objective, a->graph, record, penalties_of_weights(a->graph, a->run.weights), out->values);
    out->samples = dnn_dataset_rows(a->dataset, a->part);
    out->part = a->part;
    return dnn_objective_fill_tables(a->objective, record, out->tables);
}

dnn_status dnn_evaluate(dnn_comm *comm, const dnn_apply_request *request, dnn_results *out)
{
    application a;
    *out = (dnn_results){ 0 };
    dnn_status st = application_open(comm, request, true, &a);
    if (st != DNN_OK) return st;
    part_pass pass = { .part = a.part, .targets = true };
    st = application_tell(&a, offsetof(dnn_callback_kind, test_begin), NULL, NULL, 0);
    if (st == DNN_OK) {
        evaluate_part(&a.run, &pass, NULL);
        st = dnn_agree(comm, collect(&a, a.run.workers[0].outcome, out));
    }
    if (st == DNN_OK) st = application_tell(&a, offsetof(dnn_callback_kind, test_end), (const char *const *)out->names, out->values, out->count);
    application_close(&a);
    if (st != DNN_OK) dnn_results_clear(out);
    return st;
}

void dnn_results_clear(dnn_results *results)
{
    for (size_t i = 0; i < results->count; i++) dnn_free(results->names[i]);
    dnn_free(results->names);
    dnn_free(results->values);
    dnn_objective_tables_clear(results->tables, results->n_tables);
    dnn_free(results->tables);
    *results = (dnn_results){ 0 };
}
