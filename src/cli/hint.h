/* What was probably meant by a file on the command line that cannot be used. Private to `cli`. */
#ifndef DNN_CLI_HINT_H
#define DNN_CLI_HINT_H

#include "cli/command.h"

/* Whether the file is one of HDF5, by its first bytes or, where it cannot be looked at, by its name. */
bool hint_is_hdf5(const char *path);
/* For a command that failed with the text `message`: "; did you mean 'run.yaml'?" or the like where it is about a file that the
 * command line names, else "". Returns `out`. */
const char *hint_of(const cli_call *call, const char *message, char out[512]);

#endif
