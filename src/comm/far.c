#include "comm/far.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "comm/datagram.h"
#include "comm/internal.h"
#include "dnn/base/failpoint.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"

enum { ADDRESSES = 6, REPORTS = 6, /* in a datagram: it fits into a frame of Ethernet */ MOST_AT_ONCE = 4096 };
static const int64_t forgotten = INT64_C(3000000000); /* ns: who was not heard of for so long may have another address */

/** What a rank says of itself when the job begins. */
typedef struct card {
    uint64_t token; /**< rank 0's is the job's: strangers and other jobs do not know it */
    int32_t leader; /**< lowest rank on its board */
    uint16_t port;
    uint16_t addresses;
    struct in6_addr address[ADDRESSES];
    char host[BOARD_HOST];
} card;

typedef struct word {
    uint64_t token, beats;
    uint32_t machine, count, end, reserved;
    rank_report report[REPORTS];
} word;
enum { WORD_HEAD = offsetof(word, report) };

typedef struct machine {
    card card; /**< its leader's */
    uint64_t known; /**< its beats, as of the last look */
} machine;

static atomic_bool met;
static atomic_uint ended;
static int wire = -1, n_machines, own_machine, job_size;
static uint64_t token;
static machine *machines;
static int32_t *machine_of; /* rank -> machine */

static int32_t lowest_on_board(int rank)
{
    const board *b = board_shared();
    int lowest = rank;
    for (int i = 0; b && i < job_size && i < atomic_load(&b->joined); i++)
        if (atomic_load(&b->slots[i].pid) && atomic_load(&b->slots[i].rank) < lowest) lowest = atomic_load(&b->slots[i].rank);
    return lowest;
}

static card own_card(int32_t leader)
{
    card c = {.leader = leader};
    wire = dnn_failpoint("datagram") == DNN_FAULT_NONE ? datagram_open(&c.port) : -1;
    if (wire >= 0) c.addresses = (uint16_t)datagram_addresses(c.address, ADDRESSES);
    if (getrandom(&c.token, sizeof c.token, GRND_NONBLOCK) != (ssize_t)sizeof c.token) c.token = (uint64_t)getpid() << 32 ^ (uint64_t)c.port;
    snprintf(c.host, sizeof c.host, "%s", dnn_comm_host(NULL));
    return c;
}

/* Machines are numbered by their lowest ranks, on all in the same way. */
static void number(const card *cards, int rank)
{
    token = cards[0].token;
    for (int r = 0; r < job_size; r++) {
        if (cards[r].leader == r) {
            machine_of[r] = n_machines;
            machines[n_machines++].card = cards[r];
        } else {
            machine_of[r] = machine_of[cards[r].leader];
        }
    }
    own_machine = machine_of[rank];
}

/* To where its last word came from; else to wherever it may be. */
static void send_to(int i, const word *w, size_t bytes, int64_t now)
{
    const board_machine *m = &board_machines()[i];
    const endpoint last = {m->address, (uint16_t)atomic_load(&m->port)};
    if (last.port) datagram_send(wire, &last, w, bytes);
    if (last.port && now - atomic_load(&m->heard) < forgotten) return;
    const card *c = &machines[i].card;
    for (int a = 0; a < c->addresses; a++) datagram_send(wire, &(endpoint){c->address[a], c->port}, w, bytes);
}

static void send_all(const word *w, int64_t now)
{
    for (int i = 0; i < n_machines; i++)
        if (i != own_machine) send_to(i, w, WORD_HEAD + w->count * sizeof *w->report, now);
}

dnn_status far_meet(dnn_comm *comm)
{
    job_size = dnn_comm_size(comm);
    const int32_t leader = lowest_on_board(dnn_comm_rank(comm));
    double elsewhere = leader;
    dnn_comm_max(comm, &elsewhere, 1);
    if (elsewhere == 0.0) return DNN_OK; /* all share rank 0's board */
    card *cards = dnn_alloc((size_t)job_size, sizeof *cards);
    machines = dnn_alloc((size_t)job_size, sizeof *machines);
    machine_of = dnn_alloc((size_t)job_size, sizeof *machine_of);
    const dnn_status st = dnn_agree(comm, cards && machines && machine_of ? board_make_far(job_size) : DNN_E_MEMORY);
    if (st == DNN_OK) {
        const card mine = own_card(leader);
        dnn_comm_gather(comm, &mine, sizeof mine, cards);
        number(cards, dnn_comm_rank(comm));
        /* The first word goes before a look's time has passed: what is not heard of may be silent for want of a way to it. */
        const word first = {.token = token, .machine = (uint32_t)own_machine};
        if (wire >= 0 && leader == dnn_comm_rank(comm)) send_all(&first, 0);
        atomic_store_explicit(&met, wire >= 0, memory_order_release);
    }
    dnn_free(cards);
    return st;
}

void far_part(void)
{
    atomic_store(&met, false);
    atomic_store(&ended, FAR_GOES_ON);
    if (wire >= 0) close(wire);
    wire = -1;
    dnn_free(machines);
    dnn_free(machine_of);
    machines = NULL;
    machine_of = NULL;
    n_machines = 0;
}

int far_machines(void) { return atomic_load_explicit(&met, memory_order_acquire) ? n_machines - 1 : 0; }
far_end far_ended(void) { return (far_end)atomic_load(&ended); }

static bool sound(const word *w, size_t bytes)
{
    return bytes >= WORD_HEAD && w->token == token && w->machine < (uint32_t)n_machines && (int)w->machine != own_machine && w->count <= REPORTS &&
           bytes == WORD_HEAD + w->count * sizeof *w->report;
}

static void note(const word *w, const endpoint *from, int64_t now)
{
    board_machine *m = &board_machines()[w->machine];
    m->address = from->address;
    atomic_store(&m->port, from->port);
    if (w->beats > atomic_load(&m->beats)) atomic_store(&m->beats, w->beats);
    atomic_store(&m->heard, now);
    for (uint32_t i = 0; i < w->count; i++) {
        rank_report r = w->report[i];
        if (r.rank < 0 || r.rank >= job_size || machine_of[r.rank] != (int32_t)w->machine || r.state >= SEEN_STATES) continue;
        r.host[sizeof r.host - 1] = r.kind[sizeof r.kind - 1] = r.site[sizeof r.site - 1] = '\0';
        board_far()[r.rank] = r;
    }
    if (w->end == FAR_ENDS || w->end == FAR_CUT_OFF) atomic_store(&ended, w->end);
}

bool far_hear(int64_t now)
{
    if (!far_machines()) return false;
    word w;
    endpoint from;
    size_t bytes;
    for (int i = 0; i < MOST_AT_ONCE && (bytes = datagram_receive(wire, &from, &w, sizeof w)) > 0; i++)
        if (sound(&w, bytes)) note(&w, &from, now);
    bool progress = false;
    for (int i = 0; i < n_machines; i++) { /* what another rank of this machine has heard as well */
        const uint64_t beats = atomic_load(&board_machines()[i].beats);
        if (beats == machines[i].known) continue;
        machines[i].known = beats;
        progress = true;
    }
    return progress;
}

void far_tell(const rank_report *own, int n, uint64_t beats, bool all, far_end end, int64_t now)
{
    static int next;
    if (!far_machines()) return;
    word w = {.token = token, .beats = beats, .machine = (uint32_t)own_machine, .end = end};
    for (int sent = 0; sent == 0 || (all && sent < n); sent += REPORTS) {
        if (next >= n) next = 0;
        w.count = (uint32_t)(n - next < REPORTS ? n - next : REPORTS);
        memcpy(w.report, own + next, w.count * sizeof *own);
        next += REPORTS;
        send_all(&w, now);
    }
}

static rank_report report_of(int rank, int64_t heard, bool silent, int64_t now)
{
    rank_report r = board_far()[rank];
    if (!r.host[0]) { /* none has come yet */
        r = (rank_report){.state = SEEN_WAITS};
        snprintf(r.host, sizeof r.host, "%s", machines[machine_of[rank]].card.host);
    }
    r.rank = rank;
    r.silent += now - heard;
    if (silent) {
        r.state = SEEN_SILENT;
        r.silent = now - heard;
    }
    return r;
}

int far_reports(rank_report *ranks, int n, int64_t now, int64_t awake, int64_t patience, far_view *view)
{
    *view = (far_view){.all_heard = true, .first = true};
    if (!far_machines()) {
        *view = (far_view){.first = true};
        return n;
    }
    for (int i = 0; i < n_machines; i++) {
        if (i == own_machine) continue;
        const int64_t heard = atomic_load(&board_machines()[i].heard);
        const bool silent = now - (heard > awake ? heard : awake) > patience;
        if (heard == 0) view->all_heard = false;
        if (heard == 0 || silent)
            view->silent = true;
        else if (i < own_machine)
            view->first = false;
        for (int rank = 0; heard != 0 && rank < job_size; rank++)
            if (machine_of[rank] == i) ranks[n++] = report_of(rank, heard, silent, now);
    }
    return n;
}
