/* From main to the command and back: who prints, who starts MPI, what the exit status is. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/alike.h"
#include "cli/command.h"
#include "cli/hint.h"
#include "cli/peek.h"
#include "cli/screen.h"
#include "cli/waiting.h"
#include "dnn/base/memory.h"
#include "dnn/base/param.h"
#include "dnn/comm/agree.h"
#include "dnn/train/plugin.h"

static int wrong_usage(const char *command)
{
    char text[2048];
    snprintf(text, sizeof text, "%s%s%s (try 'dnn-mpi %s%s--help')", command, *command ? ": " : "", dnn_fail_text(), command,
             *command ? " " : "");
    screen_error(text);
    return DNN_E_CONFIG;
}

/* Results that did not reach the reader are no success: a full disk shows when the last of them is written. */
static dnn_status flush_results(void)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return DNN_OK;
    return dnn_fail(DNN_E_IO, "standard output: cannot write: %s", errno ? strerror(errno) : "unknown error");
}

/* `call` NULL: none has come so far. */
static void report(dnn_status st, const cli_call *call)
{
    char text[3072], hint[512] = "";
    if (st == DNN_OK) return;
    if (*dnn_fail_text()) snprintf(text, sizeof text, "%s%s", dnn_fail_text(), call ? hint_of(call, dnn_fail_text(), hint) : "");
    else snprintf(text, sizeof text, "failed without a message (status %d, %s)", (int)st, dnn_status_name(st));
    screen_error(text);
}

/* Before anything names a component. */
static dnn_status load_plugins(const cli_call *call)
{
    const char *at = cli_value(call, "plugin");
    dnn_status st = DNN_OK;
    while (st == DNN_OK && at && *at) {
        const size_t length = strcspn(at, ":");
        char *path = dnn_format("%.*s", (int)length, at);
        st = dnn_agree(call->comm, path ? DNN_OK : DNN_E_MEMORY);
        if (st == DNN_OK && length) st = dnn_plugins_load(call->comm, (const char *const[]){ path }, 1);
        dnn_free(path);
        at += length + (at[length] == ':');
    }
    return st == DNN_OK ? st : dnn_fail_in(st, "--plugin");
}

/* What takes its time shows that it does. */
static dnn_status work(const cli_call *call)
{
    if (call->n_words > 0) waiting_for("%s: reading %s", call->command->name, call->words[call->n_words - 1]);
    const dnn_status st = call->command->run(call);
    waiting_end();
    return st;
}

static dnn_status run_alone(cli_call *call)
{
    /* Under a launcher the other ranks have nothing to do, and starting MPI to say so takes a third of a second. */
    if (dnn_launcher_rank() != 0) return DNN_OK;
    dnn_status st = load_plugins(call);
    if (st == DNN_OK) st = work(call);
    if (st == DNN_OK) st = flush_results();
    report(st, call);
    return st;
}

static dnn_status run_on_ranks(cli_call *call, int *argc, char ***argv)
{
    if (call->command->before) call->command->before();
    peek_timeout(call);
    dnn_status st = dnn_comm_start(argc, argv, &call->comm);
    if (st != DNN_OK) {
        report(st, call);
        return st;
    }
    screen_open(dnn_comm_rank(call->comm) == 0, cli_value(call, "quiet") != NULL);
    st = alike_check(call);
    if (st == DNN_OK) st = load_plugins(call);
    if (st == DNN_OK) st = work(call);
    if (st == DNN_OK && dnn_comm_rank(call->comm) == 0) st = flush_results();
    report(st, call);
    dnn_comm_finish(call->comm);
    return st;
}

static int run_command(const cli_command *command, int argc, char **argv)
{
    cli_call call;
    if (cli_parse(command, argc, argv, &call) != DNN_OK) return wrong_usage(command->name);
    dnn_status st = DNN_OK;
    screen_open(dnn_launcher_rank() == 0, cli_value(&call, "quiet") != NULL);
    if (cli_value(&call, "help") || cli_value(&call, "version")) {
        if (dnn_launcher_rank() == 0 && cli_value(&call, "help")) cli_help_command(command);
        else if (dnn_launcher_rank() == 0) cli_version();
        st = flush_results();
        report(st, &call);
    } else {
        st = command->needs_ranks ? run_on_ranks(&call, &argc, &argv) : run_alone(&call);
    }
    cli_call_clear(&call);
    return (int)st;
}

static bool is_option_of(const cli_option *options, size_t count, const char *word)
{
    const char *name = word + strspn(word, "-");
    for (size_t i = 0; i < count; i++)
        if (strncmp(name, options[i].name, strlen(options[i].name)) == 0) return true;
    return false;
}

static bool is_option(const char *word)
{
    bool found = is_option_of(cli_common_options, cli_common_options_count, word);
    for (size_t i = 0; i < cli_commands_count; i++) found = found || is_option_of(cli_commands[i]->options, cli_commands[i]->n_options, word);
    return found && word[0] == '-';
}

static int no_such_command(const char *word)
{
    const char *names[32] = { 0 };
    size_t count = 0;
    for (; count < cli_commands_count && count < 32; count++) names[count] = cli_commands[count]->name;
    const char *nearest = dnn_nearest(word, names, count);
    if (is_option(word)) dnn_fail(DNN_E_CONFIG, "the command is missing; options like '%s' follow it: dnn-mpi COMMAND … %s", word, word);
    else if (word[0] == '-') dnn_fail(DNN_E_CONFIG, "unknown option '%s'", word);
    else if (nearest) dnn_fail(DNN_E_CONFIG, "unknown command '%s'; did you mean '%s'?", word, nearest);
    else dnn_fail(DNN_E_CONFIG, "unknown command '%s'", word);
    return wrong_usage("");
}

static int help(int argc, char **argv)
{
    const cli_command *command = argc > 2 ? cli_command_find(argv[2]) : NULL;
    if (argc > 2 && strcmp(argv[2], "--markdown") == 0) cli_help_markdown();
    else if (argc > 2 && !command) return no_such_command(argv[2]);
    else if (command) cli_help_command(command);
    else cli_help_all();
    return DNN_OK;
}

static int dispatch(int argc, char **argv)
{
    screen_open(dnn_launcher_rank() == 0, false);
    if (argc < 2) {
        dnn_fail(DNN_E_CONFIG, "a command is missing");
        return wrong_usage("");
    }
    const char *word = argv[1];
    const cli_command *command = cli_command_find(word);
    if (command) return run_command(command, argc - 1, argv + 1);
    const bool wants_help = strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
    if (!wants_help && strcmp(word, "--version") != 0) return no_such_command(word);
    if (dnn_launcher_rank() != 0) return DNN_OK;
    const int status = wants_help ? help(argc, argv) : (cli_version(), DNN_OK);
    const dnn_status st = status == DNN_OK ? flush_results() : DNN_OK;
    report(st, NULL);
    return status == DNN_OK ? (int)st : status;
}

/* Where the caller has closed 0, 1 or 2, the next files would get these numbers, among them MPI's own, and what is printed would go
 * there. Open for reading only, so that a result that reaches nobody still shows. */
static void hold_standard_files(void)
{
    int file;
    do file = open("/dev/null", O_RDONLY);
    while (file >= 0 && file <= STDERR_FILENO);
    if (file >= 0) close(file);
}

int cli_run(int argc, char **argv)
{
    hold_standard_files();
    signal(SIGXFSZ, SIG_IGN); /* a file larger than allowed is a failed write like others, with a message and a status */
    const int status = dispatch(argc, argv);
    screen_close();
    dnn_plugins_forget();
    dnn_place_forget();
    return status;
}
