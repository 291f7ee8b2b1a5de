/* Signals set a flag; the flag travels with the step's control record, so one signalled rank is enough and all act at the same step.
 *
 *   USR1        save, end with 75
 *   TERM, INT   the same; the second one ends the process at once, as if nobody had listened
 *   CONT        save and go on: a launcher that is about to end the job sends it a second before TERM. After a pause (Ctrl-Z, fg) it does no harm */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "train/loop/trainer.h"

static volatile sig_atomic_t stop_asked, save_asked, first_sender;

/* A batch system tells launcher and ranks, and the launcher hands on what it was told: the same request once more, and no impatience. */
static bool handed_on(const siginfo_t *info) { return info->si_pid == getppid() && first_sender != info->si_pid; }

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (number == SIGCONT) {
        save_asked = 1;
    } else if (number == SIGUSR1) {
        stop_asked = 1;
    } else if (!first_sender) {
        first_sender = info->si_pid ? info->si_pid : -1;
        stop_asked = 1;
    } else if (!handed_on(info)) {
        signal(number, SIG_DFL);
        raise(number); /* comes when this handler has returned */
    }
}

typedef struct watch { int number; bool early, installed; struct sigaction before; } watch;

static watch watched[] = { { .number = SIGUSR1, .early = true }, { .number = SIGCONT, .early = true }, { .number = SIGTERM }, { .number = SIGINT } };
enum { WATCHED = sizeof watched / sizeof *watched };

static void install(watch *w)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    if (!w->installed) w->installed = sigaction(w->number, &action, &w->before) == 0;
}

/* Until there is something to save TERM and INT do what they always do. */
void dnn_train_listen(void)
{
    for (int i = 0; i < WATCHED; i++)
        if (watched[i].early) install(&watched[i]);
}

void signals_install(void)
{
    for (int i = 0; i < WATCHED; i++) install(&watched[i]);
}

/* What comes from now on comes too late; USR1 and CONT are still listened to where they were before the training. */
void signals_remove(bool listening)
{
    for (int i = 0; i < WATCHED; i++) {
        if (!watched[i].installed || (listening && watched[i].early)) continue;
        sigaction(watched[i].number, &watched[i].before, NULL);
        watched[i].installed = false;
    }
    stop_asked = save_asked = first_sender = 0;
}

bool signals_listening(void) { return watched[0].installed; }

uint64_t signals_asked(void)
{
    uint64_t flags = stop_asked ? FLAG_STOP : 0;
    if (!save_asked) return flags;
    save_asked = 0; /* said once; what comes from here on is said the next time */
    return flags | FLAG_WISH_SAVE;
}
