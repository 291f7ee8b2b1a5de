/* exec - runs a command of the shell on rank 0 with the values of the epoch in its environment, and waits for it. A command that fails is
 * warned of; the training goes on. By posix_spawn, since a fork of a process that MPI runs in would copy memory that is registered with
 * the network. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/base/number.h"
#include "dnn/train/callback.h"

typedef struct exec { int on; char *command; } exec;

enum { EPOCH_END, TRAIN_END };

static const dnn_param params[] = {
    DNN_CHOICE(exec, on, "epoch_end", "epoch_end|train_end", "when the command is run"),
    DNN_STRING(exec, command, NULL, "line for /bin/sh; it finds DNN_EPOCH, DNN_STEP, DNN_LEARNING_RATE, DNN_OUTPUT and the values, such as DNN_VAL_LOSS, in "
               "its environment; all ranks wait for it, and one that takes longer than comm.timeout ends the job as stalled"),
};

extern char **environ;

typedef struct environment { char **at; size_t count, room; bool full; } environment;

static void add(environment *e, char *entry)
{
    if (entry && e->count + 1 < e->room) e->at[e->count++] = entry;
    else dnn_free(entry);
    e->full = e->full || !entry;
}

/* What tells a process its place in the job: a program of MPI that the command starts would take it for its own. */
static bool of_the_launcher(const char *entry)
{
    static const char *const heads[] = { "OMPI_", "PMIX_", "PMI_", "PRTE_" };
    if (strncmp(entry, "OMPI_ALLOW_", 11) == 0) return false;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (strncmp(entry, heads[i], strlen(heads[i])) == 0) return true;
    return false;
}

/* "DNN_VAL_LOSS=0.25" */
static char *value_entry(const char *name, double value)
{
    char text[DNN_NUMBER_TEXT];
    char *entry = dnn_format("DNN_%s=%s", name, dnn_number_text(value, text));
    for (char *c = entry; c && *c && *c != '='; c++) *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
    return entry;
}

static void fill(environment *e, const dnn_report *report)
{
    for (char **old = environ; *old; old++)
        if (strncmp(*old, "DNN_", 4) != 0 && !of_the_launcher(*old)) add(e, dnn_strdup(*old));
    add(e, dnn_format("DNN_EPOCH=%llu", (unsigned long long)report->epoch));
    add(e, dnn_format("DNN_STEP=%llu", (unsigned long long)report->step));
    add(e, dnn_format("DNN_OUTPUT=%s", report->output));
    add(e, value_entry("LEARNING_RATE", report->learning_rate));
    for (size_t i = 0; i < report->count; i++) add(e, value_entry(report->names[i], report->values[i]));
}

static environment environment_of(const dnn_report *report)
{
    environment e = { .room = report->count + 6 };
    for (char **old = environ; *old; old++) e.room++;
    e.at = dnn_alloc(e.room, sizeof *e.at);
    if (e.at) fill(&e, report);
    return e;
}

static void environment_clear(environment *e)
{
    for (size_t i = 0; i < e->count; i++) dnn_free(e->at[i]);
    dnn_free(e->at);
}

/* 0, or an errno. The standard input is the launcher's and not for the command. */
static int spawn(const char *command, char **env, pid_t *child)
{
    char *const arguments[] = { "/bin/sh", "-c", (char *)command, NULL };
    posix_spawn_file_actions_t actions;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure) return failure;
    failure = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failure) failure = posix_spawn(child, arguments[0], &actions, NULL, arguments, env);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

static void await(const char *command, pid_t child)
{
    int how = 0;
    pid_t ended;
    do ended = waitpid(child, &how, 0);
    while (ended < 0 && errno == EINTR);
    if (ended < 0) dnn_warn("exec: %s: how it ended is not known: %s", command, strerror(errno));
    else if (WIFSIGNALED(how)) dnn_warn("exec: %s: ended by signal %d", command, WTERMSIG(how));
    else if (WEXITSTATUS(how) != 0) dnn_warn("exec: %s: ended with status %d", command, WEXITSTATUS(how));
}

static void run(const exec *p, const dnn_report *report, dnn_wish *wish)
{
    pid_t child = 0;
    if (!report->writes) return;
    environment e = environment_of(report);
    if (!e.at || e.full) {
        wish->status = DNN_E_MEMORY;
    } else {
        fflush(NULL); /* what we printed comes before what the command prints */
        const int failure = spawn(p->command, e.at, &child);
        if (failure) dnn_warn("exec: %s: cannot be started: %s", p->command, strerror(failure));
        else await(p->command, child);
    }
    environment_clear(&e);
}

static dnn_status begin(const dnn_component *component, const char *const *names, size_t count, void *state)
{
    (void)names, (void)count, (void)state;
    const exec *p = component->params;
    return p->command && p->command[0] ? DNN_OK : dnn_place_fail(DNN_E_CONFIG, component->place, "exec.command: must be a line for the shell");
}

static void epoch_end(const void *p, void *state, const dnn_report *report, dnn_wish *wish)
{
    (void)state;
    if (((const exec *)p)->on == EPOCH_END) run(p, report, wish);
}

static void train_end(const void *p, void *state, const dnn_report *report, dnn_wish *wish)
{
    (void)state;
    if (((const exec *)p)->on == TRAIN_END) run(p, report, wish);
}

const dnn_callback_kind dnn_callback_exec = {
    .kind = { .name = "exec", .help = "runs a command on rank 0, which the training waits for", .params_size = sizeof(exec), DNN_PARAMS(params) },
    .begin = begin, .epoch_end = epoch_end, .train_end = train_end,
};
