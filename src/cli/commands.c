/* The table of commands, and the options that every one of them takes. */
#include "cli/command.h"

#include <string.h>

const cli_command *const cli_commands[] = {
    &cli_train, &cli_evaluate, &cli_predict, &cli_summary, &cli_check, &cli_verify, &cli_export, &cli_checkpoint, &cli_bench, &cli_list,
};
const size_t cli_commands_count = sizeof cli_commands / sizeof *cli_commands;

const cli_option cli_common_options[] = {
    { "threads", "N", "workers in each rank that share its memory; default 1", .kind = CLI_NUMBER },
    { "plugin", "FILE[:FILE…]", .help = "shared objects with components of one's own, beside those that the run file names; a model file that needs them says so" },
    { "quiet", NULL, .help = "no progress and no remarks; warnings and errors stay" },
    { "help", NULL, .help = "this text" },
    { "version", NULL, .help = "versions of the program and of its libraries" },
};
const size_t cli_common_options_count = sizeof cli_common_options / sizeof *cli_common_options;

const cli_command *cli_command_find(const char *name)
{
    for (size_t i = 0; i < cli_commands_count; i++)
        if (strcmp(cli_commands[i]->name, name) == 0) return cli_commands[i];
    return NULL;
}
