/* A line that says what is being done and for how long, where nothing else shows for two seconds and there is a terminal. Private to `cli`. */
#ifndef DNN_CLI_WAITING_H
#define DNN_CLI_WAITING_H

/* "reading run.yaml": begins, or says what is being done from now on. Main thread alone. */
__attribute__((format(printf, 1, 2)))
void waiting_for(const char *format, ...);
/* The line goes: something else is going to be shown, or printed. Nothing happens where nothing was begun. */
void waiting_end(void);

#endif
