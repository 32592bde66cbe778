/* test_faults_guard.c - every system call of the guard fails in turn: nothing bad is handed out, no
 * descriptor is left behind, and what was clean comes through or is refused with EACCES.
 */
#if !defined(__x86_64__)
int main(void)
{
    return 0; /* the injector is written for x86-64 */
}
#else
#include "guard_scenes.h"

static void vet_opened(void *context)
{
    struct scene *scene = context;

    scene->got = sg_guard_opened(scene->fd, scene->flags, scene->path);
    scene->error = errno;
}

static void vet_used(void *context)
{
    struct scene *scene = context;
    bool fine = scene->event == SG_EVENT_MMAP ? sg_guard_unseen(scene->fd, scene->event, NULL)
                                              : sg_guard_vet(scene->fd, scene->event);

    scene->got = fine ? scene->fd : -1;
    scene->error = errno;
}

/* As hook_read.c does, where something was read already. */
static void look_back(void *context)
{
    struct scene *scene = context;
    ssize_t got = 5;
    int left = SG_GUARD_READS_AGAIN;

    while (sg_guard_look_back(scene->fd, 0, &got, &left))
        continue;
    scene->got = got < 0 ? -1 : scene->fd;
    scene->error = errno;
}

/* The program's offset is put back where it was before the read. */
static void look_back_at_offset(void *context)
{
    struct scene *scene = context;
    ssize_t got = 2;
    int left = SG_GUARD_READS_AGAIN;

    while (sg_guard_look_back(scene->fd, -1, &got, &left))
        continue;
    scene->got = got < 0 ? -1 : scene->fd;
    scene->error = errno;
}

static void look_back_at_move(void *context)
{
    struct scene *scene = context;

    scene->got = sg_guard_look_back_at_move(scene->fd) ? scene->fd : -1;
    scene->error = errno;
}

/* An injected failure of close() leaves a descriptor open that the kernel would have closed. */
static void close_all(struct scene *scene, bool failed)
{
    close(scene->fd);
    if (!failed || plan.number != SYS_close)
        assert_int_equal(count_open(), scene->was);
    for (int fd = scene->was; fd < 48; fd++)
        if (fcntl(fd, F_GETFD) >= 0 && failed)
            close(fd);
}

/* The bytes of what is handed out, which may be a copy, are not the bad file's. */
static void expect_nothing_bad(void *context, bool failed)
{
    struct scene *scene = context;
    char head[sizeof(evil)] = "";

    if (scene->got < 0)
        assert_int_equal(scene->error, EACCES);
    else
        assert_true(pread(scene->fd, head, sizeof(head), 0) >= 0 && strcmp(head, evil) != 0);
    close_all(scene, failed);
}

static void expect_refused(void *context, bool failed)
{
    struct scene *scene = context;

    assert_true(failed || scene->got < 0);
    expect_nothing_bad(context, failed);
}

static void expect_handed_out_or_refused(void *context, bool failed)
{
    struct scene *scene = context;

    assert_true(failed || scene->got == scene->fd);
    assert_int_equal(scene->error, scene->got < 0 ? EACCES : 0);
    close_all(scene, failed);
}

static size_t folders = 2;
/* In both kinds of folder (a lease is proof, or has to be held) and in every mode. */
static void play(struct scene scene, void (*act)(void *), void (*prepare)(void *),
                 void (*check)(void *, bool))
{
    static const char *const names[] = {"/tmp", "/dev/shm"};

    for (size_t i = 0; i < folders; i++) {
        snprintf(scene.path, sizeof(scene.path), "%s/guardXXXXXX", names[i]);
        int made = mkstemp(scene.path);
        if (made < 0)
            continue; /* there is no such folder */
        close(made);
        for (policy.snapshot = scene.weakest; policy.snapshot <= SG_SNAPSHOT_STRICT;
             policy.snapshot++)
            attempt_all(act, &scene, prepare, check);
        unlink(scene.path);
    }
}

static void bad_file_is_never_opened(void **state)
{
    (void)state;
    play((struct scene){.before = evil, .flags = O_RDONLY}, vet_opened, open_file, expect_refused);
}

static void clean_file_is_opened_or_refused(void **state)
{
    (void)state;
    play((struct scene){.before = clean, .flags = O_RDONLY}, vet_opened, open_file,
         expect_handed_out_or_refused);
    play((struct scene){.before = text, .flags = O_RDONLY}, vet_opened, open_file,
         expect_handed_out_or_refused);
}

static void bad_file_is_never_read_or_mapped(void **state)
{
    (void)state;
    play((struct scene){.before = evil, .flags = O_RDONLY, .event = SG_EVENT_READ}, vet_used,
         open_file, expect_refused);
    play((struct scene){.before = evil, .flags = O_RDWR, .event = SG_EVENT_READ}, vet_used,
         open_file, expect_refused);
    play((struct scene){.before = evil, .flags = O_RDONLY, .event = SG_EVENT_MMAP}, vet_used,
         open_file, expect_refused);
}

/* Cleared as text, or as another model, it is a bad one when it is read. */
static void file_that_becomes_bad_is_not_read(void **state)
{
    struct scene scene = {.before = text, .after = evil, .flags = O_RDONLY, .event = SG_EVENT_READ};

    (void)state;
    play(scene, vet_used, open_vet_and_change, expect_nothing_bad);
    scene.weakest = SG_SNAPSHOT_STRICT;
    play(scene, look_back, open_vet_and_change, expect_nothing_bad);
    play(scene, look_back_at_move, open_vet_and_change, expect_nothing_bad);
    scene.weakest = SG_SNAPSHOT_AUTO;
    scene.before = clean;
    play(scene, look_back, open_vet_and_change, expect_nothing_bad);
    scene.flags = O_RDWR;
    play(scene, look_back, open_vet_and_change, expect_nothing_bad);
}

static void expect_handed_out(void *context, bool failed)
{
    struct scene *scene = context;

    assert_int_equal(scene->got, scene->fd);
    assert_int_equal(scene->error, 0);
    close_all(scene, failed);
}

/* The policy has it so, whatever keeps the guard from looking. */
static void clean_file_comes_through_where_doubts_are_only_logged(void **state)
{
    struct scene scene = {
        .before = clean, .after = text, .flags = O_RDONLY, .event = SG_EVENT_MMAP};

    (void)state;
    policy.on_partial = SG_LOG;
    play(scene, vet_opened, open_file, expect_handed_out);
    play(scene, vet_used, open_file, expect_handed_out);
    play(scene, look_back, open_vet_and_change, expect_handed_out);
    play(scene, look_back_at_move, open_vet_and_change, expect_handed_out);
    policy.on_partial = SG_BLOCK;
}

/* Of a file whose hash or name cannot be had nobody knows what the lists say of it. */
static void lists_do_not_let_a_bad_file_through(void **state)
{
    static uint8_t hash[SG_SHA256_SIZE];
    struct sg_text other[] = {SG_TEXT("/other/**")},
                   own[] = {SG_TEXT("/tmp/**"), SG_TEXT("/dev/shm/**")},
                   hashes[] = {{(const char *)hash, sizeof(hash)}};
    struct scene scene = {.before = evil, .flags = O_RDONLY};

    (void)state;
    policy.allow_sha256 = (struct sg_policy_list){hashes, 1};
    policy.allow_paths = (struct sg_policy_list){other, 1};
    play(scene, vet_opened, open_file, expect_refused);
    scene.before = clean;
    policy.deny_sha256 = (struct sg_policy_list){hashes, 1};
    play(scene, vet_opened, open_file, expect_handed_out_or_refused);
    policy.deny_paths = (struct sg_policy_list){other, 1};
    play(scene, vet_opened, open_file, expect_handed_out_or_refused);
    policy.deny_paths = (struct sg_policy_list){own, 2};
    play(scene, vet_opened, open_file, expect_refused);
    policy.allow_sha256 = policy.allow_paths = policy.deny_sha256 = policy.deny_paths =
        (struct sg_policy_list){NULL, 0};
}

/* Not every read at any place works there: another descriptor is had. */
static void bad_file_that_is_read_past_the_cache_is_never_opened(void **state)
{
    struct scene scene = {.before = evil, .flags = O_RDONLY | O_DIRECT, .size = 8192};
    int fd = open("/tmp", O_RDWR | O_TMPFILE | O_DIRECT, 0600);

    (void)state;
    if (fd < 0)
        skip(); /* this file system knows no O_DIRECT */
    close(fd);
    folders = 1;
    play(scene, vet_opened, open_file, expect_refused);
    scene.before = clean;
    play(scene, vet_opened, open_file, expect_handed_out_or_refused);
    folders = 2;
}

/* The policy may grant more memory than there is. */
static void more_memory_than_there_is_does_no_harm(void **state)
{
    uint64_t before = policy.limits.max_memory;
    struct scene scene = {.before = clean, .flags = O_RDONLY, .path = "/tmp/guardXXXXXX"};

    (void)state;
    policy.limits.max_memory = UINT64_MAX;
    policy.snapshot = SG_SNAPSHOT_AUTO;
    close(mkstemp(scene.path));
    open_file(&scene);
    vet_opened(&scene);
    unlink(scene.path);
    policy.limits.max_memory = before;
    expect_handed_out(&scene, false);
}

static void clean_file_that_changes_is_read_anew_or_refused(void **state)
{
    struct scene scene = {
        .before = clean, .after = text, .flags = O_RDONLY, .weakest = SG_SNAPSHOT_AUTO};

    (void)state;
    play(scene, look_back, open_vet_and_change, expect_handed_out_or_refused);
    scene.weakest = SG_SNAPSHOT_STRICT;
    scene.before = text;
    scene.after = clean;
    play(scene, look_back_at_offset, open_vet_and_change, expect_handed_out_or_refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_file_is_never_opened),
        cmocka_unit_test(clean_file_is_opened_or_refused),
        cmocka_unit_test(bad_file_is_never_read_or_mapped),
        cmocka_unit_test(file_that_becomes_bad_is_not_read),
        cmocka_unit_test(clean_file_that_changes_is_read_anew_or_refused),
        cmocka_unit_test(clean_file_comes_through_where_doubts_are_only_logged),
        cmocka_unit_test(lists_do_not_let_a_bad_file_through),
        cmocka_unit_test(bad_file_that_is_read_past_the_cache_is_never_opened),
        cmocka_unit_test(more_memory_than_there_is_does_no_harm),
    };

    return cmocka_run_group_tests(tests, begin_group, end_group);
}
#endif
