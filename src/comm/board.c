#include "comm/board.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "comm/internal.h"
#include "comm/report.h"
#include "dnn/base/memory.h"

static board *shared;
static size_t shared_bytes;
static char name[64];
static board_slot own; /* where nothing is shared */
static board_slot *mine = &own;
static board_cell spare; /* of threads that are nobody's worker */
static _Thread_local board_cell *cell;
static board_machine *machines; /* these two behind the slots, or in memory of our own */
static rank_report *far_ranks;

static void mix(uint64_t *key, const char *text)
{
    for (const char *c = text; *c; c++) *key = (*key ^ (unsigned char)*c) * UINT64_C(0x100000001b3); /* FNV-1a: Fowler, Noll, Vo */
    *key = (*key ^ 255) * UINT64_C(0x100000001b3);
}

/* What a launcher gives to the processes of one job alone, on a machine as MPI takes it: containers with names of their own may share /dev/shm. */
static bool job_key(uint64_t *key)
{
    static const char *const parts[] = {"OMPI_MCA_orte_precondition_transports", "PMIX_NAMESPACE", "PMI_JOBID", "SLURM_JOB_ID",
                                        "SLURM_STEP_ID"};
    bool found = false;
    *key = UINT64_C(0xcbf29ce484222325);
    mix(key, dnn_comm_host(NULL));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *text = getenv(parts[i]);
        mix(key, text ? text : "");
        found |= text && *text;
    }
    return found;
}

static bool private_to_us(int file)
{
    struct stat s;
    return fstat(file, &s) == 0 && s.st_uid == geteuid() && (s.st_mode & 077) == 0;
}

/* Space is taken at once: a page that cannot be had later is a signal. */
static board *map_board(size_t bytes)
{
    uint64_t key;
    if (!job_key(&key)) return NULL;
    snprintf(name, sizeof name, "/dnn-mpi-%u-%016llx", (unsigned)geteuid(), (unsigned long long)key);
    const int file = shm_open(name, O_RDWR | O_CREAT, 0600);
    if (file < 0) return NULL;
    void *at = MAP_FAILED;
    if (private_to_us(file) && posix_fallocate(file, 0, (off_t)bytes) == 0)
        at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return at == MAP_FAILED ? NULL : at;
}

void board_join(int rank, int size)
{
    const size_t bytes = sizeof(board) + (size_t)size * (sizeof(board_slot) + sizeof *machines + sizeof *far_ranks);
    memset(&own, 0, sizeof own);
    mine = &own;
    shared = size > 1 ? map_board(bytes) : NULL;
    shared_bytes = bytes;
    if (shared) {
        const int place = atomic_fetch_add(&shared->joined, 1);
        if (place < size) mine = &shared->slots[place]; /* else: left from a job that had the same key and died here */
    }
    memset(mine, 0, sizeof *mine);
    snprintf(mine->host, sizeof mine->host, "%s", dnn_comm_host(NULL));
    atomic_store(&mine->rank, rank);
    atomic_store(&mine->pid, (int)getpid());
    board_take_cell(0);
}

void board_seal(void)
{
    if (name[0]) shm_unlink(name); /* the first of the machine's ranks does it, to the others it is gone */
    name[0] = '\0';
}

dnn_status board_make_far(int size)
{
    const size_t n = (size_t)size;
    machines = shared ? (board_machine *)(void *)&shared->slots[size] : dnn_alloc(n, sizeof *machines);
    far_ranks = shared ? (rank_report *)(void *)&machines[size] : dnn_alloc(n, sizeof *far_ranks);
    return machines && far_ranks ? DNN_OK : DNN_E_MEMORY;
}

void board_leave(void)
{
    board_seal();
    if (!shared) {
        dnn_free(machines);
        dnn_free(far_ranks);
    }
    machines = NULL;
    far_ranks = NULL;
    atomic_store(&mine->left, true);
    cell = NULL;
    mine = &own;
    if (shared) munmap(shared, shared_bytes);
    shared = NULL;
}

board *board_shared(void) { return shared; }
board_machine *board_machines(void) { return machines; }
rank_report *board_far(void) { return far_ranks; }
board_slot *board_mine(void) { return mine; }
board_cell *board_my_cell(void) { return cell ? cell : &spare; }

void board_text_set(board_text *to, const char *text)
{
    char all[BOARD_SITE];
    uint64_t part[BOARD_SITE / 8];
    strncpy(all, text, sizeof all - 1);
    all[sizeof all - 1] = '\0';
    memcpy(part, all, sizeof part);
    for (int i = 0; i < BOARD_SITE / 8; i++) atomic_store_explicit(&to->part[i], part[i], memory_order_relaxed);
}

void board_text_get(const board_text *from, char out[BOARD_SITE])
{
    uint64_t part[BOARD_SITE / 8];
    for (int i = 0; i < BOARD_SITE / 8; i++) part[i] = atomic_load_explicit(&from->part[i], memory_order_relaxed);
    memcpy(out, part, sizeof part);
    out[BOARD_SITE - 1] = '\0';
}

static bool take(int i)
{
    bool nobody = false;
    if (!atomic_compare_exchange_strong(&mine->cells[i].taken, &nobody, true)) return false;
    cell = &mine->cells[i];
    return true;
}

void board_take_cell(int thread)
{
    cell = NULL;
    if (thread < BOARD_CELLS && take(thread)) return;
    for (int i = 1; i < BOARD_CELLS && !take(i); i++) continue;
}

void board_give_cell(void)
{
    if (cell) atomic_store(&cell->taken, false);
    cell = NULL;
}
