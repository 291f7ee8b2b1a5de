/* A first look at what must be known before the ranks can talk. Private to `cli`. */
#ifndef DNN_CLI_PEEK_H
#define DNN_CLI_PEEK_H

#include "cli/command.h"

/* The watchdog begins with MPI, so this rank looks up `comm.timeout` (run file, command line) on its own before any has read the run file for
 * good. What is wrong with either is said later, in its place. Local. */
void peek_timeout(const cli_call *call);
/* `output` likewise, cut to `size`; "" where it is not to be had. */
void peek_output(const cli_call *call, char *out, size_t size);

#endif
