#include "cli/peek.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "dnn/base/memory.h"
#include "dnn/comm/watch.h"
#include "dnn/io/file.h"
#include "dnn/io/tree.h"
#include "dnn/train/config.h"

enum { LIMIT = 1 << 20 };

/* Regular files alone: what comes through a pipe can be read once. */
static dnn_node *run_file_of(const cli_call *call)
{
    struct stat s;
    char *text = NULL;
    size_t length = 0;
    dnn_node *root = NULL;
    if (call->n_words == 0 || !strstr(call->command->words, "RUN.yaml")) return NULL;
    const char *path = call->words[0];
    if (stat(path, &s) != 0 || !S_ISREG(s.st_mode) || dnn_file_read(path, LIMIT, DNN_E_CONFIG, &text, &length) != DNN_OK) return NULL;
    if (dnn_yaml_parse(text, length, path, &root) != DNN_OK) root = NULL;
    dnn_free(text);
    return root;
}

static double number_of(const dnn_node *n)
{
    if (!n) return NAN;
    return n->type == DNN_NODE_INT ? (double)n->integer : n->type == DNN_NODE_REAL ? n->real : NAN;
}

/* With those overrides that begin with `key`. NULL where memory is missing. */
static dnn_node *run_as_called(const cli_call *call, const char *key)
{
    dnn_node *root = run_file_of(call);
    if (!root) root = dnn_node_map();
    for (size_t i = 0; root && i < call->n_overrides; i++)
        if (strncmp(call->overrides[i], key, strlen(key)) == 0) dnn_config_override(root, &call->overrides[i], 1);
    return root;
}

void peek_output(const cli_call *call, char *out, size_t size)
{
    dnn_node *root = run_as_called(call, "output");
    const dnn_node *output = root ? dnn_node_at(root, "output") : NULL;
    snprintf(out, size, "%s", output && output->text ? output->text : "");
    dnn_node_destroy(root);
    dnn_fail_clear();
}

void peek_timeout(const cli_call *call)
{
    dnn_node *root = run_as_called(call, "comm");
    const double seconds = number_of(root ? dnn_node_at(root, "comm.timeout") : NULL);
    if (seconds > 0) dnn_watch_timeout(seconds);
    dnn_node_destroy(root);
    dnn_fail_clear();
}
