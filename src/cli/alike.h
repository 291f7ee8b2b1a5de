/* All ranks are one job only if they run one program with one command line. Private to `cli`. */
#ifndef DNN_CLI_ALIKE_H
#define DNN_CLI_ALIKE_H

#include "cli/command.h"

/* Collective over call->comm: DNN_E_RANKS, naming a rank and what it has otherwise than rank 0, where they are not alike. --threads and
 * --quiet are a rank's own affair. Without it, ranks that count on different epochs would wait for each other until the time-out. */
dnn_status alike_check(const cli_call *call);

#endif
