/* The command line of a command, by getopt_long, with messages of our own. */
#include "cli/command.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/number.h"
#include "dnn/base/param.h"

static size_t options_of(const cli_command *command, const cli_option *out[CLI_MAX_OPTIONS])
{
    size_t count = 0;
    for (size_t i = 0; i < command->n_options; i++) out[count++] = &command->options[i];
    for (size_t i = 0; i < cli_common_options_count; i++) out[count++] = &cli_common_options[i];
    DNN_ASSERT(count <= CLI_MAX_OPTIONS);
    return count;
}

static dnn_status unknown(const cli_option *const *options, size_t count, const char *word)
{
    const char *names[CLI_MAX_OPTIONS];
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + strspn(word, "-"), "="), word + strspn(word, "-"));
    for (size_t i = 0; i < count; i++) names[i] = options[i]->name;
    const char *nearest = dnn_nearest(name, names, count);
    return nearest ? dnn_fail(DNN_E_CONFIG, "unknown option '%s'; did you mean '--%s'?", word, nearest)
                   : dnn_fail(DNN_E_CONFIG, "unknown option '%s'", word);
}

/* training.epochs=5 or ~training.epochs (brackets are no part of a path, which its reader will say); a file whose name has a '=' can be given as ./a=b.yaml. */
static bool is_override(const char *word)
{
    static const char key[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.[]";
    return word[0] == '~' || word[strspn(word, key)] == '=';
}

static dnn_status sort_words(cli_call *call, char **words, size_t count)
{
    const cli_command *command = call->command;
    call->words = dnn_alloc(count, sizeof *call->words);
    call->overrides = dnn_alloc(count, sizeof *call->overrides);
    if (!call->words || !call->overrides) return DNN_E_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (command->takes_overrides && is_override(words[i])) call->overrides[call->n_overrides++] = words[i];
        else call->words[call->n_words++] = words[i];
    }
    if (call->n_words < command->least) return dnn_fail(DNN_E_CONFIG, "%s is missing", command->words);
    if (call->n_words <= command->most) return DNN_OK;
    if (command->takes_overrides)
        return dnn_fail(DNN_E_CONFIG, "'%s' is neither an option nor KEY=VALUE", call->words[command->most]);
    return dnn_fail(DNN_E_CONFIG, "'%s' is one word too many", call->words[command->most]);
}

static dnn_status read_options(cli_call *call, int argc, char **argv, const cli_option *const *options, size_t count)
{
    struct option table[CLI_MAX_OPTIONS + 1] = { 0 };
    for (size_t i = 0; i < count; i++)
        table[i] = (struct option){ options[i]->name, options[i]->argument ? required_argument : no_argument, NULL, (int)i + 256 };
    optind = 0; /* starts anew: the program has looked at its own options before */
    opterr = 0;
    for (;;) {
        const int which = getopt_long(argc, argv, ":hq", table, NULL);
        if (which == -1) return DNN_OK;
        const char *word = argv[optind - 1];
        if (which == ':') return dnn_fail(DNN_E_CONFIG, "%s needs a value: %s", word, options[optopt - 256]->argument);
        if (which == '?' && optopt >= 256) return dnn_fail(DNN_E_CONFIG, "--%s takes no value", options[optopt - 256]->name);
        if (which == '?') {
            char letter[3] = { '-', (char)optopt, '\0' };
            return unknown(options, count, optopt ? letter : word);
        }
        const char *name = which == 'h' ? "help" : which == 'q' ? "quiet" : options[which - 256]->name;
        for (size_t i = 0; i < count; i++)
            if (strcmp(options[i]->name, name) == 0) call->value[i] = optarg ? optarg : "";
    }
}

static bool is_choice(const char *choices, const char *word)
{
    for (;;) {
        const size_t length = strcspn(choices, "|");
        if (strlen(word) == length && strncmp(choices, word, length) == 0) return true;
        if (!choices[length]) return false;
        choices += length + 1;
    }
}

static dnn_status judge(const cli_option *option, const char *text)
{
    int64_t number;
    if (!text && option->required) return dnn_fail(DNN_E_CONFIG, "--%s %s is missing: %s", option->name, option->argument, option->help);
    if (!text) return DNN_OK;
    if (option->kind == CLI_NUMBER && (!dnn_integer_read(text, &number) || number < 1 || number > INT_MAX))
        return dnn_fail(DNN_E_CONFIG, "--%s %s: must be a whole number >= 1", option->name, text);
    if (option->kind == CLI_CHOICE && !is_choice(option->argument, text))
        return dnn_fail(DNN_E_CONFIG, "--%s %s: must be one of %s", option->name, text, option->argument);
    return DNN_OK;
}

dnn_status cli_parse(const cli_command *command, int argc, char **argv, cli_call *call)
{
    const cli_option *options[CLI_MAX_OPTIONS];
    const size_t count = options_of(command, options);
    *call = (cli_call){ .command = command };
    dnn_status st = read_options(call, argc, argv, options, count);
    if (st == DNN_OK && (cli_value(call, "help") || cli_value(call, "version"))) return DNN_OK; /* whatever else is there or missing */
    if (st == DNN_OK) st = sort_words(call, argv + optind, (size_t)(argc - optind));
    for (size_t i = 0; i < count && st == DNN_OK; i++) st = judge(options[i], call->value[i]);
    if (st != DNN_OK) cli_call_clear(call);
    return st;
}

void cli_call_clear(cli_call *call)
{
    dnn_free(call->words);
    dnn_free(call->overrides);
    *call = (cli_call){ 0 };
}

const char *cli_value(const cli_call *call, const char *option)
{
    const cli_option *options[CLI_MAX_OPTIONS];
    const size_t count = options_of(call->command, options);
    size_t i = 0;
    while (i < count && strcmp(options[i]->name, option) != 0) i++;
    DNN_ASSERT(i < count);
    return call->value[i];
}

int cli_number(const cli_call *call, const char *option, int otherwise)
{
    const char *text = cli_value(call, option);
    int64_t value = otherwise;
    DNN_ASSERT(!text || (dnn_integer_read(text, &value) && value <= INT_MAX)); /* cli_parse has looked */
    return (int)value;
}
