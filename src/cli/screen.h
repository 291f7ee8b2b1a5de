/* What people see beside results: messages on stderr, a moving line where there is a terminal. Rank 0 alone speaks. Thread-safe. */
#ifndef DNN_CLI_SCREEN_H
#define DNN_CLI_SCREEN_H

#include <stdbool.h>
#include "dnn/base/status.h"

/* Takes the log. `speaks`: this rank is the one that prints; `quiet`: warnings and errors only. */
void screen_open(bool speaks, bool quiet);
void screen_close(void);
/* "dnn-mpi: text", the last line of a run that failed. */
void screen_error(const char *text);
/* Columns of the terminal that results go to; 0: they go elsewhere. */
int screen_result_columns(void);
/* Columns of the terminal a moving line can be shown on; 0: there is none, or it is not wanted. */
int screen_columns(void);
bool screen_has_colors(void);
bool screen_has_utf8(void);
/* "2.4s", "35s", "1:05", "1:02:03". Returns `out`. */
const char *screen_time(double seconds, char out[32]);
/* Shows `text` in place of the moving line before. */
void screen_move(const char *text);
/* Removes the moving line and writes a lasting one where it was; NULL: none. Without a terminal, to stderr. */
void screen_line(const char *text);

#endif
