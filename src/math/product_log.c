#include "dnn/math/product_log.h"

#include "dnn/base/memory.h"
#include "dnn/math/blas.h"
#include "math/products.h"

typedef struct dnn_product_entry {
    bool is_view;
    union {
        product plain;
        dnn_view_product view;
    };
} dnn_product_entry;

_Thread_local dnn_product_log *products_noted;

dnn_status dnn_product_log_create(size_t room, dnn_product_log *log)
{
    *log = (dnn_product_log){ .entries = dnn_alloc(room, sizeof *log->entries), .room = room };
    return log->entries ? DNN_OK : DNN_E_MEMORY;
}

void dnn_product_log_destroy(dnn_product_log *log)
{
    dnn_free(log->entries);
    *log = (dnn_product_log){ 0 };
}

void dnn_product_log_begin(dnn_product_log *log)
{
    log->count = 0;
    log->operations = 0;
    products_noted = log;
}

void dnn_product_log_end(void) { products_noted = NULL; }

static void note(const dnn_product_entry *entry, double operations)
{
    dnn_product_log *log = products_noted;
    if (log->count < log->room) log->entries[log->count] = *entry;
    log->count++;
    log->operations += operations;
}

void products_note(const product *p)
{
    note(&(dnn_product_entry){ .plain = *p }, 2.0 * (double)p->m * (double)p->n * (double)p->k);
}

void products_note_view(const dnn_view_product *p)
{
    note(&(dnn_product_entry){ .is_view = true, .view = *p }, 2.0 * (double)p->m * (double)p->n * (double)p->outer * (double)p->inner);
}

void dnn_product_log_run(const dnn_product_log *log)
{
    for (size_t i = 0; i < log->count && i < log->room; i++) {
        const dnn_product_entry *e = &log->entries[i];
        const product *p = &e->plain;
        if (e->is_view) dnn_view_product_run(&e->view);
        else dnn_gemm(p->trans_a, p->trans_b, p->m, p->n, p->k, p->alpha, p->a, p->lda, p->b, p->ldb, p->beta, p->c, p->ldc);
    }
}
