/* The step that adam and adamw share. */
#ifndef DNN_OPTIM_ADAM_H
#define DNN_OPTIM_ADAM_H

#include "dnn/optim/optimizer.h"

enum { ADAM_M, ADAM_V, ADAM_V_MAX, ADAM_SLOTS };
extern const char *const adam_slot_names[ADAM_SLOTS];

/** One update as written in adam.c; before it w -= decay · w, where `decay` is not 0. */
void adam_step(const dnn_update *u, double beta_1, double beta_2, double epsilon, bool amsgrad);
/** The same of a whole tensor, for `serial`. */
void adam_serial(const dnn_serial_update *u, double beta_1, double beta_2, double epsilon, bool amsgrad);

#endif
