/* Whether a run file goes on with the training that a checkpoint was written by. Private to `train`. Local. */
#ifndef DNN_TRAIN_COURSE_H
#define DNN_TRAIN_COURSE_H

#include "dnn/base/node.h"

enum { COURSE_TEXT = 700 };

/* `saved` and `present`: resolved run files. `changes` [COURSE_TEXT] names the keys that change the course of the training and differ, "" where there are
 * none: the user should be told. Within an epoch those that would have rows seen twice or never, or unlike sums added up, are DNN_E_CONFIG. More epochs,
 * another folder, other saves and logs change nothing. */
dnn_status course_compare(const char *file, const dnn_node *saved, const dnn_node *present, bool within_epoch, char *changes);

#endif
