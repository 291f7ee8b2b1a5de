/* Rank 1 ends MPI and itself, with status 0, while the others wait for it: what mpirun leaves hanging for ever. The watchdogs must end it
 * (tests/CMakeLists.txt says what they are to print). */
#include <stdio.h>
#include "dnn/comm/comm.h"

int main(int argc, char **argv)
{
    dnn_comm *comm;
    dnn_watch_timeout(2.0);
    if (dnn_comm_start(&argc, &argv, &comm) != DNN_OK) return 1;
    if (dnn_comm_rank(comm) != 1) dnn_comm_barrier(comm);
    dnn_comm_finish(comm);
    return 0;
}
