#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"
#include "dnn/io/file.h"
#include "train/loop/trainer.h"

static dnn_status append_text(char **all, const char *more)
{
    char *joined = dnn_format("%s%s", *all, more);
    dnn_free(*all);
    *all = joined;
    return joined ? DNN_OK : DNN_E_MEMORY;
}

static dnn_status traces_of_rank(const trainer *t, char **text)
{
    dnn_status st = (*text = dnn_strdup("")) ? DNN_OK : DNN_E_MEMORY;
    for (int i = 0; i < t->run.n_workers && st == DNN_OK; i++) {
        char *one = trace_text(&t->run.workers[i].trace, dnn_comm_rank(t->comm), dnn_comm_host(t->comm), t->run.workers[i].index);
        st = one ? append_text(text, one) : DNN_E_MEMORY;
        dnn_free(one);
    }
    return st;
}

/* All ranks' events one after the other into trace.json; what is said at the end of a run that failed as well. Collective. */
dnn_status trace_file_write(trainer *t)
{
    char *all = dnn_strdup("{\"traceEvents\":[\n");
    dnn_status st = dnn_agree(t->comm, all ? DNN_OK : DNN_E_MEMORY);
    for (int rank = 0; rank < dnn_comm_size(t->comm) && st == DNN_OK; rank++) {
        void *text = NULL;
        size_t length = 0;
        if (rank == dnn_comm_rank(t->comm)) st = traces_of_rank(t, (char **)&text);
        st = dnn_agree(t->comm, st);
        length = text ? strlen(text) : 0;
        if (st == DNN_OK) st = dnn_comm_broadcast_block(t->comm, &text, &length, rank);
        if (st == DNN_OK && dnn_comm_rank(t->comm) == 0) st = append_text(&all, text);
        st = dnn_agree(t->comm, st);
        dnn_free(text);
    }
    if (st == DNN_OK && dnn_comm_rank(t->comm) == 0) {
        char *whole = dnn_format("%s{}]}\n", all), *path = run_folder_file(&t->folder, "trace.json");
        st = whole && path ? dnn_file_write(path, whole, strlen(whole)) : DNN_E_MEMORY;
        dnn_free(whole);
        dnn_free(path);
    }
    dnn_free(all);
    return dnn_agree(t->comm, st);
}
