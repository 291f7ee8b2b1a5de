/* The hops of a sum over the teams, played through for all teams at once without messages: each team begins with a bit of its own in every part, and a sum is
 * right where every bit is in it once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "comm/hops.h"

enum { MOST = 100 };

static hop plans[MOST][HOPS_MOST];
static double held[MOST][MOST], next[MOST][MOST]; /* [team][part]: whose values are in it */
static int sent[MOST];                            /* parts */

/* Team t's own value, of the few that a round is about: a digit of its own, with room to be seen where it came twice. */
enum { OF_A_ROUND = 25, ROUNDS = 4 };

static double own(int team, int round) { return team / OF_A_ROUND == round ? (double)(1ull << 2 * (team % OF_A_ROUND)) : 0.0; }

/* What member `from` of a hop sends to member `to`: shares [first, end). */
static void message(const hop *sender, int to, int *first, int *end) { hop_share(sender, sender->adds ? to : sender->mine, first, end); }

static void play_hop(int teams, int at)
{
    for (int t = 0; t < teams; t++)
        for (int p = 0; p < teams; p++) next[t][p] = held[t][p];
    for (int t = 0; t < teams; t++) {
        const hop *mine = &plans[t][at];
        for (int m = 0; m < mine->members; m++) {
            if (m == mine->mine) continue;
            const int other = t + (m - mine->mine) * mine->stride;
            assert_in_range(other, 0, teams - 1);
            const hop *theirs = &plans[other][at];
            assert_int_equal(theirs->mine, m); /* they take us for the same group */
            assert_int_equal(theirs->first, mine->first);
            int first, end, expected, expected_end;
            message(theirs, mine->mine, &first, &end);
            hop_share(mine, mine->adds ? mine->mine : m, &expected, &expected_end);
            assert_int_equal(first, expected);
            assert_int_equal(end, expected_end);
            sent[other] += end - first;
            for (int p = first; p < end; p++) next[t][p] = mine->adds ? next[t][p] + held[other][p] : held[other][p];
        }
    }
    for (int t = 0; t < teams; t++)
        for (int p = 0; p < teams; p++) held[t][p] = next[t][p];
}

static void play(int teams, int round)
{
    int n = 0;
    for (int t = 0; t < teams; t++) {
        n = hops_plan(t, teams, plans[t]);
        assert_int_equal(n, hops_plan(0, teams, plans[0]));
        sent[t] = 0;
        for (int p = 0; p < teams; p++) held[t][p] = own(t, round);
    }
    for (int i = 0; i < n; i++) play_hop(teams, i);
}

static void every_team_gets_every_value_once(void **state)
{
    (void)state;
    for (int teams = 1; teams <= MOST; teams++)
        for (int round = 0; round < ROUNDS; round++) {
            double all = 0.0;
            for (int t = 0; t < teams; t++) all += own(t, round);
            play(teams, round);
            for (int t = 0; t < teams; t++)
                for (int p = 0; p < teams; p++) assert_true(held[t][p] == all);
        }
}

/* Each part but one's own is sent away to be added, and one's own to all others: no way sends less (Thakur, Rabenseifner, Gropp 2005). */
static void nobody_sends_more_than_must_be(void **state)
{
    (void)state;
    for (int teams = 1; teams <= MOST; teams++) {
        play(teams, 0);
        for (int t = 0; t < teams; t++) assert_int_equal(sent[t], 2 * (teams - 1));
    }
}

static void few_meetings_are_enough_for_many_teams(void **state)
{
    (void)state;
    const struct { int teams, hops; } known[] = { { 1, 0 }, { 2, 1 }, { 3, 2 }, { 4, 2 }, { 5, 2 }, { 6, 4 }, { 8, 4 }, { 16, 4 }, { 64, 6 }, { 256, 8 }, { 1024, 10 } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) assert_int_equal(hops_plan(0, known[i].teams, plans[0]), known[i].hops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_team_gets_every_value_once),
        cmocka_unit_test(nobody_sends_more_than_must_be),
        cmocka_unit_test(few_meetings_are_enough_for_many_teams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
