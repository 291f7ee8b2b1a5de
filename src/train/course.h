/* Whether a run file goes on with the training that a checkpoint was written by. Private to `train`. Local. */
#ifndef DNN_TRAIN_COURSE_H
#define DNN_TRAIN_COURSE_H

#include "dnn/base/node.h"

/* `saved` and `present`: resolved run files. Keys that change the course of the training and differ are named in a warning where `speaks`; within an
 * epoch those that would have rows seen twice or never, or unlike sums added up, are DNN_E_CONFIG. More epochs, another folder, other saves and logs
 * change nothing. */
dnn_status course_compare(const char *file, const dnn_node *saved, const dnn_node *present, bool within_epoch, bool speaks);

#endif
