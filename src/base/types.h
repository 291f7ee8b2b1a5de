/* What each type of parameter row can do. Private to base. */
#ifndef DNN_BASE_TYPES_H
#define DNN_BASE_TYPES_H

#include "dnn/base/param.h"

/** By dnn_param_type. `node` is not null, `field` zeroed; what a failed reader has made stays for the clearer. */
extern dnn_status (*const dnn_param_readers[])(const dnn_param *row, const char *path, const dnn_node *node, void *field);
/** Frees what the field owns and zeroes it. */
extern void (*const dnn_param_clearers[])(const dnn_param *row, void *field);
/** The node that reads back to the field; NULL when out of memory. */
extern dnn_node *(*const dnn_param_writers[])(const dnn_param *row, const void *field);
/** Into a zeroed field; a failed one is left to the clearer. */
extern dnn_status (*const dnn_param_copiers[])(const dnn_param *row, const void *from, void *to);

#endif
