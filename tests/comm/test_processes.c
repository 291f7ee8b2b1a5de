/* What can only be seen from outside: this program starts itself under the launcher (environment MPIEXEC) in a part
 * named by its first argument, and judges how that ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "dnn/base/log.h"
#include "dnn/comm/agree.h"
#include "dnn/comm/team.h"

static const char *self;

/* ---- the parts ---- */

static void to_stderr(void *context, dnn_log_level level, const char *line)
{
    (void)context;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

static int start(dnn_comm **comm)
{
    dnn_log_set_sink(to_stderr, NULL);
    const dnn_status st = dnn_comm_start(NULL, NULL, comm);
    if (st != DNN_OK) fprintf(stderr, "%s\n", dnn_fail_text());
    return st;
}

static int abort_on_one_rank_while_the_other_waits(void)
{
    dnn_comm *comm;
    if (start(&comm)) return 1;
    if (dnn_comm_rank(comm) == 1) dnn_comm_abort(comm, DNN_E_STALLED);
    dnn_comm_barrier(comm);
    return 0;
}

static void break_an_invariant(void *context, int worker)
{
    const int *rank = context;
    DNN_ASSERT(*rank == 0 || worker == 0);
}

static int panic_in_a_thread_of_one_rank(void)
{
    dnn_comm *comm;
    dnn_team *team;
    if (start(&comm) || dnn_team_create(comm, DNN_TEAM_RANK, 2, &team)) return 1;
    int rank = dnn_comm_rank(comm);
    dnn_team_run(team, break_an_invariant, &rank);
    dnn_comm_barrier(comm);
    return 0;
}

static void call_mpi_in_second_worker(void *context, int worker)
{
    if (worker == 1) dnn_comm_barrier(context);
}

static int talk_from_a_helper_thread(void)
{
    dnn_comm *comm;
    dnn_team *team;
    if (start(&comm) || dnn_team_create(comm, DNN_TEAM_RANK, 2, &team)) return 1;
    dnn_team_run(team, call_mpi_in_second_worker, comm);
    return 0;
}

static int send_to_a_rank_that_is_not_there(void)
{
    dnn_comm *comm;
    if (start(&comm)) return 1;
    char byte = 0;
    if (dnn_comm_rank(comm) == 1) dnn_comm_broadcast(comm, &byte, 1, 5);
    dnn_comm_barrier(comm);
    return 0;
}

static int start_alone(void)
{
    dnn_comm *comm;
    const int st = start(&comm);
    if (st == DNN_OK) dnn_comm_finish(comm);
    return st;
}

static int share_memory_where_there_is_none(void)
{
    dnn_comm *comm;
    dnn_team *team;
    if (start(&comm) || dnn_team_create(comm, DNN_TEAM_NODE, 1, &team)) return 1;
    const bool apart = dnn_team_count(team) == dnn_comm_size(comm) && dnn_team_workers(team) == 1;
    dnn_window window;
    if (dnn_window_create(team, 1000, &window)) return 1;
    dnn_window_destroy(team, &window);
    dnn_team_destroy(team);
    dnn_comm_finish(comm);
    return apart ? 0 : 2;
}

static const struct {
    const char *name;
    int (*run)(void);
} parts[] = {
    {"abort", abort_on_one_rank_while_the_other_waits},
    {"panic", panic_in_a_thread_of_one_rank},
    {"helper", talk_from_a_helper_thread},
    {"nobody", send_to_a_rank_that_is_not_there},
    {"alone", start_alone},
    {"apart", share_memory_where_there_is_none},
};

/* ---- the judge ---- */

static char output[1 << 16];

/* Exit status of a shell command; what it wrote is in `output`. */
static int run(const char *format, ...)
{
    char command[4096];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    assert_true(length > 0 && (size_t)length < sizeof command);
    fflush(NULL);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t filled = 0, got;
    while (filled < sizeof output - 1 && (got = fread(output + filled, 1, sizeof output - 1 - filled, pipe)) > 0)
        filled += got;
    output[filled] = '\0';
    const int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const char *launcher(void)
{
    const char *launcher = getenv("MPIEXEC");
    return launcher && *launcher ? launcher : "mpirun";
}

static void one_rank_can_take_all_down_with_its_status(void **state)
{
    (void)state;
    const time_t before = time(NULL);
    assert_int_equal(run("%s -n 2 %s abort 2>&1", launcher(), self), DNN_E_STALLED);
    assert_true(time(NULL) - before < 20);
}

static void a_broken_invariant_ends_every_rank_and_says_where(void **state)
{
    (void)state;
    assert_int_equal(run("%s -n 2 %s panic 2>&1", launcher(), self), DNN_E_INTERNAL);
    assert_non_null(strstr(output, "rank 1 on "));
    assert_non_null(strstr(output, "test_processes.c:"));
    assert_null(strstr(output, "rank 0 on "));
}

static void a_helper_thread_that_calls_mpi_is_caught(void **state)
{
    (void)state;
    assert_int_equal(run("%s -n 2 %s helper 2>&1", launcher(), self), DNN_E_INTERNAL);
    assert_non_null(strstr(output, "broken invariant"));
}

static void a_failing_mpi_call_ends_every_rank_and_says_which(void **state)
{
    (void)state;
    assert_int_equal(run("%s -n 2 %s nobody 2>&1", launcher(), self), DNN_E_INTERNAL);
    assert_non_null(strstr(output, "rank 1 on "));
    assert_non_null(strstr(output, "MPI failed in broadcast: "));
}

static void processes_that_know_nothing_of_each_other_do_not_start(void **state)
{
    (void)state;
    assert_int_equal(run("SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=4 %s alone 2>&1", self), DNN_E_RANKS);
    assert_non_null(strstr(output, "srun --mpi=pmix"));
    assert_non_null(strstr(output, "4 processes"));
    /* with all that Slurm sets Open MPI would end the process itself, were it let */
    const char *step = "SLURM_JOB_ID=5 SLURM_JOBID=5 SLURM_STEP_ID=0 SLURM_STEPID=0 SLURM_NODELIST=here SLURM_NTASKS=4 "
                       "SLURM_PROCID=1 SLURM_LOCALID=1 SLURM_TASKS_PER_NODE=4";
    for (int tasks = 1; tasks <= 4; tasks += 3) {
        assert_int_equal(run("%s SLURM_STEP_NUM_TASKS=%d %s alone 2>&1", step, tasks, self), DNN_E_RANKS);
        assert_non_null(strstr(output, "srun --mpi=pmix"));
    }
    assert_int_equal(run("SLURM_NTASKS=4 SLURM_PROCID=0 %s alone 2>&1", self), DNN_OK);
    assert_int_equal(run("SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=4 %s -n 1 %s alone 2>&1", launcher(), self), DNN_OK);
}

static void without_shared_memory_each_rank_is_its_own_team(void **state)
{
    (void)state;
    assert_int_equal(run("OMPI_MCA_osc_sm_backing_directory=/no/such/folder %s -n 3 %s apart 2>&1", launcher(), self),
                     0);
    const char *warning = strstr(output, "/no/such/folder");
    assert_non_null(warning);
    assert_non_null(strstr(output, "a copy of its own"));
    assert_null(strstr(warning + 1, "/no/such/folder")); /* told once */
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1)
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            if (strcmp(argv[1], parts[i].name) == 0) return parts[i].run();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rank_can_take_all_down_with_its_status),
        cmocka_unit_test(a_broken_invariant_ends_every_rank_and_says_where),
        cmocka_unit_test(a_helper_thread_that_calls_mpi_is_caught),
        cmocka_unit_test(a_failing_mpi_call_ends_every_rank_and_says_which),
        cmocka_unit_test(processes_that_know_nothing_of_each_other_do_not_start),
        cmocka_unit_test(without_shared_memory_each_rank_is_its_own_team),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
