/** The bytes of a run file before any parser sees them. Local. */
#ifndef DNN_IO_YAML_CHECK_H
#define DNN_IO_YAML_CHECK_H

#include <stddef.h>
#include "dnn/base/status.h"

/* Of what is read, and so of what is written: levels, keys of one map, keys and values of a file. */
enum { YAML_MAX_DEPTH = 32, YAML_MAX_KEYS = 1000, YAML_MAX_VALUES = 20000 };

/** DNN_E_CONFIG with file:line:column: over 1 MiB, UTF-16, malformed UTF-8, control characters, a line over 64 KiB, a
 * directive, more flow marks or white space than libfyaml can take in 0.1 s and 64 MB. */
dnn_status dnn_yaml_check(const char *text, size_t length, const char *file);

#endif
