/* test_still.c - leases: what they prove, whom they hold up, and who is let by. */
#if !defined(__x86_64__)
int main(void)
{
    return 0; /* the injector is written for x86-64 */
}
#else
#include "failing_calls.h"

#include "shim/probe.h"
#include "shim/raw.h"
#include "shim/still.h"
#include "shim/yield.h"

#include "sgscan.h"

#include <stdio.h>
#include <stdlib.h>

#define LONG (2 * SG_SNIFF_TAIL_MAX)

static char path[32], other[32];
static int file;
static struct stat st;
static enum sg_filesystem fs;
static bool answer;

static void prove(void *patient)
{
    answer = sg_still_prove(file, fs, &st, patient != NULL);
}

/* A clock that does not go on proves nothing, and is not waited for for ever. */
static void a_clock_that_stands_proves_nothing(void **state)
{
    struct attempt attempt = {.act = prove, .context = path, .fault = {KIND_EVER_AFTER, EINVAL}};
    bool stood = false;

    (void)state;
    if (fs != SG_FS_STAMPED)
        skip(); /* leases prove nothing on this file system */
    do {
        attempt.at++;
        if (attempt_once(&attempt) && plan.number == SYS_clock_gettime) {
            assert_false(answer);
            stood = true;
        }
    } while (!stood && attempt.at < 20);
    assert_true(stood);
    prove(path);
    assert_true(answer);
}

static void a_lease_is_asked_for_only_where_it_is_worth_something(void **state)
{
    (void)state;
    assert_false(sg_still_hold(file, SG_FS_UNKNOWN));
    assert_false(sg_still_hold(file, SG_FS_FIXED));
    assert_true(sg_still_forever(file, SG_FS_FIXED));
    assert_false(sg_still_forever(file, SG_FS_LEASED));
    assert_false(sg_still_forever(file, SG_FS_STAMPED));
}

static void hold(void)
{
    struct sg_identity identity = sg_identity_of(&st);

    assert_true(sg_still_hold(file, SG_FS_LEASED));
    sg_fd_bind(file, SG_FD_HELD, &identity);
}

static void only_a_writer_of_the_same_file_ends_a_lease(void **state)
{
    (void)state;
    if (fs < SG_FS_LEASED)
        skip(); /* there are no leases on this file system */
    hold();
    sg_yield_opening(AT_FDCWD, path, O_RDONLY);
    sg_yield_opening(AT_FDCWD, NULL, O_WRONLY);
    sg_yield_opening(AT_FDCWD, other, O_WRONLY);
    sg_yield_opening(AT_FDCWD, "/nonexistent/file", O_RDWR);
    assert_true(sg_still_held(file));
    sg_yield_opening(AT_FDCWD, path, O_WRONLY);
    assert_false(sg_still_held(file));
    hold();
    sg_yield_opening(AT_FDCWD, path, O_RDONLY | O_TRUNC);
    assert_false(sg_still_held(file));
    sg_fd_forget(file);
}

/* A probe of a long file looks at its end, in one of few buffers. */

static int nested, probed_as[8];

static enum sg_probed probed(void)
{
    struct sg_identity identity = sg_identity_of(&st);

    return sg_probe(file, &identity);
}

static void probe_once(void *context)
{
    *(enum sg_probed *)context = probed();
}

/* h5py looks for a superblock at each of these places, in files of any length. */
static void a_probe_looks_behind_the_user_block_of_hdf5(void **state)
{
    int writable = open(path, O_RDWR);

    (void)state;
    for (off_t at = SG_SNIFF_SIZE; at < LONG; at *= 2) {
        assert_int_equal(pwrite(writable, "\x89HDF\r\n\x1a\n", 8, at), 8);
        assert_int_equal(probed(), SG_PROBED_CARRIER);
        assert_int_equal(pwrite(writable, "        ", 8, at), 8);
        assert_int_equal(probed(), SG_PROBED_PLAIN);
    }
    close(writable);
}

/* At its second read the probe has a buffer. */
static void probe_once_more(void)
{
    static int reads;

    if (plan.number == SYS_pread64 && ++reads % 2 == 0 && nested < 8) {
        int depth = nested++;
        probed_as[depth] = probed();
    }
}

static void probes_within_probes_have_memory_of_their_own(void **state)
{
    enum sg_probed outermost = SG_PROBED_FAILED;
    struct attempt attempt = {
        .act = probe_once, .context = &outermost, .at = 1, .fault = {.kind = KIND_VISIT}};

    (void)state;
    plan.visit = probe_once_more;
    assert_true(attempt_once(&attempt));
    assert_int_equal(outermost, SG_PROBED_PLAIN);
    assert_int_equal(nested, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(probed_as[i], SG_PROBED_PLAIN);
}

static void what_cannot_be_read_is_not_plain(void **state)
{
    enum sg_probed answered = SG_PROBED_PLAIN;
    struct attempt attempt = {.act = probe_once, .context = &answered, .fault = {KIND_ERRNO, EIO}};
    int failed_reads = 0;

    (void)state;
    for (attempt.at = 1; attempt_once(&attempt); attempt.at++)
        if (plan.number == SYS_pread64) {
            assert_int_equal(answered, SG_PROBED_FAILED);
            failed_reads++;
        }
    assert_int_equal(failed_reads, 2 + 9); /* of its head, its end, and at 512, 1024, … 131072 */
}

static int begin_group(void **state)
{
    static const char line[] = "A line of text that is no model.\n";
    int made[2];

    (void)state;
    snprintf(path, sizeof(path), "/tmp/stillXXXXXX");
    snprintf(other, sizeof(other), "/tmp/stillXXXXXX");
    made[0] = mkstemp(path);
    made[1] = mkstemp(other);
    for (size_t at = 0; at < LONG; at += sizeof(line) - 1)
        if (write(made[0], line, sizeof(line) - 1) < 0)
            return -1;
    close(made[0]);
    close(made[1]);
    file = open(path, O_RDONLY);
    fs = sg_filesystem_of(file);
    return fstat(file, &st);
}

static int end_group(void **state)
{
    (void)state;
    unlink(path);
    return unlink(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_that_stands_proves_nothing),
        cmocka_unit_test(a_lease_is_asked_for_only_where_it_is_worth_something),
        cmocka_unit_test(only_a_writer_of_the_same_file_ends_a_lease),
        cmocka_unit_test(probes_within_probes_have_memory_of_their_own),
        cmocka_unit_test(what_cannot_be_read_is_not_plain),
        cmocka_unit_test(a_probe_looks_behind_the_user_block_of_hdf5),
    };

    return cmocka_run_group_tests(tests, begin_group, end_group);
}
#endif
