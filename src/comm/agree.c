/* One failure, everybody's failure. */
#include <stdio.h>
#include <string.h>
#include "comm/ranks.h"
#include "dnn/comm/agree.h"

enum { TEXT = 1024 }; /* what dnn_fail keeps */

/* All ranks get the words of rank `speaker`, and whether each of them had just these. */
static bool share_text(dnn_comm *comm, int speaker, char text[TEXT])
{
    char own[TEXT];
    snprintf(own, sizeof own, "%s", dnn_fail_text());
    snprintf(text, TEXT, "%s", own);
    dnn_collective_begin("agree_text", TEXT);
    MPI_Bcast(text, TEXT, MPI_CHAR, speaker, comm->mpi);
    int differs = strcmp(text, own) != 0;
    MPI_Allreduce(MPI_IN_PLACE, &differs, 1, MPI_INT, MPI_MAX, comm->mpi);
    dnn_collective_end();
    return !differs;
}

/* Who it was, in the words of a user who sees the whole job: rank in the job, and host where there are several. */
static void share_name(dnn_comm *comm, int speaker, char name[320])
{
    memset(name, 0, 320);
    if (comm->several_hosts)
        snprintf(name, 320, "rank %d on %s", comm->job_rank, dnn_comm_host(comm));
    else
        snprintf(name, 320, "rank %d", comm->job_rank);
    dnn_collective_begin("agree_name", 320);
    MPI_Bcast(name, 320, MPI_CHAR, speaker, comm->mpi);
    dnn_collective_end();
}

dnn_status dnn_agree(dnn_comm *comm, dnn_status local)
{
    if (!dnn_comm_many(comm)) return local;
    /* The larger first number has the higher code and, among equals, the lower rank. */
    int worst[2] = {(int)local * comm->size + (comm->size - 1 - comm->rank), -(int)local};
    dnn_collective_begin("agree", sizeof worst);
    MPI_Allreduce(MPI_IN_PLACE, worst, 2, MPI_INT, MPI_MAX, comm->mpi);
    dnn_collective_end();
    const int code = worst[0] / comm->size, speaker = comm->size - 1 - worst[0] % comm->size;
    if (code == DNN_OK) return DNN_OK;

    if (local == DNN_OK) dnn_fail_clear(); /* a text from before does not belong to this */
    char text[TEXT], name[320];
    const bool same_text = share_text(comm, speaker, text);
    share_name(comm, speaker, name);
    if (!text[0]) snprintf(text, sizeof text, "failed (%s)", dnn_status_name((dnn_status)code));
    if (-worst[1] == code && same_text) return dnn_fail((dnn_status)code, "%s", text);
    return dnn_fail((dnn_status)code, "%s: %s", name, text);
}

dnn_status dnn_agree_root(dnn_comm *comm, dnn_status local)
{
    if (!dnn_comm_many(comm)) return local;
    char text[TEXT] = "";
    int code = (int)local;
    dnn_collective_begin("agree_root", sizeof code);
    MPI_Bcast(&code, 1, MPI_INT, 0, comm->mpi);
    if (code != DNN_OK) {
        snprintf(text, sizeof text, "%s", dnn_fail_text());
        MPI_Bcast(text, TEXT, MPI_CHAR, 0, comm->mpi);
    }
    dnn_collective_end();
    return code == DNN_OK ? DNN_OK : dnn_fail((dnn_status)code, "%s", text);
}
