/* The beginning and the end of MPI: alone in naming MPI_COMM_WORLD. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "comm/far.h"
#include "comm/ranks.h"
#include "comm/watchdog.h"
#include "dnn/base/failpoint.h"
#include "dnn/base/memory.h"

static bool running(void)
{
    int begun, ended;
    MPI_Initialized(&begun);
    MPI_Finalized(&ended);
    return begun && !ended;
}

_Noreturn void dnn_comm_abort(dnn_comm *comm, dnn_status status)
{
    (void)comm; /* a group cannot fall alone: its job would wait for it */
    if (running()) {
        MPI_Abort(MPI_COMM_WORLD, (int)status);
        abort();
    }
    _exit((int)status);
}

/* Written here, below `cli`: nobody above is left to print it, on any rank. */
static void take_all_down(const char *file, int line, const char *text)
{
    dprintf(STDERR_FILENO, "dnn-mpi: rank %d on %s: %s:%d: broken invariant: %s\n", dnn_launcher_rank(),
            dnn_comm_host(NULL), file, line, text);
    dnn_comm_abort(NULL, DNN_E_INTERNAL);
}

/* As MPI_ERRORS_ARE_FATAL, but with our status: the error classes MPI would end with mean other things here. */
static void end_on_mpi_error(MPI_Comm *mpi, int *error, ...)
{
    (void)mpi;
    char text[MPI_MAX_ERROR_STRING] = "unknown error";
    int length;
    MPI_Error_string(*error, text, &length);
    const char *where = dnn_collective_now();
    dprintf(STDERR_FILENO, "dnn-mpi: rank %d on %s: MPI failed in %s: %s\n", dnn_launcher_rank(), dnn_comm_host(NULL),
            where ? where : "no collective", text);
    dnn_comm_abort(NULL, DNN_E_INTERNAL);
}

/* Open MPI 3 and 4 end a process that srun started without PMIx, inside MPI_Init and with words about how to build
 * Open MPI; only those built for Slurm's own PMI-1 can do. Its components show among its variables (MPI_T takes 0.2 s:
 * in doubt only). */
static bool would_end_in_init(void)
{
    if (!dnn_launcher_is_bare_srun()) return false;
    int level, index;
    if (MPI_T_init_thread(MPI_THREAD_SINGLE, &level) != MPI_SUCCESS) return false;
    const bool known = MPI_T_cvar_get_index("pmix_isolated_major_version", &index) == MPI_SUCCESS;
    const bool able = MPI_T_cvar_get_index("pmix_s1_major_version", &index) == MPI_SUCCESS ||
                      MPI_T_cvar_get_index("pmix_s2_major_version", &index) == MPI_SUCCESS ||
                      MPI_T_cvar_get_index("pmix_cray_major_version", &index) == MPI_SUCCESS;
    MPI_T_finalize();
    return known && !able;
}

static dnn_status strangers(void)
{
    const char *remedy = "start with `srun --mpi=pmix` (see `srun --mpi=list`) or with mpirun";
    const int size = dnn_launcher_size();
    if (size == 1) return dnn_fail(DNN_E_RANKS, "%s cannot begin under this srun: %s", dnn_comm_version(), remedy);
    return dnn_fail(DNN_E_RANKS, "%d processes were started, but MPI cannot bring them together: %s", size, remedy);
}

static void end_mpi(void)
{
    dnn_collective_begin(WATCH_LAST, 0); /* MPI waits for all ranks there */
    if (running()) MPI_Finalize();
    dnn_collective_end();
    watchdog_stop();
}

static dnn_status refuse(dnn_status status)
{
    end_mpi();
    return status;
}

dnn_status dnn_comm_start(int *argc, char ***argv, dnn_comm **out)
{
    *out = NULL;
    int begun, level;
    MPI_Initialized(&begun);
    if (begun) return dnn_fail(DNN_E_INTERNAL, "MPI has been started in this process before");
    dnn_set_panic_hook(take_all_down);
    dnn_failpoint_rank(dnn_launcher_rank());
    dnn_collective_main();
    if (would_end_in_init()) return strangers();
    MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &level);
    MPI_Errhandler handler;
    MPI_Comm_create_errhandler(end_on_mpi_error, &handler);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler); /* children inherit it */
    MPI_Errhandler_free(&handler);
    int size, rank;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    watchdog_start(rank, size, dnn_launcher_machine_ranks());
    /* Every such process believes to be the whole job: they would train apart and write the same files. */
    if (dnn_launcher_contradicts(size)) return refuse(strangers());
    if (level < MPI_THREAD_SERIALIZED)
        return refuse(dnn_fail(DNN_E_RANKS, "%s does not allow threads (MPI_THREAD_SERIALIZED)", dnn_comm_version()));

    dnn_comm *comm = dnn_alloc(1, sizeof *comm);
    int missing = comm == NULL;
    dnn_collective_begin("start of the job", 0);
    MPI_Allreduce(MPI_IN_PLACE, &missing, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    dnn_collective_end();
    board_seal();
    if (missing) {
        dnn_free(comm);
        return refuse(dnn_fail(DNN_E_MEMORY, "no memory to begin with"));
    }
    *comm = (dnn_comm){.mpi = MPI_COMM_NULL, .rank = rank, .size = size, .job_rank = rank};
    dnn_collective_begin("start of the job", 0);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm->mpi);
    dnn_collective_end();
    char host[256] = {0};
    snprintf(host, sizeof host, "%s", dnn_comm_host(comm));
    comm->several_hosts = !dnn_comm_same(comm, host, sizeof host);
    const dnn_status st = far_meet(comm);
    if (st != DNN_OK) {
        dnn_comm_destroy(comm);
        return refuse(st);
    }
    *out = comm;
    return DNN_OK;
}

void dnn_comm_finish(dnn_comm *comm)
{
    if (!comm) return;
    dnn_watch_phase(DNN_PHASE_FINISH);
    dnn_comm_destroy(comm);
    end_mpi();
}

static char version[MPI_MAX_LIBRARY_VERSION_STRING];

static void read_version(void)
{
    int length;
    MPI_Get_library_version(version, &length);
    version[strcspn(version, ",\n")] = '\0'; /* what follows is packager, date, build options */
    for (char *c = version; *c; c++)
        if (*c == '\t') *c = ' ';
}

const char *dnn_comm_version(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_version);
    return version;
}

static char host_name[256];

static void read_host(void)
{
    if (gethostname(host_name, sizeof host_name - 1) != 0 || !host_name[0]) strcpy(host_name, "localhost");
    host_name[strcspn(host_name, ".")] = '\0'; /* as users name their nodes */
}

const char *dnn_comm_host(const dnn_comm *comm)
{
    (void)comm;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_host);
    return host_name;
}
