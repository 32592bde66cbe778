/* test_log_send.c - lines of a log that many append to, some of whom are killed:
 * each begins anew. */
#include "shim/log_send.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_LINE 3000u /* bytes: most cross the end of a page, where a killed write ends */
#define KILLS 60
#define WRITERS 4
#define EACH 1500

static char path[] = "/tmp/logXXXXXX", line[LONG_LINE + 3];

/* "\n{xxx}\n", as log.c hands one on. */
static void make_line(size_t len)
{
    memset(line, 'x', sizeof(line));
    line[0] = line[len + 1] = '\n';
    line[1] = '{';
    line[len] = '}';
    line[len + 2] = '\0';
}

static bool send_line(void)
{
    return sg_send_file(path, line, strlen(line));
}

static char *content(size_t *len)
{
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *len = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(*len + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, *len, file), *len);
    text[*len] = '\0';
    fclose(file);
    return text;
}

struct count {
    size_t whole, cut, else_; /* lines as they were sent, their beginnings, and others */
};

static struct count count_lines(void)
{
    size_t len, sent = strlen(line) - 2;
    struct count count = {0, 0, 0};
    char *text = content(&len), *rest = text, *at;

    while ((at = strsep(&rest, "\n")) && (rest || *at)) {
        size_t here = strlen(at);
        bool begins = here > 0 && here <= sent && !memcmp(at, line + 1, here);
        count.whole += begins && here == sent;
        count.cut += begins && here < sent;
        count.else_ += !begins;
    }
    free(text);
    return count;
}

static int new_log(void **state)
{
    int fd;

    (void)state;
    memcpy(path + strlen(path) - 6, "XXXXXX", 6);
    fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_log(void **state)
{
    (void)state;
    return unlink(path);
}

static void put(const char *text)
{
    FILE *file = fopen(path, "a");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void expect(const char *wanted)
{
    size_t len;
    char *text = content(&len);

    assert_string_equal(text, wanted);
    free(text);
}

static void behind_a_whole_line_stands_the_next(void **state)
{
    (void)state;
    make_line(4);
    assert_true(send_line());
    assert_true(send_line());
    expect("{xx}\n{xx}\n");
}

/* Whatever the clock says of it: that a file rests was judged by its stamps. */
static void a_line_that_was_just_cut_is_ended(void **state)
{
    (void)state;
    make_line(4);
    put("{\"cut");
    assert_true(send_line());
    expect("{\"cut\n{xx}\n");
}

static pid_t start_writer(int count)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid)
        return pid;
    while (count--)
        if (!send_line())
            _exit(1);
    _exit(0);
}

static void writers_who_are_killed_spoil_no_line_but_their_last(void **state)
{
    struct count count;
    unsigned seed = 10;

    (void)state;
    make_line(LONG_LINE);
    for (int i = 0; i < KILLS; i++) {
        struct timespec wait = {0, 100000 + rand_r(&seed) % 900000};
        pid_t pid = start_writer(100000);
        nanosleep(&wait, NULL);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_true(send_line());
    }
    count = count_lines();
    print_message("%zu whole, %zu cut\n", count.whole, count.cut);
    assert_int_equal(count.else_, 0);
    assert_true(count.whole >= KILLS && count.cut <= KILLS);
}

/* A line that another is about to finish looks like one that was cut. */
static void writers_at_once_leave_no_empty_line(void **state)
{
    struct count count;
    pid_t pids[WRITERS];
    int status;

    (void)state;
    make_line(LONG_LINE);
    for (int i = 0; i < WRITERS; i++)
        pids[i] = start_writer(EACH);
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    count = count_lines();
    assert_int_equal(count.whole, WRITERS * EACH);
    assert_int_equal(count.cut + count.else_, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_log, remove_log)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(behind_a_whole_line_stands_the_next),
        TEST(a_line_that_was_just_cut_is_ended),
        TEST(writers_who_are_killed_spoil_no_line_but_their_last),
        TEST(writers_at_once_leave_no_empty_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
