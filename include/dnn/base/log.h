/** Messages on their way up. Rooms below `cli` never print: they hand a line to the sink that `cli`
 * (or a test) has set; without one, lines are dropped. Thread-safe. Local: who must speak for all ranks
 * calls these on rank 0 only, or leaves the choice to the sink. */
#ifndef DNN_BASE_LOG_H
#define DNN_BASE_LOG_H

typedef enum dnn_log_level { DNN_LOG_INFO, DNN_LOG_ADVICE, DNN_LOG_WARNING } dnn_log_level;
typedef void dnn_log_sink(void *context, dnn_log_level level, const char *line);

void dnn_log_set_sink(dnn_log_sink *sink, void *context);
__attribute__((format(printf, 1, 2))) void dnn_info(const char *format, ...);
/** A configuration that breaks a rule the field knows (contract: warn, never refuse). */
__attribute__((format(printf, 1, 2))) void dnn_advise(const char *format, ...);
__attribute__((format(printf, 1, 2))) void dnn_warn(const char *format, ...);

#endif
