/** What a plain (unquoted) scalar of a run file means: the core schema of YAML 1.2, less what readers of YAML 1.1 take
 * for something else. Local. */
#ifndef DNN_IO_SCALAR_H
#define DNN_IO_SCALAR_H

#include "dnn/base/node.h"

typedef struct dnn_scalar {
    dnn_node_type type; /**< null, bool, int, real or string */
    bool boolean;
    int64_t integer;
    double real;
    const char *refused; /**< why it may not be written so, and what would be right; NULL: fine */
} dnn_scalar;

/** `yes`, `no`, `on`, `off` are strings here: whoever wants a boolean says true or false in its message. */
dnn_scalar dnn_scalar_read(const char *text);

#endif
