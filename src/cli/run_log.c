#include "cli/run_log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dnn/base/memory.h"
#include "dnn/base/status.h"
#include "dnn/io/file.h"
#include "dnn/io/text.h"

static bool keeps;
static char *path;       /* owned; NULL: not open yet */
static dnn_text waiting; /* until then */

void run_log_begin(void)
{
    run_log_end();
    keeps = true;
}

void run_log_end(void)
{
    dnn_text_clear(&waiting);
    waiting.failed = false;
    dnn_free(path);
    path = NULL;
    keeps = false;
}

/* A failure of the log must not take the place of the message that is about to be told. */
static bool write_out(const char *text, bool anew)
{
    char before[1024];
    snprintf(before, sizeof before, "%s", dnn_fail_text());
    if ((anew ? dnn_file_write(path, text, strlen(text)) : dnn_file_append(path, text)) == DNN_OK) return true;
    run_log_end();
    if (*before) dnn_fail(DNN_E_IO, "%s", before);
    return false;
}

void run_log_open(const char *folder, bool anew)
{
    if (!keeps || path) return;
    path = dnn_format("%s/log.txt", folder);
    if (!path || !waiting.at) return;
    write_out(waiting.at, anew);
    dnn_text_clear(&waiting);
}

bool run_log_add(const char *kind, const char *text)
{
    char line[4096], when[32] = "";
    struct tm local;
    const time_t now = time(NULL);
    if (!keeps) return true;
    if (localtime_r(&now, &local)) strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &local);
    snprintf(line, sizeof line, "%s %s%s\n", when, kind, text);
    if (path) return write_out(line, false);
    dnn_text_add(&waiting, line);
    return true;
}
