/** Sums over the teams that are under way while other work goes on. The k-th ranks of all teams carry the k-th slice of what is summed, so that between
 * two machines as many messages travel as the smaller one has ranks, and none twice. Main threads alone call these. */
#ifndef DNN_COMM_EXCHANGE_H
#define DNN_COMM_EXCHANGE_H

#include "dnn/comm/team.h"

typedef struct dnn_exchange dnn_exchange;

/** How values travel: as they are, or rounded to bfloat16 (8 bits of mantissa), to nearest, ties to even, at every hop: half the bytes. All teams get the
 * same bits either way. */
typedef enum dnn_compression { DNN_COMPRESSION_NONE, DNN_COMPRESSION_BFLOAT16 } dnn_compression;

/** Collective. At most `most_sums` under way at once, of `most_values` values together. MPI moves messages only while somebody calls it: with `beside` a
 * thread of the exchange does, in short turns, from the first sum's beginning to the end; else only this rank itself, in the calls below. `out` gets NULL
 * where there is one team: the others take NULL and do nothing. */
dnn_status dnn_exchange_create(dnn_team *team, size_t most_sums, size_t most_values, dnn_compression compression, bool beside, dnn_exchange **out);
void dnn_exchange_destroy(dnn_exchange *exchange); /**< Collective */
/** This rank's slice of `count` values: [first, end), empty for ranks beyond those of the smallest team. */
void dnn_exchange_slice(const dnn_exchange *exchange, size_t count, size_t *first, size_t *end);
/** The slice `values` [count] begins to become the sum over all teams. All teams begin the same sums in the same order; values are not to be touched until
 * dnn_exchange_end. No allocation. */
void dnn_exchange_begin(dnn_exchange *exchange, float *values, size_t count);
/** Moves on what is under way, without waiting. */
void dnn_exchange_advance(dnn_exchange *exchange);
/** Waits until all that has begun is there. */
void dnn_exchange_end(dnn_exchange *exchange);

#ifndef DNN_COMM_INSIDE
#define dnn_exchange_create(...) DNN_WATCHED(dnn_exchange_create(__VA_ARGS__))
#define dnn_exchange_destroy(...) DNN_WATCHED(dnn_exchange_destroy(__VA_ARGS__))
#define dnn_exchange_end(...) DNN_WATCHED(dnn_exchange_end(__VA_ARGS__))
#endif

#endif
