/* What a command is. One table of commands and options (commands.c) is all there is: parsing, help and the command reference
 * read it. Private to `cli`. */
#ifndef DNN_CLI_COMMAND_H
#define DNN_CLI_COMMAND_H

#include "dnn/comm/comm.h"

/* What an option's argument may be; anything else is wrong usage, found before any work begins. */
typedef enum cli_argument { CLI_ANY, CLI_NUMBER /* whole, from 1 */, CLI_CHOICE /* one of those that `argument` spells */ } cli_argument;

typedef struct cli_option {
    const char *name;      /* "resume", written --resume */
    const char *argument;  /* "auto|never|FILE"; NULL: none */
    const char *help;
    cli_argument kind;
    bool required, hidden; /* hidden: not in the help */
} cli_option;

enum { CLI_MAX_OPTIONS = 16 };

typedef struct cli_command cli_command;

/* One call of a command, as read from the command line. Texts are borrowed from argv. */
typedef struct cli_call {
    const cli_command *command;
    const char *value[CLI_MAX_OPTIONS]; /* by option, own ones first, then common ones; NULL: not given, "" for one without argument */
    const char **words; size_t n_words;         /* what stands on its own, in order */
    const char **overrides; size_t n_overrides; /* KEY=VALUE and ~KEY, in order */
    dnn_comm *comm;                     /* NULL for commands that need no ranks */
} cli_call;

struct cli_command {
    const char *name;
    const char *words;         /* "RUN.yaml": what stands on its own, for the usage line */
    const char *help;          /* one line */
    const char *details;       /* more lines for `COMMAND --help` */
    const cli_option *options; size_t n_options;
    size_t least, most;        /* words; SIZE_MAX: any number */
    bool takes_overrides;
    bool needs_ranks;          /* starts MPI; the others act on launcher rank 0 alone */
    void (*before)(void);      /* called before MPI starts; NULL: nothing */
    dnn_status (*run)(const cli_call *call);
};

/* commands.c */
extern const cli_command *const cli_commands[];
extern const size_t cli_commands_count;
extern const cli_option cli_common_options[];
extern const size_t cli_common_options_count;
const cli_command *cli_command_find(const char *name); /* NULL: none */

/* options.c: reads argv[1 …] of a command (argv[0] is its name). DNN_E_CONFIG says what is wrong. `call` is cleared by cli_call_clear. */
dnn_status cli_parse(const cli_command *command, int argc, char **argv, cli_call *call);
void cli_call_clear(cli_call *call);
/* The option's argument ("" where it takes none); NULL where it was not given. Naming an option the command lacks is a fault. */
const char *cli_value(const cli_call *call, const char *option);
/* The argument of an option of kind CLI_NUMBER; `otherwise` where it was not given. */
int cli_number(const cli_call *call, const char *option, int otherwise);
/* The dnn_part of --part; -1 where it was not given. */
int cli_part(const cli_call *call);
const char *cli_part_name(int part);

/* help.c */
void cli_help_all(void);
void cli_help_command(const cli_command *command);
void cli_help_markdown(void);
void cli_version(void);

/* run.c: the whole program; returns the exit status. */
int cli_run(int argc, char **argv);

/* cmd_….c */
extern const cli_command cli_train, cli_evaluate, cli_predict, cli_summary, cli_check, cli_verify, cli_export, cli_checkpoint, cli_bench, cli_list;

#endif
