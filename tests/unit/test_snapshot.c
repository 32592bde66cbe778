/* test_snapshot.c - a copy is what the file was, or there is none; each system call
 * fails in turn. */
#if !defined(__x86_64__)
int main(void)
{
    return 0; /* the injector is written for x86-64 */
}
#else
#include "failing_calls.h"

#include "shim/fdtable.h"
#include "shim/probe.h"
#include "shim/raw.h"
#include "shim/scratch.h"
#include "shim/snapshot.h"
#include "shim/still.h"
#include "shim/trackers.h"

#include "sgscan.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define SIZE 300000 /* more than one piece of a copy made by hand */

static uint8_t bytes[SIZE], copied[SIZE + 1];
static int file, copy;
static struct stat st;

static void check_copy(size_t size)
{
    assert_int_equal(pread(copy, copied, sizeof(copied), 0), size);
    assert_memory_equal(copied, bytes, size);
    assert_int_equal(write(copy, "x", 1), -1);
    close(copy);
}

static void take(void *context)
{
    copy = sg_snapshot_take(file, &st, *(uint64_t *)context);
}

static void forget(void *context)
{
    (void)context;
    copy = -1;
    lseek(file, 0, SEEK_SET);
}

/* A call that answers that there is no more ends a copy early. */
static void expect_the_file_or_nothing(void *context, bool failed)
{
    struct stat made = {0};
    bool cut = failed && plan.kind == KIND_NOTHING;

    (void)context;
    assert_true(failed || copy >= 0);
    if (copy < 0)
        return;
    assert_int_equal(fstat(copy, &made), 0);
    assert_true(cut || made.st_size == SIZE);
    check_copy((size_t)made.st_size);
}

static void a_copy_is_the_file_whatever_fails(void **state)
{
    uint64_t most = SIZE;

    (void)state;
    attempt_all(take, &most, forget, expect_the_file_or_nothing);
}

/* Every call of sendfile fails: the file system cannot hand its pages on. */
static void where_pages_are_not_handed_on_it_is_made_by_hand(void **state)
{
    struct fault faults[] = {{KIND_EVER_AFTER, EINVAL}, {KIND_EVER_AFTER, ENOSYS}};
    uint64_t most = SIZE;
    int made = 0;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct attempt attempt = {.act = take, .context = &most, .fault = faults[i]};
        bool more = true;
        while (more) {
            attempt.at++;
            forget(NULL);
            more = attempt_once(&attempt);
            if (more && plan.number == SYS_sendfile && copy >= 0) {
                check_copy(SIZE);
                made++;
            } else if (copy >= 0)
                close(copy);
        }
    }
    assert_int_equal(made, 2);
}

static void a_file_that_is_longer_than_it_may_be_is_not_copied(void **state)
{
    struct rlimit before, little = {SIZE - 1, RLIM_INFINITY}, none = {0, RLIM_INFINITY};

    (void)state;
    assert_int_equal(sg_snapshot_take(file, &st, SIZE - 1), -1);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    setrlimit(RLIMIT_FSIZE, &little);
    copy = sg_snapshot_take(file, &st, SIZE);
    setrlimit(RLIMIT_FSIZE, &none);
    int other = sg_snapshot_take(file, &st, SIZE);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(copy, -1);
    assert_int_equal(other, -1);
}

/* Longer than it was when it was looked at: by sendfile, and by hand. */
static void a_file_that_grew_beyond_that_is_not_copied(void **state)
{
    struct stat before = st;
    int proc = open("/proc/self/maps", O_RDONLY);

    (void)state;
    before.st_size = 10;
    assert_int_equal(sg_snapshot_take(file, &before, 10), -1);
    assert_int_equal(sg_snapshot_take(proc, &before, 10), -1);
    close(proc);
    assert_int_equal(sg_snapshot_take(-1, &st, SIZE), -1);
}

static void a_copy_takes_the_place_of_the_file(void **state)
{
    int place = dup(file), numbers[] = {-1, place};

    (void)state;
    for (int i = 0; i < 2; i++) {
        copy = sg_snapshot_take(file, &st, SIZE);
        assert_true(copy >= 0);
        lseek(file, 100, SEEK_SET);
        assert_int_equal(sg_snapshot_put(copy, numbers[i]), i == 1);
        assert_int_equal(fcntl(copy, F_GETFD), -1);
    }
    assert_int_equal(lseek(place, 0, SEEK_CUR), 100);
    copy = place;
    lseek(file, 0, SEEK_SET);
    check_copy(SIZE);
}

/* Without a mapping that the kernel empties in a child nothing is ever sure. */
static void start_table(void *context)
{
    (void)context;
    sg_fd_start();
}

static void nothing_is_exempt_where_the_table_has_no_owner(void **state)
{
    struct attempt attempt = {.act = start_table, .fault = {KIND_ERRNO, EINVAL}};

    (void)state;
    for (attempt.at = 1; attempt.at <= 2; attempt.at++) {
        assert_true(attempt_once(&attempt));
        sg_fd_exempt(5);
        assert_int_equal(SG_FD_STATE(sg_fd_word(5)), SG_FD_UNVETTED);
    }
    sg_fd_start();
    sg_fd_exempt(5);
    assert_int_equal(SG_FD_STATE(sg_fd_word(5)), SG_FD_EXEMPT);
    sg_fd_copy(5, 6);
    assert_int_equal(SG_FD_STATE(sg_fd_word(6)), SG_FD_UNVETTED);
    sg_fd_forget(5);
}

/* A parent's numbers are not a vfork's child's: what it clears would be cleared there too. */
static void what_is_cleared_is_looked_at_once_more_by_its_copies(void **state)
{
    struct sg_identity identity = sg_identity_of(&st), other = identity;
    uint64_t word;

    (void)state;
    other.ino++;
    sg_fd_bind(5, SG_FD_FRESH, &identity);
    sg_fd_clear(5, sg_fd_word(5));
    assert_int_equal(SG_FD_STATE(sg_fd_word(5)), SG_FD_CLEARED);
    sg_fd_copy(5, 6);
    word = sg_fd_word(6);
    assert_int_equal(SG_FD_STATE(word), SG_FD_FRESH);
    assert_true(sg_fd_matches(word, &identity) && sg_fd_same_file(word, &identity));
    assert_false(sg_fd_matches(word, &other) || sg_fd_same_file(word, &other));
    assert_false(sg_fd_same_file(SG_FD_EXEMPT, &identity));
    sg_fd_bind(SG_FD_MAX, SG_FD_FRESH, &identity); /* beyond the table: nothing */
    assert_int_equal(sg_fd_word(SG_FD_MAX), SG_FD_UNVETTED);
    sg_fd_forget(5);
    sg_fd_forget(6);
}

static int begin_group(void **state)
{
    char path[] = "/tmp/snapshotXXXXXX";

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    srandom(1);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)random();
    int made = mkstemp(path);
    file = open(path, O_RDONLY);
    unlink(path);
    bool written = write(made, bytes, SIZE) == SIZE;
    close(made);
    return written ? fstat(file, &st) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_the_file_whatever_fails),
        cmocka_unit_test(where_pages_are_not_handed_on_it_is_made_by_hand),
        cmocka_unit_test(a_file_that_is_longer_than_it_may_be_is_not_copied),
        cmocka_unit_test(a_file_that_grew_beyond_that_is_not_copied),
        cmocka_unit_test(a_copy_takes_the_place_of_the_file),
        cmocka_unit_test(nothing_is_exempt_where_the_table_has_no_owner),
        cmocka_unit_test(what_is_cleared_is_looked_at_once_more_by_its_copies),
    };

    return cmocka_run_group_tests(tests, begin_group, NULL);
}
#endif
