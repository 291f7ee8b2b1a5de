/** What a watchdog sees of a rank, at one moment: plain numbers without pointers, since they also go to other machines. */
#ifndef DNN_COMM_REPORT_H
#define DNN_COMM_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include "comm/board.h"

/** SEEN_SILENT: no word comes from its machine. */
typedef enum seen_state { SEEN_WAITS, SEEN_WORKS, SEEN_LEFT, SEEN_DOES_NOT_RUN, SEEN_SILENT, SEEN_STATES } seen_state;
/** What a rank waits in. */
typedef enum report_call { IN_NO_CALL, IN_COLLECTIVE, IN_BARRIER, IN_THREADS } report_call;

typedef struct rank_report {
    uint64_t sequence, barriers, bytes, epoch, step; /**< as on the board */
    int64_t silent;                                  /**< ns since it last noted anything */
    int32_t rank, line, threads, worker;             /**< worker: the one whose doings stand for the rank's */
    uint32_t phase, call, state;
    char process; /**< of one that does not run, as in /proc: T stopped by a signal, t by a debugger, D in a system call; 0 or Z: gone */
    char host[BOARD_HOST], kind[BOARD_SITE], site[BOARD_SITE];
} rank_report;

/** Of a rank of this machine. `changed`: monotonic ns when its numbers last did; `lifeless`: ns without a sign of its watchdog from
 * which on it does not run. Local. */
rank_report report_make(const board_slot *slot, int64_t changed, int64_t now, int64_t lifeless);

#endif
