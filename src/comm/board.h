/** Where the ranks of a machine note what they are doing, each in its own slot: a file in /dev/shm that has no name any more
 * once all have found it. Where that cannot be had a rank notes for itself alone. All numbers have one writer. */
#ifndef DNN_COMM_BOARD_H
#define DNN_COMM_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <netinet/in.h>
#include "dnn/base/status.h"

enum { BOARD_CELLS = 24, BOARD_SITE = 24, BOARD_HOST = 64 };

/** A short text in words that are each written at once: one that is read while it changes may be of both, but ends. */
typedef struct board_text {
    atomic_uint_fast64_t part[BOARD_SITE / 8];
} board_text;
void board_text_set(board_text *to, const char *text);
void board_text_get(const board_text *from, char out[BOARD_SITE]);

/** A worker's. */
typedef struct board_cell {
    _Alignas(64) atomic_uint_fast64_t beats; /**< changes with whatever it does */
    atomic_uint_fast64_t barriers;           /**< of its team, entered */
    atomic_uint phase, waits;                /**< waits: what for, a board_wait */
    atomic_bool taken;                       /**< by a worker that lives */
    board_text site;                         /**< where in the source */
    atomic_int line;
} board_cell;

typedef enum board_wait { BOARD_WORKS, BOARD_IN_BARRIER, BOARD_FOR_THREADS } board_wait;

/** A rank's. */
typedef struct board_slot {
    atomic_int rank, pid; /**< pid 0: this slot is not in use yet */
    char host[BOARD_HOST];
    _Alignas(64) atomic_int_fast64_t heartbeat; /**< monotonic ns when its watchdog last looked */
    atomic_bool left;                           /**< has ended MPI */
    _Alignas(64) atomic_bool inside;            /**< of a collective */
    atomic_uint_fast64_t sequence, bytes;       /**< collectives left behind; size of the present one, 0: has none */
    atomic_uint_fast64_t alive;                 /**< calls of dnn_watch_alive */
    atomic_uint_fast64_t epoch, step;
    board_text kind, site;
    atomic_int line;
    _Alignas(64) board_cell cells[BOARD_CELLS];
} board_slot;

/** What has been heard of another machine, by whichever rank of this one (far.h). */
typedef struct board_machine {
    atomic_int_fast64_t heard;  /**< monotonic ns of its last word; 0: none yet */
    atomic_uint_fast64_t beats; /**< of all its ranks */
    atomic_uint port;           /**< where it came from, 0: unknown; the address may be torn while it changes */
    struct in6_addr address;
} board_machine;

typedef struct board {
    _Alignas(64) atomic_int joined; /**< slots given out */
    atomic_int speaker;             /**< 1 + rank that tells of a stall; -1: one of another machine; 0: none yet */
    _Alignas(64) board_slot slots[];
} board;

/** Takes part, with room for `size` ranks. Never fails: see above. */
void board_join(int rank, int size);
/** All ranks have joined: the file's name goes. */
void board_seal(void);
void board_leave(void);

/** NULL outside of join and leave, and where nothing is shared. */
board *board_shared(void);
/** Makes room for what comes from other machines where no memory is shared; after board_join, for as many ranks. */
dnn_status board_make_far(int size);
/** By machine and by rank: beside the slots, so that every rank of this machine knows what one of them has heard. NULL before
 * board_make_far. */
board_machine *board_machines(void);
struct rank_report *board_far(void);
/** This rank's slot; never NULL. */
board_slot *board_mine(void);
/** The calling thread's cell; never NULL, threads without one share a spare. */
board_cell *board_my_cell(void);
/** The calling thread begins to work and has a cell of its own until it gives it back: number `thread` if nobody has that (teams may exist side
 * by side), else any; without one where all are taken. */
void board_take_cell(int thread);
void board_give_cell(void);

#endif
