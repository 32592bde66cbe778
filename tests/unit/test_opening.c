/* test_opening.c - opens of a real supervised process: what is read of them, in which folders they
 * are opened, what is waited for, and what is answered. */
#include "opening_fixture.h"

#include "shim/supervise/waiting.h"

#include <pthread.h>
#include <sys/resource.h>

#define PAGE 4096
#define RESTART_CALL 512 /* the kernel's ERESTARTSYS */

/* What is read of a call. */

/* The last bytes before a page that is not there. */
static char *before_nothing(size_t len)
{
    char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    munmap(pages + 2 * PAGE, PAGE);
    return pages + 2 * PAGE - len;
}

static void ask_what_is_no_open(struct answers *answers)
{
    static char path[2 * PATH_MAX];
    struct {
        struct open_how how;
        char more[2 * PAGE];
    } longer = {0};
    struct open_how cached = {.resolve = RESOLVE_CACHED}, path_only = {.flags = O_PATH};
    struct open_how *cut = (struct open_how *)before_nothing(sizeof(*cut) - 8);
    char *torn = memset(before_nothing(100), 'x', 100);

    memset(path, 'x', sizeof(path));
    CALL(answers, SYS_openat, AT_FDCWD, path, O_RDONLY);
    CALL(answers, SYS_openat, AT_FDCWD, torn, O_RDONLY);
    CALL(answers, SYS_openat, AT_FDCWD, "", O_RDONLY);
    CALL(answers, SYS_openat, AT_FDCWD, "x", O_RDONLY | (O_TMPFILE & ~O_DIRECTORY));
    CALL(answers, SYS_openat2, AT_FDCWD, "x", &longer, sizeof(longer));
    CALL(answers, SYS_openat2, AT_FDCWD, "x", cut, sizeof(*cut));
    CALL(answers, SYS_openat2, AT_FDCWD, "x", &cached, sizeof(cached));
    CALL(answers, SYS_openat2, AT_FDCWD, "x", &path_only, sizeof(path_only));
}

static void arguments_that_are_none_get_the_kernels_answer(void **state)
{
    static const int errors[] = {ENAMETOOLONG, EFAULT, ENOENT, EINVAL,
                                 E2BIG,        EFAULT, EAGAIN, ENOSYS};
    struct child child;

    (void)state;
    child_start(&child, NULL, ask_what_is_no_open);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        assert_int_equal(child_opens(&child, &request), -errors[i]);
        assert_int_equal(sg_request_fail(&request, -errors[i]), 0);
    }
    const long *answers = child_end(&child);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        assert_int_equal(answers[i], -errors[i]);
}

static void ask_with_a_zeroed_tail(struct answers *answers)
{
    struct {
        struct open_how how;
        char more[40];
    } longer = {0};
    char *name = before_nothing(5);

    memcpy(name, "file", 5);
    CALL(answers, SYS_openat2, AT_FDCWD, name, &longer, sizeof(longer));
    longer.more[39] = 1;
    CALL(answers, SYS_openat2, AT_FDCWD, name, &longer, sizeof(longer));
}

static void what_a_newer_program_leaves_empty_is_passed_over(void **state)
{
    struct child child;

    (void)state;
    write_file("file", "text", 0644);
    child_start(&child, NULL, ask_with_a_zeroed_tail);
    assert_true(answer_open(&child) >= 0);
    assert_int_equal(child_opens(&child, &request), -E2BIG);
    assert_int_equal(sg_request_fail(&request, -E2BIG), 0);
    assert_int_equal(child_end(&child)[1], -E2BIG);
}

static void ask_without_room(struct answers *answers)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_NOFILE, &none);
    CALL(answers, SYS_openat, AT_FDCWD, "file", O_RDWR);
    CALL(answers, SYS_openat, AT_FDCWD, "file", O_RDONLY);
}

static void without_room_for_a_descriptor_the_call_is_still_to_be_answered(void **state)
{
    struct child child;

    (void)state;
    write_file("file", "text", 0644);
    child_start(&child, NULL, ask_without_room);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(answer_open(&child), -EMFILE);
        assert_int_equal(sg_request_fail(&request, -EMFILE), 0);
    }
    assert_int_equal(child_end(&child)[1], -EMFILE);
}

/* Whoever asks without end is not to fill a log. */
static void what_cannot_be_read_is_refused_and_told_twenty_times(void **state)
{
    int err = dup(STDERR_FILENO), log = open("log", O_RDWR | O_CREAT, 0600), lines = 0;
    char text[8192];

    (void)state;
    dup2(log, STDERR_FILENO);
    for (int i = 0; i < 25; i++)
        assert_int_equal(sg_opening_unread(&request, -EPERM), -EACCES);
    assert_int_equal(sg_opening_unread(&request, -EFAULT), -EFAULT);
    dup2(err, STDERR_FILENO);
    ssize_t len = pread(log, text, sizeof(text), 0);
    for (ssize_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    assert_int_equal(lines, 20);
    close(log);
    close(err);
}

/* Threads that are gone. */

static char precious[64], made[64]; /* absolute: no folder of the thread's is needed */

static void ask_to_truncate(struct answers *answers)
{
    struct open_how how = {.flags = O_RDWR | O_TRUNC};

    CALL(answers, SYS_openat2, AT_FDCWD, precious, &how, sizeof(how));
}

static void ask_to_make(struct answers *answers)
{
    CALL(answers, SYS_openat, AT_FDCWD, made, O_RDWR | O_CREAT, 0600);
}

/* Whatever rights it had: the supervisor's own must not do it in its place. */
static void nothing_is_opened_for_a_thread_that_died(void **state)
{
    static void (*const acts[])(struct answers *) = {ask_to_truncate, ask_to_make};
    struct stat found;

    (void)state;
    snprintf(precious, sizeof(precious), "%s/precious", top);
    snprintf(made, sizeof(made), "%s/made", top);
    write_file("precious", "text", 0644);
    for (size_t i = 0; i < 2; i++) {
        struct child child;
        child_start(&child, NULL, acts[i]);
        assert_int_equal(child_opens(&child, &request), 0);
        child_kill(&child);
        assert_false(sg_request_is_valid(&request));
        assert_int_equal(sg_opening(&request, &policy), -EINTR);
        assert_int_equal(sg_request_fail(&request, -EINTR), -ENOENT);
        close(child.listener);
    }
    assert_int_equal(stat("precious", &found), 0);
    assert_int_equal(found.st_size, 4);
    assert_int_equal(access("made", F_OK), -1);
}

/* Whose folders. */

static void folders_are_those_of_the_thread(void **state)
{
    struct sg_place place;

    (void)state;
    write_file("file", "text", 0644);
    int file = open("file", O_RDONLY), folder = open("/", O_PATH | O_DIRECTORY);
    assert_int_equal(sg_place_open(&place, getpid(), folder, true), 0);
    assert_true(place.base >= 0);
    sg_place_close(&place);
    assert_int_equal(place.base, AT_FDCWD);
    assert_int_equal(sg_place_open(&place, getpid(), file, true), -ENOTDIR);
    assert_int_equal(sg_place_open(&place, getpid(), 999, true), -EBADF);
    assert_int_equal(sg_place_open(&place, getpid(), 999, false), 0);
    assert_int_equal(sg_place_open(&place, 0x3fffffff, AT_FDCWD, true), -ENOENT);
    sg_rights_note_change();
    assert_int_equal(sg_place_open(&place, getpid(), AT_FDCWD, false), 0);
    assert_int_equal(place.root, -1);
    assert_int_equal(sg_place_open(&place, 0x3fffffff, AT_FDCWD, false), -ENOENT);
    close(file);
    close(folder);
}

/* Waiting. */

static void nothing(int number)
{
    (void)number;
}

static void catch_signals(void)
{
    signal(SIGUSR1, nothing);
}

static void *stand_by(void *unused)
{
    for (;;)
        pause();
    return unused;
}

/* The second one takes no signal. */
static void catch_signals_with_two(void)
{
    pthread_t thread;
    sigset_t all, before;

    catch_signals();
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_create(&thread, NULL, stand_by, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void ask_for_fifo(struct answers *answers)
{
    CALL(answers, SYS_openat, AT_FDCWD, "fifo", O_RDONLY);
}

static int of_thread(pid_t pid)
{
    return (int)syscall(SYS_tgkill, pid, pid, SIGUSR1);
}

static int of_process(pid_t pid)
{
    return kill(pid, SIGUSR1);
}

static int death(pid_t pid)
{
    return kill(pid, SIGKILL) || waitpid(pid, NULL, 0) != pid;
}

/* Nobody opens the other end: only the signal ends the wait. A child is not forked while a thread
 * begins, which may hold a lock of the allocator's. */
static void a_wait_is_broken_off_for_a_signal(void **state)
{
    static const struct {
        void (*prepare)(void);
        int (*send)(pid_t pid);
        int error;
    } cases[] = {
        {catch_signals, of_thread, RESTART_CALL},
        {catch_signals, of_process, RESTART_CALL},
        {catch_signals_with_two, of_thread, RESTART_CALL},
        {catch_signals_with_two, of_process, EINTR}, /* the other one may have taken it */
        {catch_signals, death, EINTR},
    };

    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct child child;
        child_start(&child, cases[i].prepare, ask_for_fifo);
        if (i == 0)
            assert_true(sg_waiting_start());
        assert_int_equal(child_opens(&child, &request), 0);
        assert_int_equal(cases[i].send(child.pid), 0);
        int fifo = open("fifo", O_PATH);
        assert_int_equal(sg_waiting_reopen(&request, fifo, O_RDONLY), -cases[i].error);
        assert_int_equal(sg_waiting_reopen(&request, fifo, O_WRONLY | O_NONBLOCK), -ENXIO);
        close(fifo);
        if (cases[i].send != death)
            child_kill(&child);
        close(child.listener);
    }
    unlink("fifo");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_that_are_none_get_the_kernels_answer),
        cmocka_unit_test(what_a_newer_program_leaves_empty_is_passed_over),
        cmocka_unit_test(without_room_for_a_descriptor_the_call_is_still_to_be_answered),
        cmocka_unit_test(what_cannot_be_read_is_refused_and_told_twenty_times),
        cmocka_unit_test(nothing_is_opened_for_a_thread_that_died),
        cmocka_unit_test(folders_are_those_of_the_thread),
        cmocka_unit_test(a_wait_is_broken_off_for_a_signal),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
