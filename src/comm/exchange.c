/* Sums between teams, nonblocking. A communicator of their own keeps them apart from what else the same ranks say to each other meanwhile: MPI wants collectives
 * of one communicator in the same order everywhere, and when a sum begins depends on when a team's ranks are ready. */
#include "dnn/comm/exchange.h"

#include <limits.h>
#include <string.h>

#include "comm/ranks.h"
#include "comm/team_internal.h"
#include "dnn/base/memory.h"
#include "dnn/comm/agree.h"

enum { ALIGN = 16 }; /* floats: a cache line */

struct dnn_exchange {
    int place, places;
    MPI_Comm mpi;                /* the same places of all teams; MPI_COMM_NULL where this rank has none */
    MPI_Op add;                  /* of bfloat16 */
    MPI_Request *requests;
    float **values;              /* [most] where each sum goes */
    size_t *counts;
    size_t most, begun;
    uint16_t *halves;            /* [room] what travels, compressed; NULL: values travel themselves */
    size_t room, used;
};

static uint16_t half_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40); /* NaN stays one */
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float float_of(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void add_halves(void *in, void *inout, int *length, MPI_Datatype *type)
{
    const uint16_t *a = in;
    uint16_t *b = inout;
    (void)type;
    for (int i = 0; i < *length; i++) b[i] = half_of(float_of(a[i]) + float_of(b[i]));
}

static dnn_status allocate(dnn_exchange *x, size_t most, size_t values, bool halves)
{
    x->most = most;
    x->requests = dnn_alloc(most, sizeof *x->requests);
    x->values = dnn_alloc(most, sizeof *x->values);
    x->counts = dnn_alloc(most, sizeof *x->counts);
    x->room = values + most * ALIGN;
    if (halves) x->halves = dnn_alloc(x->room, sizeof *x->halves);
    return x->requests && x->values && x->counts && (x->halves || !halves) ? DNN_OK : DNN_E_MEMORY;
}

dnn_status dnn_exchange_create(dnn_team *team, size_t most_sums, size_t most_values, dnn_compression compression, dnn_exchange **out)
{
    *out = NULL;
    if (team->count == 1) return DNN_OK;
    dnn_exchange *x = dnn_alloc(1, sizeof *x);
    dnn_status st = x ? DNN_OK : DNN_E_MEMORY;
    if (x) {
        *x = (dnn_exchange){ .place = team->place, .places = team->places, .mpi = MPI_COMM_NULL, .add = MPI_OP_NULL };
        st = allocate(x, most_sums, most_values, compression == DNN_COMPRESSION_BFLOAT16);
    }
    st = dnn_agree(team->comm, st);
    if (st == DNN_OK && dnn_comm_many(team->across)) {
        dnn_collective_begin("exchange", 0);
        MPI_Comm_dup(team->across->mpi, &x->mpi);
        if (x->halves) MPI_Op_create(add_halves, true, &x->add);
        dnn_collective_end();
    }
    if (st == DNN_OK) *out = x;
    else dnn_exchange_destroy(x);
    return st;
}

void dnn_exchange_destroy(dnn_exchange *x)
{
    if (!x) return;
    if (x->add != MPI_OP_NULL) MPI_Op_free(&x->add);
    if (x->mpi != MPI_COMM_NULL) {
        dnn_collective_begin("exchange", 0);
        MPI_Comm_free(&x->mpi);
        dnn_collective_end();
    }
    dnn_free(x->requests);
    dnn_free(x->values);
    dnn_free(x->counts);
    dnn_free(x->halves);
    dnn_free(x);
}

static size_t slice_start(size_t count, int slice, int slices)
{
    if (slice >= slices) return count;
    return count / ALIGN * (size_t)slice / (size_t)slices * ALIGN;
}

void dnn_exchange_slice(const dnn_exchange *x, size_t count, size_t *first, size_t *end)
{
    *first = x ? slice_start(count, x->place, x->places) : count;
    *end = x ? slice_start(count, x->place + 1, x->places) : count;
}

void dnn_exchange_begin(dnn_exchange *x, float *values, size_t count)
{
    if (!x || x->mpi == MPI_COMM_NULL) return;
    DNN_ASSERT(x->begun < x->most && count <= INT_MAX && x->used + count <= x->room);
    const size_t i = x->begun++;
    x->values[i] = values;
    x->counts[i] = count;
    if (x->halves) {
        uint16_t *halves = x->halves + x->used;
        for (size_t j = 0; j < count; j++) halves[j] = half_of(values[j]);
        x->used += count;
        MPI_Iallreduce(MPI_IN_PLACE, halves, (int)count, MPI_UINT16_T, x->add, x->mpi, &x->requests[i]);
    } else {
        MPI_Iallreduce(MPI_IN_PLACE, values, (int)count, MPI_FLOAT, MPI_SUM, x->mpi, &x->requests[i]);
    }
}

void dnn_exchange_now(dnn_exchange *x, float *values, size_t count)
{
    if (!x || x->mpi == MPI_COMM_NULL) return;
    DNN_ASSERT(x->begun == 0 && count <= INT_MAX && count <= x->room);
    dnn_collective_begin("exchange_sum", count * sizeof *values);
    if (x->halves) {
        for (size_t j = 0; j < count; j++) x->halves[j] = half_of(values[j]);
        MPI_Allreduce(MPI_IN_PLACE, x->halves, (int)count, MPI_UINT16_T, x->add, x->mpi);
        for (size_t j = 0; j < count; j++) values[j] = float_of(x->halves[j]);
    } else {
        MPI_Allreduce(MPI_IN_PLACE, values, (int)count, MPI_FLOAT, MPI_SUM, x->mpi);
    }
    dnn_collective_end();
}

void dnn_exchange_advance(dnn_exchange *x)
{
    int done;
    if (x && x->begun > 0) MPI_Testall((int)x->begun, x->requests, &done, MPI_STATUSES_IGNORE);
}

void dnn_exchange_end(dnn_exchange *x)
{
    if (!x || x->begun == 0) return;
    dnn_collective_begin("exchange_end", 0);
    MPI_Waitall((int)x->begun, x->requests, MPI_STATUSES_IGNORE);
    dnn_collective_end();
    const uint16_t *halves = x->halves;
    for (size_t i = 0; i < x->begun && halves; i++) {
        for (size_t j = 0; j < x->counts[i]; j++) x->values[i][j] = float_of(halves[j]);
        halves += x->counts[i];
    }
    x->begun = x->used = 0;
}
