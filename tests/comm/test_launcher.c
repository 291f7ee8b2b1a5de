/* What environment variables of launchers mean, set as they are found under each of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "comm/internal.h"

static int forget_launchers(void **state)
{
    (void)state;
    const char *names[] = {
        "OMPI_COMM_WORLD_RANK",
        "OMPI_COMM_WORLD_SIZE",
        "PMI_RANK",
        "PMI_SIZE",
        "PMI_FD",
        "PMIX_RANK",
        "PMIX_NAMESPACE",
        "SLURM_PROCID",
        "SLURM_STEP_NUM_TASKS",
        "SLURM_NTASKS",
        "SLURM_STEP_ID",
        "SLURM_JOB_ID",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unsetenv(names[i]);
    return 0;
}

static void set(const char *name, const char *value) { assert_int_equal(setenv(name, value, 1), 0); }

static void without_a_launcher_there_is_one_rank(void **state)
{
    (void)state;
    assert_int_equal(dnn_launcher_rank(), 0);
    assert_int_equal(dnn_launcher_size(), 1);
    assert_false(dnn_launcher_contradicts(1));
}

static void mpirun_names_rank_and_size(void **state)
{
    (void)state;
    set("OMPI_COMM_WORLD_RANK", "2");
    set("OMPI_COMM_WORLD_SIZE", "4");
    set("PMIX_RANK", "2");
    assert_int_equal(dnn_launcher_rank(), 2);
    assert_int_equal(dnn_launcher_size(), 4);
    assert_false(dnn_launcher_contradicts(4));
}

static void a_plain_process_in_an_allocation_is_no_step(void **state)
{
    (void)state;
    set("SLURM_JOB_ID", "7"); /* salloc's shell */
    set("SLURM_NTASKS", "4");
    assert_int_equal(dnn_launcher_size(), 1);
    assert_false(dnn_launcher_contradicts(1));
    set("SLURM_PROCID", "0"); /* sbatch's script */
    assert_int_equal(dnn_launcher_rank(), 0);
    assert_int_equal(dnn_launcher_size(), 1);
    assert_false(dnn_launcher_contradicts(1));
}

static void srun_without_pmix_is_noticed(void **state)
{
    (void)state;
    set("SLURM_NTASKS", "4");
    set("SLURM_PROCID", "3");
    set("SLURM_STEP_ID", "0");
    set("SLURM_STEP_NUM_TASKS", "4");
    assert_int_equal(dnn_launcher_rank(), 3);
    assert_int_equal(dnn_launcher_size(), 4);
    assert_true(dnn_launcher_contradicts(1));
    assert_false(dnn_launcher_contradicts(4));
    assert_true(dnn_launcher_is_bare_srun());
    set("PMIX_RANK", "3");
    assert_false(dnn_launcher_is_bare_srun());
    assert_non_null(strstr(dnn_launcher_unbind(), "srun"));
}

static void mpirun_speaks_before_the_step_that_carries_its_daemons(void **state)
{
    (void)state;
    set("SLURM_PROCID", "1"); /* of the daemon, on the second node */
    set("SLURM_STEP_NUM_TASKS", "2");
    set("OMPI_COMM_WORLD_RANK", "0");
    set("OMPI_COMM_WORLD_SIZE", "1");
    assert_int_equal(dnn_launcher_rank(), 0);
    assert_int_equal(dnn_launcher_size(), 1);
    assert_false(dnn_launcher_contradicts(1));
    assert_false(dnn_launcher_is_bare_srun());
    assert_non_null(strstr(dnn_launcher_unbind(), "mpirun"));
}

static void another_mpi_s_launcher_is_noticed(void **state)
{
    (void)state;
    set("PMI_RANK", "1");
    set("PMI_SIZE", "2");
    assert_int_equal(dnn_launcher_rank(), 1);
    assert_true(dnn_launcher_contradicts(1));
}

static void what_is_no_number_says_nothing(void **state)
{
    (void)state;
    set("OMPI_COMM_WORLD_RANK", "two");
    set("PMIX_RANK", "-1");
    set("SLURM_PROCID", "99999999999");
    assert_int_equal(dnn_launcher_rank(), 0);
    assert_int_equal(dnn_launcher_size(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_a_launcher_there_is_one_rank, forget_launchers),
        cmocka_unit_test_setup(mpirun_names_rank_and_size, forget_launchers),
        cmocka_unit_test_setup(a_plain_process_in_an_allocation_is_no_step, forget_launchers),
        cmocka_unit_test_setup(srun_without_pmix_is_noticed, forget_launchers),
        cmocka_unit_test_setup(mpirun_speaks_before_the_step_that_carries_its_daemons, forget_launchers),
        cmocka_unit_test_setup(another_mpi_s_launcher_is_noticed, forget_launchers),
        cmocka_unit_test_setup(what_is_no_number_says_nothing, forget_launchers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
