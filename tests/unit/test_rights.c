/* test_rights.c - files are opened with the rights of the supervised thread, and no others. */
#include "opening_fixture.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#define OTHERS 777 /* a group */

static void become_nobody(void)
{
    const gid_t groups[] = {NOBODY, OTHERS};

    if (setgroups(2, groups) || setresgid(NOBODY, NOBODY, NOBODY) ||
        setresuid(NOBODY, NOBODY, NOBODY) || prctl(PR_SET_DUMPABLE, 1))
        _exit(1);
}

static void set_effective(uint64_t drop)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data))
        _exit(1);
    for (int i = 0; i < 2; i++)
        data[i].effective = data[i].permitted & ~(uint32_t)(drop >> 32 * i);
    if (syscall(SYS_capset, &header, data))
        _exit(1);
}

static void give_up_reading_everything(void)
{
    set_effective(1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH);
}

static void join_others(void)
{
    const gid_t groups[] = {OTHERS};

    if (setgroups(1, groups))
        _exit(1);
    give_up_reading_everything();
}

static void give_up_the_group(void)
{
    if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY))
        _exit(1);
    give_up_reading_everything();
}

static void ask_for_secrets(struct answers *answers)
{
    CALL(answers, SYS_openat, AT_FDCWD, "of_nobody", O_RDONLY);
    CALL(answers, SYS_openat, AT_FDCWD, "of_root", O_RDONLY);
    CALL(answers, SYS_openat, AT_FDCWD, "of_group", O_RDONLY);
}

static void files_are_opened_with_the_rights_of_who_asks(void **state)
{
    static const struct {
        void (*prepare)(void);
        bool nobodys, roots, groups;
    } cases[] = {
        {NULL, true, true, true},
        {become_nobody, true, false, true},
        {give_up_reading_everything, false, true, false},
        {join_others, false, true, true},
        {give_up_the_group, false, true, false},
    };

    (void)state;
    if (geteuid() != 0)
        skip();
    write_file("of_nobody", "n", 0600);
    assert_int_equal(chown("of_nobody", NOBODY, NOBODY), 0);
    write_file("of_root", "r", 0600);
    write_file("of_group", "g", 0060);
    assert_int_equal(chown("of_group", 12345, OTHERS), 0);
    sg_rights_note_change();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct child child;
        child_start(&child, cases[i].prepare, ask_for_secrets);
        assert_int_equal(answer_open(&child) >= 0, cases[i].nobodys);
        assert_int_equal(answer_open(&child) >= 0, cases[i].roots);
        assert_int_equal(answer_open(&child) >= 0, cases[i].groups);
        child_end(&child);
        assert_int_equal(syscall(SYS_setfsuid, -1), geteuid()); /* all are taken back */
        assert_int_equal(syscall(SYS_setfsgid, -1), getegid());
        assert_int_equal(close(open("of_nobody", O_RDONLY)), 0);
    }
}

/* A supervisor that may not become another: nothing is opened as itself instead. */
static void rights_that_cannot_be_had_open_nothing(void **state)
{
    static const uint64_t lacks[] = {1 << CAP_SETGID, 1 << CAP_SETUID};

    (void)state;
    if (geteuid() != 0)
        skip();
    write_file("file", "text", 0644);
    for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
        struct child child;
        child_start(&child, become_nobody, ask_for_secrets);
        set_effective(lacks[i]);
        assert_true(sg_rights_start());
        sg_rights_note_change();
        assert_int_equal(answer_open(&child), -EACCES);
        assert_int_equal(syscall(SYS_setfsuid, -1), geteuid());
        child_kill(&child);
        close(child.listener);
        set_effective(0);
        assert_true(sg_rights_start());
    }
}

static void ask_for_file(struct answers *answers)
{
    CALL(answers, SYS_openat, AT_FDCWD, "file", O_RDWR);
}

static void become_two(void)
{
    if (setresuid(-1, NOBODY, 0))
        _exit(1);
}

/* Of one user among several of its own: groups, which it could not set, stay as they are. */
static void another_user_of_ones_own_needs_no_right_to_groups(void **state)
{
    struct child child;

    (void)state;
    if (geteuid() != 0)
        skip();
    write_file("file", "text", 0644);
    child_start(&child, become_two, ask_for_file);
    set_effective(1 << CAP_SETGID);
    assert_true(sg_rights_start());
    sg_rights_note_change();
    assert_int_equal(answer_open(&child), -EACCES);
    assert_int_equal(chown("file", NOBODY, NOBODY), 0);
    child_kill(&child);
    close(child.listener);
    child_start(&child, become_two, ask_for_file);
    assert_true(answer_open(&child) >= 0);
    child_end(&child);
    set_effective(0);
    assert_true(sg_rights_start());
}

static void a_thread_that_is_gone_has_no_rights(void **state)
{
    (void)state;
    sg_rights_note_change();
    assert_int_equal(sg_rights_enter(0x3fffffff), -EACCES);
    assert_int_equal(syscall(SYS_setfsuid, -1), geteuid());
}

/* With groups of its own, as many as others may have. */
static int set_up_in_groups(void **state)
{
    const gid_t groups[] = {1, 2};

    if (geteuid() == 0 && setgroups(2, groups))
        return -1;
    return set_up(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_opened_with_the_rights_of_who_asks),
        cmocka_unit_test(rights_that_cannot_be_had_open_nothing),
        cmocka_unit_test(another_user_of_ones_own_needs_no_right_to_groups),
        cmocka_unit_test(a_thread_that_is_gone_has_no_rights),
    };

    return cmocka_run_group_tests(tests, set_up_in_groups, tear_down);
}
