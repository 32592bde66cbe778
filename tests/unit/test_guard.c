/* test_guard.c - files that change all the time, what is no file, vettings within vettings. */
#if !defined(__x86_64__)
int main(void)
{
    return 0; /* the injector is written for x86-64 */
}
#else
#include "guard_scenes.h"

static void look_back_for_the_last_time(void *context)
{
    struct scene *scene = context;
    ssize_t got = 2;
    int left = 0;

    assert_false(sg_guard_look_back(scene->fd, 0, &got, &left));
    scene->got = got < 0 ? -1 : scene->fd;
}

static void file_that_changes_at_every_read_is_refused_in_the_end(void **state)
{
    struct scene scene = {.before = text,
                          .after = clean,
                          .size = 1 << 20,
                          .flags = O_RDONLY,
                          .path = "/tmp/guardXXXXXX"};

    (void)state;
    policy.snapshot = SG_SNAPSHOT_STRICT;
    close(mkstemp(scene.path));
    open_vet_and_change(&scene);
    if (SG_FD_STATE(sg_fd_word(scene.fd)) == SG_FD_STILL) { /* and no copy */
        look_back_for_the_last_time(&scene);
        assert_int_equal(scene.got, -1);
    }
    close(scene.fd);
    unlink(scene.path);
}

/* Of what is no descriptor, or not open for reading, the real call says what it is. */
static void what_cannot_be_read_anyway_is_not_looked_at(void **state)
{
    int writing = open("/tmp", O_TMPFILE | O_WRONLY, 0600), path = open("/etc/passwd", O_PATH);
    ssize_t got = 5;
    int left = 1, ends[2];

    (void)state;
    policy.snapshot = SG_SNAPSHOT_STRICT;
    assert_true(sg_guard_vet(writing, SG_EVENT_READ));
    assert_true(sg_guard_vet(path, SG_EVENT_READ));
    assert_true(sg_guard_vet(-1, SG_EVENT_READ));
    assert_true(sg_guard_look_back_at_move(-1));
    assert_false(sg_guard_look_back(-1, 0, &got, &left));
    assert_int_equal(got, 5);
    assert_int_equal(pipe(ends), 0);
    assert_true(sg_guard_vet(ends[0], SG_EVENT_READ));
    assert_int_equal(SG_FD_STATE(sg_fd_word(ends[0])), SG_FD_EXEMPT);
    assert_true(sg_guard_unseen(ends[0], SG_EVENT_READ, NULL));
    assert_int_equal(sg_guard_opened(-1, O_RDONLY, "/nonexistent/file"), -1);
    sg_fd_forget(ends[0]);
    close(ends[0]);
    close(ends[1]);
    close(writing);
    close(path);
}

/* Signal handlers may open files while one is vetted, and may not come back. */

static struct scene visited;
static int depth;
static bool refused;
static sigjmp_buf out;

static int reopened(void)
{
    sg_fd_forget(visited.fd);
    return sg_guard_opened(dup(visited.fd), O_RDONLY, visited.path);
}

static void open_once_more(void)
{
    if (plan.number != SYS_pread64 || depth++ > 50)
        return;
    int fd = reopened();
    if (fd < 0)
        refused = true;
    else
        close(fd);
}

static void never_come_back(void)
{
    if (plan.number == SYS_pread64)
        siglongjmp(out, 1);
}

static void open_and_leave(void *context)
{
    (void)context;
    for (volatile int i = 0; i < 40; i++)
        if (sigsetjmp(out, 1) == 0)
            (void)reopened();
    plan.kind = KIND_ERRNO; /* no more visits */
    visited.got = reopened();
}

static void reopen(void *context)
{
    (void)context;
    visited.got = reopened();
}

static void visit(void (*act)(void *context), void (*visitor)(void))
{
    struct attempt attempt = {.act = act, .at = 1, .fault = {.kind = KIND_VISIT}};

    visited = (struct scene){.before = clean, .flags = O_RDONLY, .path = "/tmp/guardXXXXXX"};
    close(mkstemp(visited.path));
    open_file(&visited);
    plan.visit = visitor;
    assert_true(attempt_once(&attempt));
    close(visited.fd);
    unlink(visited.path);
    for (int fd = visited.fd; fd < 48; fd++)
        (void)close(fd);
}

static void endless_nesting_is_refused_and_the_first_is_answered(void **state)
{
    (void)state;
    visit(reopen, open_once_more);
    assert_true(refused);
    assert_true(visited.got >= 0);
}

static void what_was_left_by_a_jump_counts_no_more(void **state)
{
    (void)state;
    visit(open_and_leave, never_come_back);
    assert_true(visited.got >= 0);
}

/* At each read another time stamp. */
static void touch(void)
{
    static long nanoseconds;
    struct timespec times[2] = {{1, 0}, {1, ++nanoseconds}};

    if (plan.number == SYS_pread64)
        (void)futimens(visited.fd, times);
}

static void file_that_never_rests_is_refused(void **state)
{
    (void)state;
    policy.snapshot = SG_SNAPSHOT_AUTO;
    visit(reopen, touch);
    assert_int_equal(visited.got, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_that_changes_at_every_read_is_refused_in_the_end),
        cmocka_unit_test(what_cannot_be_read_anyway_is_not_looked_at),
        cmocka_unit_test(file_that_never_rests_is_refused),
        cmocka_unit_test(endless_nesting_is_refused_and_the_first_is_answered),
        cmocka_unit_test(what_was_left_by_a_jump_counts_no_more),
    };

    return cmocka_run_group_tests(tests, begin_group, end_group);
}
#endif
