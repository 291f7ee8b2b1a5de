/** Text to trees of nodes and back: run files (YAML 1.2, strict subset, libfyaml) and JSON (jansson). Local. */
#ifndef DNN_IO_TREE_H
#define DNN_IO_TREE_H

#include "dnn/base/node.h"

/** Parses a run file from memory; `name` is what messages call it. Refuses with DNN_E_CONFIG and file:line:column: over 1 MiB, deeper than 32,
 * over 1,000 keys in a map, anchors, aliases, merge keys, tags, duplicate keys, a second document, an empty file, octal,
 * yes/no/on/off, UTF-16. */
dnn_status dnn_yaml_parse(const char *text, size_t length, const char *name, dnn_node **out);
/** One value as on the command line: "0.1", "[1, 2]", "{adam: {learning_rate: 0.01}}"; places say "command line". */
dnn_status dnn_yaml_value(const char *text, dnn_node **out);
/** The tree as a YAML file that parses to an equal tree; owned by the caller (dnn_free). */
dnn_status dnn_yaml_write(const dnn_node *root, char **out);

dnn_status dnn_json_parse(const char *text, size_t length, const char *name, dnn_node **out);
/** Compact JSON; NaN and Inf fail. */
dnn_status dnn_json_write(const dnn_node *root, char **out);

#endif
