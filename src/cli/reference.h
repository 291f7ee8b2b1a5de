/* What can be written in a run file, printed from the registries. Private to `cli`. */
#ifndef DNN_CLI_REFERENCE_H
#define DNN_CLI_REFERENCE_H

#include "cli/table.h"
#include "dnn/base/param.h"

/* The families of components in the order they are printed. */
extern const dnn_family *const cli_families[];
extern const size_t cli_families_count;
/* "layers" for the family "layer"; returns `out`. */
const char *cli_family_plural(const dnn_family *family, char out[64]);
/* By either name; NULL: none. */
const dnn_family *cli_family_find(const char *name);

/* "number", "one of valid, same", "layer", "list of texts" … */
const char *cli_type_text(const dnn_param *row, char out[256]);
/* Rows as key, value, default, range, help; sections follow with their keys as paths. `heading` adds the head. `code` puts keys into backticks. */
void cli_rows(table *t, const dnn_param *rows, size_t count, const char *path, bool code);
void cli_rows_head(table *t);

/* The whole reference as a page. */
dnn_status cli_reference_markdown(void);

#endif
