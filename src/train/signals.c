/* Signals set a flag; the flag travels with the step's control record, so one signalled rank is enough and all stop at the same step.
 * USR1, TERM, INT: save, end with 75. */
#include <signal.h>
#include <string.h>

#include "train/trainer.h"

static volatile sig_atomic_t stop_asked;
static const int watched[] = { SIGUSR1, SIGTERM, SIGINT };
enum { WATCHED = sizeof watched / sizeof *watched };
static struct sigaction before[WATCHED];

static void on_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

void signals_install(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    stop_asked = 0;
    for (int i = 0; i < WATCHED; i++) sigaction(watched[i], &action, &before[i]);
}

void signals_remove(void)
{
    for (int i = 0; i < WATCHED; i++) sigaction(watched[i], &before[i], NULL);
}

uint64_t signals_asked(void) { return stop_asked ? FLAG_STOP : 0; }
