/* Fails the nth call of each kind while a small training runs, for n from 1 until a training ends in which the call was not made so often. After each: the
 * process ended with a status of ours and a text, gave back its memory, and left a folder from which the training goes on to the same
 * end as one that was never disturbed.
 *
 *   loop RUN.yaml [--from N] [--step K] [--most N] [--action error|kill] [CALL …]
 *
 * Without CALL: all of them; every K-th n; up to N of them. kill: the process is killed (SIGKILL) right before the call instead, so every step of how files
 * are written is one at which a training may end.
 *
 * Each training is a child of its own. The parent itself makes none of the calls: the first one would fix the fault for all its children. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dnn/base/failpoint.h"
#include "dnn/base/log.h"
#include "dnn/base/memory.h"
#include "dnn/base/node.h"
#include "dnn/train/train.h"

#define CALL(result, name, parameters, arguments, failed) #name,
static const char *const calls[] = { "open",
#include "failpoints/calls.def"
};
#undef CALL
enum { CALLS = sizeof calls / sizeof *calls, SECONDS = 60 };

/* What a child tells its parent. */
typedef struct told { unsigned visits; size_t left; uint64_t course; char text[512]; } told;
static told *shared;
static const char *run_file, *folder = "run", *action = "error";

static void quiet(void *context, dnn_log_level level, const char *text)
{
    (void)context;
    (void)level;
    (void)text;
}

/* history.csv without its two columns of time: FNV-1a. */
static uint64_t course_of(const char *path)
{
    uint64_t hash = 0xcbf29ce484222325;
    int column = 0, c;
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    while ((c = getc(f)) != EOF) {
        if (c == ',') column++;
        if (c == '\n') column = 0;
        if (column == 2 || column == 3) continue;
        hash = (hash ^ (uint64_t)c) * 0x100000001b3;
    }
    fclose(f);
    return hash;
}

static _Noreturn void train(dnn_resume resume)
{
    dnn_log_set_sink(quiet, NULL);
    const size_t before = dnn_memory_balance();
    const dnn_train_request request = { .run_file = run_file, .resume = resume, .threads = 1 };
    const dnn_status st = dnn_train(NULL, &request);
    dnn_place_forget();
    shared->visits = dnn_failpoint_visits();
    shared->left = dnn_memory_balance() - before;
    memcpy(shared->text, dnn_fail_text(), strnlen(dnn_fail_text(), sizeof shared->text - 1));
    char path[256];
    snprintf(path, sizeof path, "%s/history.csv", folder);
    if (resume == DNN_RESUME_AUTO || !getenv("DNN_FAILPOINT")) shared->course = course_of(path);
    _exit((int)st);
}

/* Status, or 256 + signal; a child that does not end is a failure of its own. */
static int run(const char *fault, dnn_resume resume)
{
    memset(shared, 0, sizeof *shared);
    const pid_t child = fork();
    if (child == 0) {
        if (fault) setenv("DNN_FAILPOINT", fault, 1);
        alarm(SECONDS);
        train(resume);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void clear_folder(void)
{
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) printf("cannot remove %s\n", folder);
}

static int known_status(int status)
{
    if (status == 256 + SIGKILL && strcmp(action, "kill") == 0) return 1;
    return status == DNN_OK || status == DNN_E_CONFIG || status == DNN_E_DATA || status == DNN_E_MODEL || status == DNN_E_IO || status == DNN_E_MEMORY;
}

/* 1: something is wrong. */
static int judge(const char *fault, int status, uint64_t right)
{
    const told first = *shared;
    int wrong = 0;
    if (!known_status(status)) wrong = printf("%s: ended with %d: %s\n", fault, status, first.text) > 0;
    if (status != DNN_OK && status < 256 && known_status(status) && !first.text[0]) wrong = printf("%s: status %d without a text\n", fault, status) > 0;
    if (known_status(status) && first.left != 0) wrong = printf("%s: status %d, %zu blocks left: %s\n", fault, status, first.left, first.text) > 0;
    const int again = run(NULL, DNN_RESUME_AUTO);
    if (again != DNN_OK) wrong = printf("%s: status %d, and going on ends with %d: %s\n", fault, status, again, shared->text) > 0;
    else if (shared->course != right) wrong = printf("%s: status %d, and going on ends elsewhere\n", fault, status) > 0;
    return wrong;
}

static int fail_each(const char *call, unsigned from, unsigned step, unsigned most, uint64_t right)
{
    int wrong = 0;
    unsigned tried = 0, killed = 0, statuses[10] = { 0 };
    for (unsigned n = from; tried < most; n += step) {
        char fault[128];
        snprintf(fault, sizeof fault, "%s:%u:%s", call, n, action);
        clear_folder();
        const int status = run(fault, DNN_RESUME_NONE);
        if (known_status(status) && status < 256 && shared->visits < n) break;
        tried++;
        if (status < 10) statuses[status]++;
        else killed++;
        wrong += judge(fault, status, right);
    }
    printf("%-16s %5u times, %d wrong; ended with", call, tried, wrong);
    for (int s = 0; s < 10; s++)
        if (statuses[s]) printf(" %d: %u", s, statuses[s]);
    if (killed) printf(" a kill: %u", killed);
    printf("\n");
    return wrong;
}

int main(int argc, char **argv)
{
    unsigned from = 1, step = 1, most = 1000000;
    int at = 2, wrong = 0;
    if (argc < 2) return 2;
    run_file = argv[1];
    setvbuf(stdout, NULL, _IONBF, 0); /* or each child would have the parent's lines once more */
    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        const unsigned value = (unsigned)strtoul(argv[at + 1], NULL, 10);
        if (strcmp(argv[at], "--action") == 0) action = argv[at + 1];
        if (strcmp(argv[at], "--from") == 0) from = value;
        if (strcmp(argv[at], "--step") == 0) step = value;
        if (strcmp(argv[at], "--most") == 0) most = value;
    }
    shared = (told *)syscall(SYS_mmap, NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    clear_folder();
    if (run(NULL, DNN_RESUME_NONE) != DNN_OK) {
        printf("the training without a fault fails: %s\n", shared->text);
        return 1;
    }
    const uint64_t right = shared->course;
    for (int c = 0; c < CALLS; c++) {
        int asked = at >= argc;
        for (int i = at; i < argc; i++) asked |= strcmp(argv[i], calls[c]) == 0;
        if (asked) wrong += fail_each(calls[c], from, step, most, right);
    }
    clear_folder();
    printf("%d wrong\n", wrong);
    return wrong > 0;
}
