/** Text to trees of nodes and back: run files (YAML 1.2, strict subset, libfyaml) and JSON (jansson). Local. */
#ifndef DNN_IO_TREE_H
#define DNN_IO_TREE_H

#include "dnn/base/node.h"

/** Parses a run file from memory; `name` is what messages call it. The caller owns `*out` (dnn_node_destroy); NULL on
 * failure. Every node knows line and column (from 1, in characters) of its value and of its key.
 *
 * Plain scalars follow the core schema of YAML 1.2: null and ~ and nothing, true and false, decimal numbers ("1e-3" is
 * one), .inf, .nan; numbers keep their text; a whole number beyond 64 bits is a real. yes, no, on, off are strings:
 * whoever wants a boolean names true and false. Quoted scalars are strings whatever they look like. Keys are text.
 *
 * Refused with DNN_E_CONFIG and file:line:column: anchors, aliases, merge keys, tags, directives, a key repeated, a key
 * that is a list or map, a second document, an empty file, octal and hexadecimal numbers, numbers beyond double, UTF-16
 * and malformed UTF-8, control characters; and, so that a hostile file costs at most about 0.1 s and 64 MB: over 1 MiB,
 * lines over 64 KiB, deeper than 32, over 1,000 keys in a map, over 20,000 keys and values, over 100,000 brackets,
 * commas and quotes, thousands of blanks in a row. */
dnn_status dnn_yaml_parse(const char *text, size_t length, const char *name, dnn_node **out);
/** One value as on the command line: "0.1", "[1, 2]", "{adam: {learning_rate: 0.01}}"; places say "command line". An
 * empty text fails. */
dnn_status dnn_yaml_value(const char *text, dnn_node **out);
/** The tree as a YAML file that parses to an equal tree, in block style with short lists and maps of parameters on one
 * line; owned by the caller (dnn_free). DNN_E_CONFIG: a text that is not UTF-8, a key over 500 bytes, more than
 * dnn_yaml_parse would read. */
dnn_status dnn_yaml_write(const dnn_node *root, char **out);

/** JSON (RFC 8259). Refused with DNN_E_CONFIG and file:line:column: a key repeated, deeper than 200, numbers beyond
 * double or 64-bit integers, NaN and Infinity, malformed UTF-8. Nodes know the file only. */
dnn_status dnn_json_parse(const char *text, size_t length, const char *name, dnn_node **out);
/** JSON on one line; reals have the shortest text that reads back to the same double. NaN, Inf and texts that are not
 * UTF-8 fail (DNN_E_CONFIG). Owned by the caller (dnn_free). */
dnn_status dnn_json_write(const dnn_node *root, char **out);

#endif
