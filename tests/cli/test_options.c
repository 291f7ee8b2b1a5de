#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/command.h"
#include "dnn/base/memory.h"

enum { MOST = 12 };

/* Parses "train a.yaml …", cut at blanks. */
static dnn_status parse(const char *line, cli_call *call)
{
    static char text[512]; /* the call borrows from it */
    static char *argv[MOST + 1];
    int argc = 0;
    strcpy(text, line);
    for (char *word = strtok(text, " "); word && argc < MOST; word = strtok(NULL, " ")) argv[argc++] = word;
    argv[argc] = NULL;
    return cli_parse(cli_command_find(argv[0]), argc, argv, call);
}

static void words_options_and_overrides_are_told_apart(void **state)
{
    (void)state;
    cli_call call;
    assert_int_equal(parse("train run.yaml training.epochs=5 --resume auto ~data.split --threads=3 output=a/b=c", &call), DNN_OK);
    assert_int_equal(call.n_words, 1);
    assert_string_equal(call.words[0], "run.yaml");
    assert_int_equal(call.n_overrides, 3);
    assert_string_equal(call.overrides[0], "training.epochs=5");
    assert_string_equal(call.overrides[1], "~data.split");
    assert_string_equal(call.overrides[2], "output=a/b=c");
    assert_string_equal(cli_value(&call, "resume"), "auto");
    assert_null(cli_value(&call, "overwrite"));
    assert_int_equal(cli_number(&call, "threads", 1), 3);
    cli_call_clear(&call);
}

static void an_override_may_stand_before_the_run_file(void **state)
{
    (void)state;
    cli_call call;
    assert_int_equal(parse("train seed=3 run.yaml", &call), DNN_OK);
    assert_string_equal(call.words[0], "run.yaml");
    assert_string_equal(call.overrides[0], "seed=3");
    cli_call_clear(&call);
}

static void a_file_with_an_equals_sign_is_a_file_where_it_has_a_path(void **state)
{
    (void)state;
    cli_call call;
    assert_int_equal(parse("train ./lr=0.1.yaml", &call), DNN_OK);
    assert_string_equal(call.words[0], "./lr=0.1.yaml");
    cli_call_clear(&call);
    assert_int_equal(parse("train -- run.yaml", &call), DNN_OK);
    assert_string_equal(call.words[0], "run.yaml");
    cli_call_clear(&call);
}

static void options_left_out_have_their_defaults(void **state)
{
    (void)state;
    cli_call call;
    assert_int_equal(parse("evaluate m.h5", &call), DNN_OK);
    assert_int_equal(cli_number(&call, "threads", 1), 1);
    assert_int_equal(cli_part(&call), -1);
    assert_null(cli_value(&call, "quiet"));
    cli_call_clear(&call);
    assert_int_equal(parse("evaluate m.h5 --part validation -q", &call), DNN_OK);
    assert_string_equal(cli_part_name(cli_part(&call)), "validation");
    assert_non_null(cli_value(&call, "quiet"));
    cli_call_clear(&call);
}

static void wrong_usage_is_named_with_what_would_be_right(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "train", "RUN.yaml is missing" },
        { "train seed=1", "RUN.yaml is missing" },
        { "train a.yaml b.yaml", "'b.yaml' is neither an option nor KEY=VALUE" },
        { "train a.yaml --resmue auto", "unknown option '--resmue'; did you mean '--resume'?" },
        { "train a.yaml --resmue=auto", "unknown option '--resmue=auto'; did you mean '--resume'?" },
        { "train a.yaml --zzz", "unknown option '--zzz'" },
        { "train a.yaml -x", "unknown option '-x'" },
        { "train a.yaml --resume", "--resume needs a value: auto|never|FILE" },
        { "train a.yaml --overwrite=yes", "--overwrite takes no value" },
        { "train a.yaml --threads 0", "--threads 0: must be a whole number >= 1" },
        { "train a.yaml --threads two", "--threads two: must be a whole number >= 1" },
        { "train a.yaml --threads 99999999999", "--threads 99999999999: must be a whole number >= 1" },
        { "evaluate m.h5 --part tests", "--part tests: must be one of train|validation|test" },
        { "evaluate m.h5 --part tes", "--part tes: must be one of train|validation|test" },
        { "predict m.h5", "--out FILE.h5|FILE.csv is missing: where to" },
        { "predict m.h5 --out a.csv --mc -1", "--mc -1: must be a whole number >= 1" },
        { "list a b c", "'c' is one word too many" },
        { "checkpoint list", "list|verify|diff PATH … is missing" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cli_call call;
        assert_int_equal(parse(cases[i][0], &call), DNN_E_CONFIG);
        assert_string_equal(dnn_fail_text(), cases[i][1]);
    }
}

static void help_is_given_whatever_else_is_missing(void **state)
{
    (void)state;
    cli_call call;
    static const char *const lines[] = { "train --help", "predict -h", "evaluate a b c --help", "train --version" };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_int_equal(parse(lines[i], &call), DNN_OK);
        assert_true(cli_value(&call, "help") || cli_value(&call, "version"));
        cli_call_clear(&call);
    }
}

static void every_command_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < cli_commands_count; i++) {
        const cli_command *c = cli_commands[i];
        assert_true(c->name && *c->name && c->words && c->help && *c->help && c->run);
        assert_true(c->n_options + cli_common_options_count <= CLI_MAX_OPTIONS);
        assert_ptr_equal(cli_command_find(c->name), c);
        for (size_t o = 0; o < c->n_options; o++) {
            assert_non_null(c->options[o].help);
            assert_true(c->options[o].argument || c->options[o].kind == CLI_ANY);
        }
        assert_true(!c->details || c->details[strlen(c->details) - 1] == '\n');
    }
    assert_null(cli_command_find("trains"));
}

static int nothing_is_left(void **state)
{
    (void)state;
    return dnn_memory_balance() == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_options_and_overrides_are_told_apart),
        cmocka_unit_test(an_override_may_stand_before_the_run_file),
        cmocka_unit_test(a_file_with_an_equals_sign_is_a_file_where_it_has_a_path),
        cmocka_unit_test(options_left_out_have_their_defaults),
        cmocka_unit_test(wrong_usage_is_named_with_what_would_be_right),
        cmocka_unit_test(help_is_given_whatever_else_is_missing),
        cmocka_unit_test(every_command_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
