/* test_proc_text.c - what the supervisor makes of the texts that /proc gives it. */
#include "shim/supervise/proc_text.h"
#include "shim/supervise/target.h"
#include "shim/supervise/terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 0x3fffffff /* no process has that number */

static void a_name_with_brackets_hides_no_field(void **state)
{
    (void)state;
    prctl(PR_SET_NAME, ") S 7 (x) ");
    assert_int_equal(sg_proc_stat(getpid(), 4), getppid());
    prctl(PR_SET_NAME, "test");
}

static void a_field_that_is_no_number_or_not_there_is_minus_one(void **state)
{
    (void)state;
    assert_int_equal(sg_proc_stat(getpid(), 3), -1);
    assert_int_equal(sg_proc_stat(getpid(), 999), -1);
    assert_int_equal(sg_proc_stat(NOBODY, 4), -1);
}

static void a_text_is_cut_to_its_room(void **state)
{
    char room[8];

    (void)state;
    memset(room, 'x', sizeof(room));
    assert_true(sg_proc_read(getpid(), "status", room, sizeof(room)));
    assert_string_equal(room, "Name:\tt");
}

static void this_process_is_read_as_it_is(void **state)
{
    struct sg_target target;
    mode_t mask = umask(027);

    (void)state;
    assert_true(sg_target_read(getpid(), &target));
    umask(mask);
    assert_int_equal(target.pid, getpid());
    assert_int_equal(target.umask, 027);
    assert_int_equal(target.fsuid, geteuid());
    assert_int_equal(target.fsgid, getegid());
    assert_int_equal(target.group_count, getgroups(0, NULL));
    assert_true(target.threads >= 1);
    assert_false(sg_target_read(NOBODY, &target));
}

#define LINES                                                                                      \
    "Name:\tUid:\nTgid:\t70\nUmask:\t0022\nThreads:\t2\nSigPnd:\t1\nShdPnd:\t2\nSigBlk:\t4\n"      \
    "SigIgn:\t8\nCapEff:\tff00000000\n"
#define USERS "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n"

static void a_status_is_taken_apart(void **state)
{
    struct sg_target target;

    (void)state;
    assert_true(sg_target_parse(LINES USERS "Groups:\t10 20 \nmore\n", &target));
    assert_int_equal(target.pid, 70);
    assert_int_equal(target.threads, 2);
    assert_int_equal(target.umask, 022);
    assert_int_equal(target.fsuid, 4);
    assert_int_equal(target.fsgid, 8);
    assert_int_equal(target.group_count, 2);
    assert_int_equal(target.groups[1], 20);
    assert_int_equal(target.caps, 0xff00000000);
    assert_int_equal(target.pending_thread, 1);
    assert_int_equal(target.pending_process, 2);
    assert_int_equal(target.blocked, 4);
    assert_int_equal(target.ignored, 8);
    assert_true(sg_target_parse(LINES USERS "Groups:\t \n", &target));
    assert_int_equal(target.group_count, 0);
}

/* Whoever is not understood gets no file opened. */
static void a_status_that_is_not_understood_is_none(void **state)
{
    static const char *const texts[] = {
        "",
        LINES,
        USERS "Groups:\t\n",
        LINES "Uid:\t1\t2\t3\nGid:\t5\t6\t7\t8\nGroups:\t\n",
        LINES "Uid:\t1\t2\tx\t4\nGid:\t5\t6\t7\t8\nGroups:\t\n",
        LINES "Uid:\t1\t2\t3\t4\nGroups:\t\n",
        LINES USERS,
        LINES USERS "Groups:\t1 x\n",
        LINES USERS "Groups:\t1",
    };
    struct sg_target target;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (sg_target_parse(texts[i], &target))
            fail_msg("understood: %s", texts[i]);
}

static void more_groups_than_can_be_taken_on_are_refused(void **state)
{
    static char text[16384];
    struct sg_target target;
    size_t len = (size_t)snprintf(text, sizeof(text), LINES USERS "Groups:\t");

    (void)state;
    for (unsigned i = 0; i < SG_GROUPS_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%u ", i);
    memcpy(text + len, "\n", 2);
    assert_true(sg_target_parse(text, &target));
    assert_int_equal(target.group_count, SG_GROUPS_MAX);
    assert_int_equal(target.groups[SG_GROUPS_MAX - 1], SG_GROUPS_MAX - 1);
    memcpy(text + len, "9 \n", 4);
    assert_false(sg_target_parse(text, &target));
}

static void terminals_have_the_names_of_their_numbers(void **state)
{
    static const struct {
        unsigned major, minor;
        const char *path;
    } cases[] = {
        {136, 3, "/dev/pts/3"}, {137, 1, "/dev/pts/1048577"}, {143, 0, "/dev/pts/7340032"},
        {4, 1, "/dev/tty1"},    {4, 63, "/dev/tty63"},        {4, 64, "/dev/ttyS0"},
        {5, 1, "/dev/console"}, {144, 0, "/dev/console"},
    };
    char path[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sg_terminal_name(makedev(cases[i].major, cases[i].minor), path, sizeof(path));
        assert_string_equal(path, cases[i].path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_with_brackets_hides_no_field),
        cmocka_unit_test(a_field_that_is_no_number_or_not_there_is_minus_one),
        cmocka_unit_test(a_text_is_cut_to_its_room),
        cmocka_unit_test(this_process_is_read_as_it_is),
        cmocka_unit_test(a_status_is_taken_apart),
        cmocka_unit_test(a_status_that_is_not_understood_is_none),
        cmocka_unit_test(more_groups_than_can_be_taken_on_are_refused),
        cmocka_unit_test(terminals_have_the_names_of_their_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
