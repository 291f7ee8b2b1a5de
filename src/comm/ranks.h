/** A group of ranks as MPI has it. */
#ifndef DNN_COMM_RANKS_H
#define DNN_COMM_RANKS_H

#include <mpi.h>
#include "comm/internal.h"

struct dnn_comm {
    MPI_Comm mpi;
    int rank, size;
    int job_rank;       /**< rank in the whole job: what messages name, also from within a group */
    bool several_hosts; /**< then messages name the host too */
};

#endif
