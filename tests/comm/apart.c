/* Ranks that share no memory, as on as many machines: each is the watchdog's whole world, but for what the others tell it.
 *   sleeps   rank 1 does not come; it notes nothing, and the others are to say what it did last
 *   works    rank 1 comes late, after longer than the limit, but shows signs of work in between: no stall
 *   stops    rank 1 is stopped, watchdog and all; no word of it comes any more */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "dnn/comm/comm.h"

static void sleep_ms(long ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static void misbehave(const char *how)
{
    dnn_watch_phase(DNN_PHASE_EVALUATION);
    if (strcmp(how, "sleeps") == 0) sleep_ms(30000);
    for (int i = 0; strcmp(how, "works") == 0 && i < 35; i++) {
        sleep_ms(100);
        dnn_watch_alive();
    }
    if (strcmp(how, "stops") == 0) {
        sleep_ms(500);
        raise(SIGSTOP);
    }
}

int main(int argc, char **argv)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    setenv("SLURM_STEP_ID", rank ? rank : "0", 1); /* part of the name under which ranks of one job and machine find each other */
    dnn_comm *comm;
    dnn_watch_timeout(2.0);
    if (argc < 2 || dnn_comm_start(&argc, &argv, &comm) != DNN_OK) return 1;
    if (dnn_comm_rank(comm) == 1) misbehave(argv[1]);
    dnn_comm_barrier(comm);
    if (dnn_comm_rank(comm) == 0) puts("came together");
    dnn_comm_finish(comm);
    return 0;
}
