/* csv_logger - a table of the values of each epoch as Keras's callback of that name writes it: epochs from 0, then the values in the order of their
 * names (keras/src/callbacks/csv_logger.py). history.csv, which there always is, has the same values with epochs from 1, times and rate. */
#include <string.h>

#include "dnn/base/memory.h"
#include "dnn/base/number.h"
#include "train/folder/log_file.h"

typedef struct csv_logger {
    char *filename, *separator;
    bool append;
} csv_logger;

static const dnn_param params[] = {
    DNN_STRING(csv_logger, filename, "log.csv", "name of the file in the output folder"),
    DNN_STRING(csv_logger, separator, "null", "what stands between two values; null: a comma"),
    DNN_BOOL(csv_logger, append, "false", "keep what the file already holds"),
};

static dnn_status begin(const dnn_component *component, const char *const *names, size_t count, void *state)
{
    (void)names, (void)count, (void)state;
    const csv_logger *p = component->params;
    if (!p->filename || !p->filename[0]) return dnn_place_fail(DNN_E_CONFIG, component->place, "csv_logger.filename: must be the name of a file");
    if (p->separator && (!p->separator[0] || strpbrk(p->separator, "\"\r\n")))
        return dnn_place_fail(DNN_E_CONFIG, component->place, "csv_logger.separator: must be a text without quotes and ends of lines");
    return DNN_OK;
}

static void sort_by_name(const char *const *names, size_t count, size_t *order)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && strcmp(names[order[at - 1]], names[i]) > 0; at--) order[at] = order[at - 1];
        order[at] = i;
    }
}

static void epoch_end(const void *params_, void *state, const dnn_report *report, dnn_wish *wish)
{
    const csv_logger *p = params_;
    if (!report->writes) return;
    size_t *order = dnn_alloc(report->count, sizeof *order);
    growing header = { 0 }, line = { 0 };
    const char *separator = p->separator ? p->separator : ",";
    char number[DNN_NUMBER_TEXT];
    if (order) sort_by_name(report->names, report->count, order);
    growing_add(&header, "epoch");
    growing_add(&line, "%llu", (unsigned long long)report->epoch - 1);
    for (size_t i = 0; order && i < report->count; i++) {
        growing_add(&header, "%s", separator);
        growing_add_field(&header, report->names[order[i]], separator);
        growing_add(&line, "%s%s", separator, dnn_number_text(report->values[order[i]], number));
    }
    growing_add(&header, "\n");
    growing_add(&line, "\n");
    wish->status = order ? log_file_write(state, report->output, p->filename, p->append, header.text, line.text) : DNN_E_MEMORY;
    dnn_free(header.text);
    dnn_free(line.text);
    dnn_free(order);
}

const dnn_callback_kind dnn_callback_csv_logger = {
    .kind = { .name = "csv_logger", .help = "writes the values of each epoch to one more table, as Keras does",
              .params_size = sizeof(csv_logger), DNN_PARAMS(params), .keras = "CSVLogger" },
    .state_size = sizeof(log_file), .begin = begin, .epoch_end = epoch_end, .save = log_file_save, .load = log_file_load,
};
