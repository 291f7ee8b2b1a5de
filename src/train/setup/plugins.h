/* Between the files of plug-ins. Private to `train`. */
#ifndef DNN_TRAIN_PLUGINS_H
#define DNN_TRAIN_PLUGINS_H

#include "dnn/train/plugin.h"

/* plugin_register.c */
void plugin_families_forget(void);

#endif
