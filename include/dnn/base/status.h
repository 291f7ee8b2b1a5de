/** Outcomes. One scheme for the whole program: what can fail returns a `dnn_status`; the text of the
 * last failure is kept per thread until somebody above prints it. The numbers are the exit statuses
 * of the program (docs/command-reference.md). Local. */
#ifndef DNN_BASE_STATUS_H
#define DNN_BASE_STATUS_H

typedef enum dnn_status {
    DNN_OK = 0,
    DNN_E_CONFIG = 2,    /**< wrong usage or run file */
    DNN_E_DATA = 3,      /**< data set missing, damaged or unfit */
    DNN_E_MODEL = 4,     /**< model or checkpoint file */
    DNN_E_IO = 5,        /**< disk full, folder in use, cannot write */
    DNN_E_DIVERGED = 6,  /**< NaN or Inf in training */
    DNN_E_REPLICAS = 7,  /**< copies of the weights differ */
    DNN_E_RANKS = 8,     /**< ranks disagree on program, run file or data */
    DNN_E_MEMORY = 9,
    DNN_E_INTERNAL = 70, /**< a fault of our own */
    DNN_E_STOPPED = 75,  /**< interrupted on request, checkpoint saved */
    DNN_E_STALLED = 76
} dnn_status;

/** Keeps the text (at most 1023 bytes, cut with "…") as this thread's last failure and returns
 * `status`, so that failing is one line: `return dnn_fail(DNN_E_DATA, "%s: cannot open: %s", path, why);`
 * The text names file, line, key, value and what would be right. */
__attribute__((format(printf, 2, 3)))
dnn_status dnn_fail(dnn_status status, const char *format, ...);

/** As `dnn_fail`, with more context put in front of the text kept so far ("context: text"). */
__attribute__((format(printf, 2, 3)))
dnn_status dnn_fail_in(dnn_status status, const char *format, ...);

/** The text of this thread's last failure; never NULL; "" when there was none. */
const char *dnn_fail_text(void);
void dnn_fail_clear(void);

/** Short name for `status.json` and tests: "ok", "config", "data", … */
const char *dnn_status_name(dnn_status status);

/** A broken invariant of our own: prints nothing itself but calls the hook (which ends the job) and
 * then abort(). `comm` sets the hook to one that takes all ranks down. */
typedef void dnn_panic_hook(const char *file, int line, const char *text);
void dnn_set_panic_hook(dnn_panic_hook *hook);
_Noreturn void dnn_panic(const char *file, int line, const char *text);
#define DNN_ASSERT(condition) ((condition) ? (void)0 : dnn_panic(__FILE__, __LINE__, #condition))

#endif
