/* test_creating.c - opens that may make a file, or meet something else than a file. */
#include "opening_fixture.h"

#include "shim/supervise/refusals.h"

#include "shim/supervised.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <time.h>

static const struct {
    const char *path;
    uint64_t flags;
    int answer; /* 0: a descriptor */
} opens[] = {
    {"file", O_RDWR | O_CREAT, 0},
    {"/proc/self/cwd/file", O_RDWR | O_CREAT, 0},
    {"/proc/self/comm", O_RDWR | O_CREAT, 0},
    {"new", O_RDONLY | O_CREAT, 0},
    {"/proc/self/cwd/by_hand", O_RDONLY | O_CREAT | O_CLOEXEC, 0},
    {"dangling", O_RDWR | O_CREAT, 0},
    {"file", O_RDWR | O_CREAT | O_EXCL, -EEXIST},
    {"dangling", O_RDWR | O_CREAT | O_EXCL, -EEXIST},
    {"link", O_RDONLY | O_NOFOLLOW, -ELOOP},
    {"link", O_RDONLY | O_NOFOLLOW | O_DIRECTORY, -ENOTDIR},
    {"file", O_RDONLY | O_DIRECTORY, -ENOTDIR},
    {"folder", O_RDWR | O_CREAT, -EISDIR},
    {"folder", O_RDONLY, 0},
    {"folder", O_RDWR | O_TMPFILE, 0},
    {"/proc/self/cwd", O_RDWR | O_TMPFILE, 0},
    {"/proc/self/cwd/link/", O_RDONLY, -ENOTDIR},
    {"/proc/self/cwd/new/", O_RDWR | O_CREAT, -ENOTDIR},
    {"/proc/self/cwd/nothing/", O_RDWR | O_CREAT, -EISDIR},
    {"nowhere/file", O_RDWR | O_CREAT, -ENOENT},
    {"nowhere", O_RDONLY, -ENOENT},
    {"/dev/null", O_RDWR, 0},
};

#define OPENS (sizeof(opens) / sizeof(opens[0]))

static void open_all(struct answers *answers)
{
    umask(027);
    for (size_t i = 0; i < OPENS; i++) {
        struct open_how how = {.flags = opens[i].flags};
        how.mode = how.flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? 0666 : 0;
        CALL(answers, SYS_openat2, AT_FDCWD, opens[i].path, &how, sizeof(how));
    }
}

static void opens_that_make_files_answer_as_the_kernel_does(void **state)
{
    struct child child;
    struct stat made;
    mode_t mask = umask(0);

    (void)state;
    write_file("file", "text", 0644);
    assert_int_equal(mkdir("folder", 0755) || symlink("file", "link") || symlink("t", "dangling"),
                     0);
    child_start(&child, NULL, open_all);
    for (size_t i = 0; i < OPENS; i++)
        (void)answer_open(&child);
    const long *answers = child_end(&child);
    for (size_t i = 0; i < OPENS; i++)
        if (opens[i].answer ? answers[i] != opens[i].answer : answers[i] < 0)
            fail_msg("%s %lx: %ld", opens[i].path, (unsigned long)opens[i].flags, answers[i]);
    assert_int_equal(umask(mask), 0); /* the child's was taken on for a moment only */
    assert_int_equal(stat("new", &made), 0);
    assert_int_equal(made.st_mode, S_IFREG | 0640);
    assert_int_equal(stat("by_hand", &made), 0);
    assert_int_equal(made.st_mode, S_IFREG | 0640);
    assert_int_equal(access("t", F_OK), 0);
}

static void open_leased(struct answers *answers)
{
    CALL(answers, SYS_openat, AT_FDCWD, "leased", O_RDWR | O_CREAT, 0600);
}

static void make_another(struct answers *answers)
{
    CALL(answers, SYS_openat, AT_FDCWD, "another", O_RDWR | O_CREAT, 0600);
}

static sigset_t lease_breaks;
static _Atomic bool leased_is_open;
static struct sg_request leased;

static void *open_what_is_leased(void *unused)
{
    int fd = sg_opening(&leased, &policy);

    leased_is_open = true;
    assert_int_equal(sg_request_give(&leased, fd) >= 0, 1);
    return unused;
}

/* A file made meanwhile goes through another mask; nobody is to keep the mask while waiting. */
static void a_lease_that_is_waited_for_holds_up_nobody_else(void **state)
{
    struct child first, second;
    const struct timespec long_enough = {.tv_sec = 30};
    pthread_t thread;

    (void)state;
    write_file("leased", "text", 0600);
    int fd = open("leased", O_RDONLY);
    child_start(&first, NULL, open_leased);
    child_start(&second, NULL, make_another);
    if (fcntl(fd, F_SETLEASE, F_RDLCK)) {
        child_kill(&first);
        child_kill(&second);
        skip();
    }
    assert_int_equal(child_opens(&first, &leased), 0);
    assert_int_equal(pthread_create(&thread, NULL, open_what_is_leased, NULL), 0);
    assert_int_equal(sigtimedwait(&lease_breaks, NULL, &long_enough), SIGIO);
    assert_true(answer_open(&second) >= 0);
    assert_false(leased_is_open);
    assert_int_equal(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
    pthread_join(thread, NULL);
    child_end(&first);
    child_end(&second);
    close(fd);
}

/* Reasons. */

static char reason[SG_SUPERVISED_WHY_MAX];

static void ask_why(struct answers *answers)
{
    CALL(answers, SYS_openat, AT_FDCWD, "bad", O_RDONLY);
    CALL(answers, SYS_prctl, SG_SUPERVISED_WHY, reason, 5, 0, 0);
    CALL(answers, SYS_prctl, SG_SUPERVISED_WHY, reason + 8, sizeof(reason) - 8, 0, 0);
    CALL(answers, SYS_openat, AT_FDCWD, "bad", O_RDONLY);
    CALL(answers, SYS_prctl, SG_SUPERVISED_WHY, NULL, sizeof(reason), 0, 0);
    answers->at[answers->count++] = strcmp(reason, "calls") == 0;
}

static void a_reason_is_told_once_and_in_the_room_there_is(void **state)
{
    static const long expected[] = {-EACCES, 5, 0, -EACCES, -EFAULT, true};
    struct child child;

    (void)state;
    write_file("bad", BAD, 0644);
    child_start(&child, NULL, ask_why);
    for (unsigned i = 0; i < 5; i++) {
        if (expected[i] == -EACCES) {
            assert_int_equal(answer_open(&child), -EACCES);
            sg_refusals_keep(child.pid);
            continue;
        }
        assert_int_equal(sg_request_wait(child.listener, &request), 0);
        sg_refusals_answer(&request);
    }
    assert_memory_equal(child_end(&child), expected, sizeof(expected));
}

/* Before there are threads: none but the one that waits for it is to get the signal. */
static int set_up_quietly(void **state)
{
    sigemptyset(&lease_breaks);
    sigaddset(&lease_breaks, SIGIO);
    pthread_sigmask(SIG_BLOCK, &lease_breaks, NULL);
    return set_up(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_that_make_files_answer_as_the_kernel_does),
        cmocka_unit_test(a_lease_that_is_waited_for_holds_up_nobody_else),
        cmocka_unit_test(a_reason_is_told_once_and_in_the_room_there_is),
    };

    return cmocka_run_group_tests(tests, set_up_quietly, tear_down);
}
