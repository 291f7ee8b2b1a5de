/* What a watchdog says of ranks in given states, and which of them it holds to be at fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "comm/watchdog.h"

static const int64_t second = 1000000000;
static board_slot slots[4];
static rank_report ranks[4];
static char text[16384];

/* Rank `rank` on "node1", waiting in an all-reduce since two seconds. */
static void put_waiting(int i, int rank)
{
    board_slot *s = &slots[i];
    memset(s, 0, sizeof *s);
    s->rank = rank;
    s->pid = getpid();
    s->cells[0].taken = true;
    s->inside = true;
    s->sequence = 7;
    s->bytes = 16;
    s->epoch = 2;
    s->step = 41;
    strcpy(s->host, "node1");
    board_text_set(&s->kind, "sum");
    board_text_set(&s->site, "loop.c");
    s->line = 12;
    s->cells[0].phase = DNN_PHASE_REDUCE;
    s->heartbeat = 10 * second;
}

/* As a watchdog sees them two seconds later. */
static void look(int n)
{
    for (int i = 0; i < n; i++) ranks[i] = report_make(&slots[i], 8 * second, 10 * second, second);
}

static const char *verdict(int n, int size)
{
    const size_t length = verdict_write(text, sizeof text, ranks, n, size, 2.0);
    assert_int_equal(length, strlen(text));
    assert_int_equal(text[length - 1], '\n');
    return text;
}

static void contains(const char *all, const char *part)
{
    if (!strstr(all, part)) fail_msg("\"%s\" is not in:\n%s", part, all);
}

static void a_rank_at_work_is_named_with_its_phase_and_the_call_it_missed(void **state)
{
    (void)state;
    put_waiting(0, 1);
    put_waiting(1, 0);
    slots[0].inside = false;
    slots[0].cells[0].phase = DNN_PHASE_BACKWARD;
    look(2);
    assert_true(verdict_is_local(ranks, 2, 2, 2));
    contains(verdict(2, 2), "for 2.0 s (comm.timeout): rank 1 did not come out of 'backward'; it did not enter 'sum' of 16 bytes at loop.c:12, "
                            "where rank 0 waits");
    contains(text, "  rank 1, 2 epochs and step 41 done, at work (backward), silent for 2.0 s, after 7 collective calls");
    contains(text, "  rank 0, 2 epochs and step 41 done, waits (reduction) for 2.0 s in 'sum' of 16 bytes at loop.c:12, after 7");
    assert_true(strstr(text, "  rank 1,") < strstr(text, "  rank 0,")); /* who is at fault comes first */
}

static void a_rank_that_has_left_is_named(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) put_waiting(i, i);
    slots[2].left = true;
    slots[2].inside = false;
    look(3);
    contains(verdict(3, 3), "rank 2 left the job; it did not enter 'sum'");
}

static void a_process_that_is_gone_has_ended(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) put_waiting(i, i);
    slots[1].heartbeat = 8 * second;
    slots[1].pid = 0x3fffffff; /* larger than any process number may be */
    slots[1].inside = false;
    look(3);
    contains(verdict(3, 3), "rank 1 has ended; it did not enter 'sum'");
}

static void a_worker_thread_that_holds_the_others_up_is_named(void **state)
{
    (void)state;
    put_waiting(0, 0);
    slots[0].inside = false;
    slots[0].cells[1].taken = slots[0].cells[2].taken = true;
    slots[0].cells[0].waits = slots[0].cells[1].waits = BOARD_IN_BARRIER;
    slots[0].cells[2].phase = DNN_PHASE_FORWARD;
    look(1);
    contains(verdict(1, 1), "rank 0 did not come out of 'forward'");
    contains(text, "worker 3 of 3");
}

static void where_all_of_a_machine_wait_the_ranks_of_others_are_named(void **state)
{
    (void)state;
    put_waiting(0, 0);
    put_waiting(1, 2);
    look(2);
    assert_false(verdict_is_local(ranks, 2, 4, 2)); /* leaves the word to the other machine for a while */
    contains(verdict(2, 4), "all ranks of node1 wait: one of the ranks 1, 3 (on other machines, or not in the job any more) did not enter 'sum'");
    contains(text, "  rank 2 on node1, ");
    assert_true(verdict_is_local(ranks, 2, 4, 3)); /* one of this machine has not even come out of MPI's start */
    assert_true(verdict_is_local(ranks, 2, 2, 0)); /* there is no other machine */
}

static void a_machine_that_says_nothing_more_is_named_with_its_ranks_and_what_they_did_last(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) put_waiting(i, i);
    strcpy(slots[2].host, "node2");
    strcpy(slots[3].host, "node2");
    slots[3].inside = false;
    look(4);
    ranks[2].state = ranks[3].state = SEEN_SILENT;
    contains(verdict(4, 4), "(comm.timeout): no word from node2 (ranks 2, 3) for 2.0 s: it is down, all it runs is stopped, or the network between does "
                            "not answer; rank 0 waits in 'sum' of 16 bytes at loop.c:12\n");
    contains(text, "  rank 3 on node2, 2 epochs and step 41 done, no word of it for 2.0 s; then at work (reduction), after 7");
    ranks[2].state = ranks[3].state = SEEN_WAITS;
    ranks[3].process = 'T';
    ranks[3].state = SEEN_DOES_NOT_RUN; /* what its machine says of it counts for more than who waits */
    contains(verdict(4, 4), "rank 3 is stopped by a signal; it did not enter 'sum' of 16 bytes at loop.c:12, where rank 0 waits");
    ranks[2] = (rank_report){.rank = 2, .state = SEEN_SILENT, .host = "node2"};
    contains(verdict(4, 4), "  rank 2 on node2: no word of it so far\n");
}

static void where_all_ranks_have_come_to_the_end_none_is_to_blame(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        put_waiting(i, i);
        board_text_set(&slots[i].kind, WATCH_LAST);
    }
    look(2);
    contains(verdict(2, 2), "all ranks have come to the end of the job, but MPI does not end");
}

static void a_message_longer_than_its_room_is_cut(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) put_waiting(i, i);
    look(4);
    char small[200];
    const size_t length = verdict_write(small, sizeof small, ranks, 4, 4, 2.0);
    assert_true(length < sizeof small);
    assert_int_equal(small[length], '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rank_at_work_is_named_with_its_phase_and_the_call_it_missed),
        cmocka_unit_test(a_rank_that_has_left_is_named),
        cmocka_unit_test(a_process_that_is_gone_has_ended),
        cmocka_unit_test(a_worker_thread_that_holds_the_others_up_is_named),
        cmocka_unit_test(where_all_of_a_machine_wait_the_ranks_of_others_are_named),
        cmocka_unit_test(a_machine_that_says_nothing_more_is_named_with_its_ranks_and_what_they_did_last),
        cmocka_unit_test(where_all_ranks_have_come_to_the_end_none_is_to_blame),
        cmocka_unit_test(a_message_longer_than_its_room_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
