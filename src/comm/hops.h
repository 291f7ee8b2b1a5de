/** Who swaps what with whom until every team has the sum of all: for any number of teams, each sends and receives as little as can be.
 *
 * What is summed is cut into as many parts as there are teams. In a first half teams meet in groups, of the sizes 4, 2, 3, 5 … whose product is their number;
 * each member gets its share of the parts that the group holds from all others and adds them up. In the end each team has one part, of all. The second half
 * goes the same way back, shares being copied. With a power of two that is recursive halving and doubling (Thakur, Rabenseifner, Gropp 2005, 4.5), four at
 * once; with a prime everybody sends to everybody. Two teams send each other everything at once: as many bytes, and one meeting in place of two. */
#ifndef DNN_COMM_HOPS_H
#define DNN_COMM_HOPS_H

#include <stdbool.h>
#include <stddef.h>

enum { HOPS_MOST = 64 };

typedef struct hop {
    bool adds;         /**< what comes is added; else put in place */
    bool whole;        /**< everybody gets all parts, not its share */
    int members, mine; /**< of the group, and this team's number in it */
    int stride;        /**< member m is team own + (m - mine) * stride */
    int first, end;    /**< parts that the group holds and shares */
} hop;

/** Fills `out` [HOPS_MOST] for one team of `teams`; returns how many. Local. */
int hops_plan(int team, int teams, hop *out);
/** Parts [first, end) that are member m's share. */
void hop_share(const hop *h, int m, int *first, int *end);

#endif
