/** Turning the failure of one rank into the failure of all. */
#ifndef DNN_COMM_AGREE_H
#define DNN_COMM_AGREE_H

#include "dnn/comm/comm.h"

/** Collective over `comm`. `local`: outcome of this rank's own work. All ranks return DNN_OK if all passed it;
 * else all return the highest code passed and hold the text of the lowest rank that passed it ("rank 2: iris.h5: cannot
 * open", "rank 2 on node7: …" on several machines; the number is that in the whole job. The prefix is left out where
 * all ranks failed with the same text or there is one rank). Do not agree on a status twice. Cost when all is well: one
 * all-reduce of two ints. */
dnn_status dnn_agree(dnn_comm *comm, dnn_status local);

/** As dnn_agree where rank 0 alone has worked (the others pass anything): its outcome and text become everybody's,
 * without a rank in front. Collective over `comm`. */
dnn_status dnn_agree_root(dnn_comm *comm, dnn_status local);

/* What is agreed on often comes from a call that has collectives of its own: the place is noted after that. */
#ifndef DNN_COMM_INSIDE
static inline dnn_status dnn_agree_at(dnn_comm *comm, dnn_status local, const char *file, int line)
{
    dnn_watch_site(file, line);
    return dnn_agree(comm, local);
}
static inline dnn_status dnn_agree_root_at(dnn_comm *comm, dnn_status local, const char *file, int line)
{
    dnn_watch_site(file, line);
    return dnn_agree_root(comm, local);
}
#define dnn_agree(comm, local) dnn_agree_at(comm, local, __FILE_NAME__, __LINE__)
#define dnn_agree_root(comm, local) dnn_agree_root_at(comm, local, __FILE_NAME__, __LINE__)
#endif

#endif
