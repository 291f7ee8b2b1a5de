/** Numbers as text and back, the same in every locale. Local. */
#ifndef DNN_BASE_NUMBER_H
#define DNN_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DNN_NUMBER_TEXT = 32 }; /**< bytes that hold any number's text */

/** The shortest of 15, 16 or 17 digits that reads back to the same double ("0.1", "3", "nan", "inf", "-inf"); returns `out`. */
const char *dnn_number_text(double value, char out[DNN_NUMBER_TEXT]);
/** Likewise for a float: 6 to 9 digits. */
const char *dnn_float_text(float value, char out[DNN_NUMBER_TEXT]);
/** The whole text as a finite decimal number ("7", "-1.5e-3"); false where it is anything else (empty, blanks, hex, inf). */
bool dnn_number_read(const char *text, double *value);
/** The whole text as a decimal whole number without leading zeros. */
bool dnn_integer_read(const char *text, int64_t *value);

#endif
