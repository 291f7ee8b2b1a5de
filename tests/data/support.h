/* What the tests of this room share: opening a data section written as YAML, small files, the folder of published data.
 */
#ifndef DNN_TESTS_DATA_SUPPORT_H
#define DNN_TESTS_DATA_SUPPORT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "dnn/base/memory.h"
#include "dnn/base/node.h"
#include "dnn/data/dataset.h"
#include "dnn/io/tree.h"
#include "support/published.h"

/* Reads the section; the text may use `%s` for what follows. */
__attribute__((format(printf, 2, 3))) static inline dnn_status read_section(dnn_data_config *config, const char *format,
                                                                            ...)
{
    char text[8192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dnn_node *node = NULL;
    dnn_status st = dnn_yaml_parse(text, strlen(text), "test.yaml", &node);
    if (st == DNN_OK) st = dnn_params_read(dnn_data_params, DNN_DATA_PARAMS, "data", node, config);
    dnn_node_destroy(node);
    return st;
}

static inline void clear_section(dnn_data_config *config)
{
    dnn_params_clear(dnn_data_params, DNN_DATA_PARAMS, config);
}

/* One rank without MPI. */
typedef struct opened {
    dnn_team *team;
    dnn_dataset *ds;
} opened;

static inline dnn_status open_fitted(opened *o, uint64_t seed, const dnn_node *fitted, const char *text)
{
    *o = (opened){0};
    dnn_data_config config = {0};
    dnn_status st = read_section(&config, "%s", text);
    if (st == DNN_OK) st = dnn_team_create(NULL, DNN_TEAM_RANK, 1, &o->team);
    if (st == DNN_OK) st = dnn_dataset_open(o->team, &config, seed, fitted, &o->ds);
    clear_section(&config);
    return st;
}

static inline dnn_status open_text(opened *o, uint64_t seed, const char *text)
{
    return open_fitted(o, seed, NULL, text);
}

static inline void close_opened(opened *o)
{
    dnn_dataset_close(o->ds);
    if (o->team != NULL) dnn_team_destroy(o->team);
    *o = (opened){0};
}

static inline void must_open(opened *o, uint64_t seed, const char *text)
{
    const dnn_status st = open_text(o, seed, text);
    if (st != DNN_OK) fail_msg("%s\n%s", text, dnn_fail_text());
}

/* Fails with `status`, the message naming all of the NULL-ended words. */
static inline void must_fail(dnn_status status, const char *text, ...)
{
    opened o;
    dnn_fail_clear();
    const dnn_status st = open_text(&o, 0, text);
    if (st != status) fail_msg("%s\ngave %d (%s) instead of %d", text, st, dnn_fail_text(), status);
    va_list words;
    va_start(words, text);
    for (const char *word; (word = va_arg(words, const char *)) != NULL;)
        if (strstr(dnn_fail_text(), word) == NULL) fail_msg("'%s' does not name '%s'", dnn_fail_text(), word);
    va_end(words);
    close_opened(&o);
}

static inline float input_at(const opened *o, dnn_part part, uint64_t row, size_t input, size_t unit)
{
    float values[4096];
    dnn_dataset_gather_input(o->ds, part, &row, 1, input, values);
    return values[unit];
}

static inline float target_at(const opened *o, dnn_part part, uint64_t row)
{
    float values[64];
    dnn_dataset_gather_target(o->ds, part, &row, 1, 0, values);
    return values[0];
}

/* A folder that goes away at the end of the program. */
static inline const char *scratch_folder(void)
{
    static char folder[64];
    if (folder[0] == 0) {
        snprintf(folder, sizeof folder, "/tmp/dnn-data-XXXXXX");
        if (mkdtemp(folder) == NULL) fail_msg("no scratch folder");
    }
    return folder;
}

static inline const char *scratch_path(const char *name)
{
    static char paths[8][256];
    static int next;
    char *const path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", scratch_folder(), name);
    return path;
}

static inline const char *write_bytes(const char *name, const void *data, size_t length)
{
    const char *const path = scratch_path(name);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(data, 1, length, f) != length || fclose(f) != 0) fail_msg("cannot write %s", path);
    return path;
}

static inline const char *write_text(const char *name, const char *text)
{
    return write_bytes(name, text, strlen(text));
}

static inline void remove_scratch(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", scratch_folder());
    if (system(command) != 0) fail_msg("cannot remove %s", scratch_folder());
}

/* Ends a program of tests: its files go, and all that was allocated is free again. */
__attribute__((unused)) static int nothing_is_left(void **state)
{
    (void)state;
    remove_scratch();
    dnn_place_forget();
    return dnn_memory_balance() == 0 ? 0 : -1;
}

#endif
