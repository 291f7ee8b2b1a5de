/* What the launcher says in the environment, before or without MPI. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "comm/internal.h"

/* The first row whose `rank` is set speaks. Open MPI's own come first: its ranks may inherit the variables of
 * the Slurm step that carries mpirun's daemons. Slurm's count is that of the step: SLURM_NTASKS is the allocation's and
 * stands in every batch script and salloc shell, where one plain process is all there is. PMIx says no size. */
static const struct {
    const char *rank, *size;
} launchers[] = {
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"PMI_RANK", "PMI_SIZE"},
    {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
    {"PMIX_RANK", NULL},
};
enum { N_LAUNCHERS = sizeof launchers / sizeof *launchers };

static bool number(const char *name, int *out)
{
    const char *text = name ? getenv(name) : NULL;
    if (!text || !*text) return false;
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (errno || *end || value < 0 || value > INT_MAX) return false;
    *out = (int)value;
    return true;
}

int dnn_launcher_rank(void)
{
    int rank = 0;
    for (int i = 0; i < N_LAUNCHERS; i++)
        if (number(launchers[i].rank, &rank)) return rank;
    return 0;
}

int dnn_launcher_size(void)
{
    int rank, size = 1;
    for (int i = 0; i < N_LAUNCHERS; i++)
        if (number(launchers[i].rank, &rank) && number(launchers[i].size, &size)) return size > 1 ? size : 1;
    return 1;
}

int dnn_launcher_machine_ranks(void)
{
    int ranks = 0;
    return number("OMPI_COMM_WORLD_LOCAL_SIZE", &ranks) || number("MPI_LOCALNRANKS", &ranks) ? ranks : 0;
}

bool dnn_launcher_is_bare_srun(void)
{
    int value;
    return number("SLURM_PROCID", &value) && number("SLURM_STEP_NUM_TASKS", &value) &&
           !getenv("OMPI_COMM_WORLD_RANK") && !getenv("PMIX_RANK") && !getenv("PMIX_NAMESPACE") &&
           !getenv("PMI_RANK") && !getenv("PMI_FD");
}

bool dnn_launcher_contradicts(int mpi_size) { return mpi_size == 1 && dnn_launcher_size() > 1; }

const char *dnn_launcher_unbind(void)
{
    int rank;
    if (!number("OMPI_COMM_WORLD_RANK", &rank) && number("SLURM_PROCID", &rank))
        return "srun --cpus-per-task=N with N threads, or --cpu-bind=none";
    return "mpirun --bind-to none";
}
