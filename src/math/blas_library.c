/* Which BLAS this is, and its threads. */
#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "math/blas_library.h"
#include "dnn/math/blas.h"

bool blas_has_small_kernels(void)
{
    static int known;  /* 0: not yet, 1: no, 2: yes; whoever writes it writes the same */
    int answer = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (answer == 0) {
        const char *core = openblas_get_corename();
        const bool has = core && (!strcasecmp(core, "SkylakeX") || !strcasecmp(core, "Cooperlake") || !strcasecmp(core, "SapphireRapids"));
        answer = has ? 2 : 1;
        __atomic_store_n(&known, answer, __ATOMIC_RELAXED);
    }
    return answer == 2;
}

void dnn_blas_use_one_thread(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    /* The setting of the pthreads build is one for the process and not meant to be changed from two threads at a time. */
    pthread_mutex_lock(&lock);
    if (openblas_get_num_threads() != 1) openblas_set_num_threads(1);
    pthread_mutex_unlock(&lock);
    /* The OpenMP build asks libgomp, which counts per calling thread. Looked up at run time: other builds do not load it. */
    void (*set_omp)(int) = NULL;
    *(void **)&set_omp = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    if (set_omp != NULL) set_omp(1);
}

bool dnn_blas_serves_threads(void) { return openblas_get_parallel() != OPENBLAS_SEQUENTIAL; }

static char version[128];

static void describe(void)
{
    char name[64] = "BLAS", number[64] = "";
    const char *config = openblas_get_config();
    if (config != NULL) sscanf(config, "%63s %63s", name, number);
    const int kind = openblas_get_parallel();
    snprintf(version, sizeof version, "%s %s (%s, %s kernels)", name, number,
             kind == OPENBLAS_OPENMP ? "OpenMP" : kind == OPENBLAS_THREAD ? "pthreads" : "serial", openblas_get_corename());
}

const char *dnn_blas_version(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, describe);
    return version;
}
