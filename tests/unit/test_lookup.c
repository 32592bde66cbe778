/* test_lookup.c - paths as a supervised thread means them: by hand, from another root, bounded. */
#include "shim/supervise/lookup.h"
#include "shim/supervise/walk_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Below `top`: file, down/deep, and the links that a test makes. */
static char top[] = "/tmp/lookupXXXXXX";
static struct sg_place place; /* of another process, which stands in `top` */

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    close(fd);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(top) || chdir(top) || mkdir("down", 0755) || mkdir("down/down", 0755))
        return -1;
    make_file("file");
    make_file("down/deep");
    place.tid = fork();
    if (place.tid == 0)
        for (;;)
            pause();
    place.root = -1;
    place.base = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return place.base < 0;
}

static int tear_down(void **state)
{
    char command[64];

    (void)state;
    kill(place.tid, SIGKILL);
    waitpid(place.tid, NULL, 0);
    snprintf(command, sizeof(command), "rm -rf %s", top);
    return system(command);
}

static void link_to(const char *text, const char *name)
{
    unlink(name);
    assert_int_equal(symlink(text, name), 0);
}

static bool same(int fd, const char *path)
{
    struct stat a, b;

    return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* By hand it is `path` (from our own working folder), or -errno. */
static void walks_to(const char *from, bool follow, const char *path, int error)
{
    int fd = sg_walk(&place, from, follow, true);

    if (path ? fd < 0 || !same(fd, path) : fd != -error)
        fail_msg("%s: %d instead of %s or errno %d", from, fd, path ? path : "none", error);
    if (fd >= 0)
        close(fd);
}

static void a_path_is_walked_as_the_kernel_walks_it(void **state)
{
    char text[64];

    (void)state;
    link_to("file", "link");
    link_to("down", "folder");
    link_to("nothing", "dangling");
    link_to("/proc/self/cwd/file", "round");
    link_to("file", "self");
    walks_to("down/./../file", true, "file", 0);
    walks_to("folder/deep", true, "down/deep", 0);
    walks_to("folder//", true, "down", 0);
    walks_to("link", true, "file", 0);
    walks_to("round", true, "file", 0);
    walks_to("self", true, "file", 0);
    walks_to("/proc/self/cwd/link", true, "file", 0);
    walks_to("link/", true, NULL, ENOTDIR);
    walks_to("file/", true, NULL, ENOTDIR);
    walks_to("file/.", true, NULL, ENOTDIR);
    walks_to("file/x", true, NULL, ENOTDIR);
    walks_to("round/", true, NULL, ENOTDIR);
    walks_to("/proc/self/exe/", true, NULL, ENOTDIR);
    walks_to("/proc/self/cwd/", true, ".", 0);
    walks_to("dangling", true, NULL, ENOENT);
    walks_to("none/x", true, NULL, ENOENT);
    snprintf(text, sizeof(text), "/proc/%d/mounts", (int)place.tid);
    walks_to("/proc/mounts", true, text, 0);
    snprintf(text, sizeof(text), "/proc/%d/task/%d", (int)place.tid, (int)place.tid);
    walks_to("/proc/thread-self", true, text, 0);
    *strstr(text, "/task") = '\0';
    walks_to("/proc/self/task/../../self", true, text, 0);
}

static void a_link_at_the_end_is_left_where_it_is_not_followed(void **state)
{
    struct stat found;

    (void)state;
    link_to("file", "link");
    int fd = sg_walk(&place, "link", false, true);
    assert_int_equal(fstat(fd, &found), 0);
    assert_true(S_ISLNK(found.st_mode));
    close(fd);
    fd = sg_walk(&place, "/proc/self", false, true);
    assert_int_equal(fstat(fd, &found), 0);
    assert_true(S_ISLNK(found.st_mode));
    close(fd);
}

static void as_many_links_are_followed_as_the_kernel_follows(void **state)
{
    char name[16], text[16];

    (void)state;
    link_to("file", "n0");
    for (int i = 1; i <= 40; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        snprintf(text, sizeof(text), "n%d", i - 1);
        link_to(text, name);
    }
    walks_to("n39", true, "file", 0);
    walks_to("n40", true, NULL, ELOOP);
    assert_int_equal(open("n40", O_RDONLY), -1);
    assert_int_equal(errno, ELOOP);
}

static void what_is_too_long_is_said_so(void **state)
{
    static char name[NAME_MAX + 2], text[PATH_MAX], path[PATH_MAX];

    (void)state;
    memset(name, 'x', NAME_MAX + 1);
    walks_to(name, true, NULL, ENAMETOOLONG);
    name[NAME_MAX] = '\0';
    walks_to(name, true, NULL, ENOENT);
    memset(text, '/', sizeof(text) - 2);
    memcpy(text, "down", 4);
    link_to(text, "far");
    memset(path, '/', sizeof(path) - 1);
    memcpy(path, "far/far", 7);
    walks_to(path, true, NULL, ENOENT);
    link_to("down", "down/far");
    memcpy(text, "far", 3);
    text[3] = '/';
    link_to(text, "farther");
    memcpy(path, "farther", 7);
    walks_to(path, true, NULL, ENAMETOOLONG);
}

/* What a link of /proc leads to is had by no text. */
static void magic_links_are_refused_where_they_are_not_wanted(void **state)
{
    (void)state;
    assert_int_equal(sg_walk(&place, "/proc/self/cwd", true, false), -ELOOP);
    int fd = sg_walk(&place, "/proc/self/comm", true, false);
    assert_true(fd >= 0);
    close(fd);
}

static void a_stranger_leads_nobody_in_a_folder_like_tmp(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(mkdir("sticky", 0755), 0);
    assert_int_equal(chmod("sticky", 01777), 0);
    link_to("../file", "sticky/mine");
    link_to("../file", "sticky/theirs");
    assert_int_equal(lchown("sticky/theirs", 65534, 65534), 0);
    walks_to("sticky/mine", true, "file", 0);
    walks_to("sticky/theirs", true, NULL, EACCES);
    assert_int_equal(chown("sticky", 65534, 65534), 0);
    walks_to("sticky/theirs", true, "file", 0); /* whose folder it is */
    assert_int_equal(chmod("sticky", 0755), 0);
    assert_int_equal(chown("sticky", 0, 0), 0);
    walks_to("sticky/theirs", true, "file", 0);
}

static void the_supervisor_itself_is_not_there(void **state)
{
    static const char *const forms[] = {
        "/proc/%d/status",
        "/proc/%d/task/%d/mem",
        "/proc/%d/fd/0",
        "/proc/%d",
    };
    char path[64];
    bool by_hand;

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(path, sizeof(path), forms[i], (int)getpid(), (int)getpid());
#pragma GCC diagnostic pop
        assert_int_equal(sg_lookup(&place, path, true, 0, &by_hand), -EACCES);
        walks_to(path, true, NULL, EACCES);
    }
    snprintf(path, sizeof(path), "/proc/%d/status", (int)place.tid);
    int fd = sg_lookup(&place, path, true, 0, &by_hand);
    assert_true(fd >= 0);
    assert_false(sg_walk_is_ours(fd));
    close(fd);
    assert_true(sg_walk_is_ours(-1));
    walks_to("/proc/12345678901/status", true, NULL, ENOENT);
}

/* As sg_walk_to_end() puts it: `path` by the folder and the name. */
static void ends_in(const char *from, bool follow, const char *folder, const char *name)
{
    char end[NAME_MAX + 1];
    int fd = sg_walk_to_end(&place, from, follow, end);

    if (fd < 0 || !same(fd, folder) || strcmp(end, name) != 0)
        fail_msg("%s ends in %s (%d)", from, end, fd);
    close(fd);
}

static void the_end_of_a_path_is_the_name_to_be_made(void **state)
{
    char end[NAME_MAX + 1];

    (void)state;
    link_to("file", "link");
    link_to("down/new", "there");
    link_to("down", "folder");
    ends_in("new", true, ".", "new");
    ends_in("file", true, ".", "file");
    ends_in("folder/new", true, "down", "new");
    ends_in("/proc/self/cwd/down/new", true, "down", "new");
    ends_in("link", true, ".", "file");
    ends_in("link", false, ".", "link");
    ends_in("there", true, "down", "new");
    ends_in("folder", false, ".", "folder");
    ends_in("/proc/self/exe", true, "/proc/self/exe", "");
    assert_int_equal(sg_walk_to_end(&place, "new/", true, end), -EISDIR);
    assert_int_equal(sg_walk_to_end(&place, "none/new", true, end), -ENOENT);
    assert_int_equal(sg_walk_to_end(&place, "file/new", true, end), -ENOTDIR);
}

static void what_is_made_by_hand_is_made_where_the_links_lead(void **state)
{
    struct open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0600};

    (void)state;
    link_to("down/made", "there");
    int fd = sg_lookup_create(&place, "/proc/self/cwd/there", &how, true);
    assert_true(fd >= 0);
    assert_true(same(fd, "down/made"));
    close(fd);
    assert_int_equal(sg_lookup_create(&place, "/proc/self/exe", &how, true), -ELOOP);
    assert_int_equal(sg_lookup_create(&place, "none/x", &how, true), -ENOENT);
    how.flags |= O_NOFOLLOW;
    assert_int_equal(sg_lookup_create(&place, "there", &how, true), -ELOOP);
    how.resolve = RESOLVE_NO_MAGICLINKS;
    assert_int_equal(sg_lookup_create(&place, "new", &how, true), -EACCES);
    assert_int_equal(access("new", F_OK), -1);
}

/* Looked up from a thread whose root is `down`, and whose folder is `down/down` in it. */
static void looks_up(const char *from, uint64_t resolve, const char *path, int error)
{
    struct sg_place other = {.tid = place.tid};
    bool by_hand;

    other.root = open("down", O_PATH | O_DIRECTORY | O_CLOEXEC);
    other.base = open("down/down", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = sg_lookup(&other, from, true, resolve, &by_hand);
    if (path ? fd < 0 || !same(fd, path) : fd != -error)
        fail_msg("%s: %d instead of %s", from, fd, path ? path : "none");
    if (fd >= 0)
        close(fd);
    close(other.root);
    close(other.base);
}

static void another_root_bounds_every_path(void **state)
{
    (void)state;
    link_to("/deep", "down/rooted");
    link_to("../../../deep", "down/above");
    link_to("/file", "down/outside");
    looks_up("/deep", 0, "down/deep", 0);
    looks_up("../deep", 0, "down/deep", 0);
    looks_up("../../../../deep", 0, "down/deep", 0);
    looks_up("../rooted", 0, "down/deep", 0);
    looks_up("/rooted", 0, "down/deep", 0);
    looks_up("/above", 0, "down/deep", 0);
    looks_up("../outside", 0, NULL, ENOENT);
    looks_up("/outside", 0, NULL, ENOENT);
    looks_up("/../../file", 0, NULL, ENOENT);
    looks_up("..", 0, "down", 0);
}

/* The limits of openat2() hold from its folder on, whatever the root is. */
static void bounds_of_a_call_are_kept_in_another_root(void **state)
{
    (void)state;
    make_file("down/down/deep");
    looks_up("/deep", RESOLVE_IN_ROOT, "down/down/deep", 0);
    looks_up("deep", RESOLVE_IN_ROOT, "down/down/deep", 0);
    looks_up("../../deep", RESOLVE_IN_ROOT, "down/down/deep", 0);
    looks_up("deep", RESOLVE_BENEATH, "down/down/deep", 0);
    looks_up("../deep", RESOLVE_BENEATH, NULL, EXDEV);
    looks_up("deep", RESOLVE_NO_MAGICLINKS, "down/down/deep", 0);
    looks_up("deep", RESOLVE_NO_XDEV, NULL, EACCES); /* by hand nobody can tell */
    unlink("down/down/deep");
}

static void what_openat2_bounds_is_not_walked_by_hand(void **state)
{
    bool by_hand;

    (void)state;
    link_to("/proc/self/status", "status");
    assert_int_equal(sg_lookup(&place, "status", true, RESOLVE_NO_XDEV, &by_hand), -EXDEV);
    assert_int_equal(sg_lookup(&place, "/proc/self/status", true, RESOLVE_NO_XDEV, &by_hand),
                     -EXDEV);
    assert_int_equal(sg_lookup(&place, "/proc/self/status", true, RESOLVE_NO_SYMLINKS, &by_hand),
                     -ELOOP);
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct sg_place there = {.tid = place.tid, .root = -1, .base = proc};
    assert_int_equal(sg_lookup(&there, "self/status", true, RESOLVE_BENEATH, &by_hand), -EACCES);
    int fd = sg_lookup(&there, "self/status", true, RESOLVE_NO_MAGICLINKS, &by_hand);
    assert_true(fd >= 0);
    assert_false(sg_walk_is_ours(fd));
    assert_true(by_hand);
    close(fd);
    close(proc);
}

/* Nobody is there any more whom "self" could mean. */
static void a_thread_that_is_gone_has_no_self(void **state)
{
    struct sg_place gone = {.tid = 0x3fffffff, .root = -1, .base = AT_FDCWD};

    (void)state;
    assert_int_equal(sg_walk(&gone, "/proc/self/status", true, true), -EACCES);
    gone.base = -1;
    assert_int_equal(sg_walk(&gone, "file", true, true), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_walked_as_the_kernel_walks_it),
        cmocka_unit_test(a_link_at_the_end_is_left_where_it_is_not_followed),
        cmocka_unit_test(as_many_links_are_followed_as_the_kernel_follows),
        cmocka_unit_test(what_is_too_long_is_said_so),
        cmocka_unit_test(magic_links_are_refused_where_they_are_not_wanted),
        cmocka_unit_test(a_stranger_leads_nobody_in_a_folder_like_tmp),
        cmocka_unit_test(the_supervisor_itself_is_not_there),
        cmocka_unit_test(the_end_of_a_path_is_the_name_to_be_made),
        cmocka_unit_test(what_is_made_by_hand_is_made_where_the_links_lead),
        cmocka_unit_test(another_root_bounds_every_path),
        cmocka_unit_test(bounds_of_a_call_are_kept_in_another_root),
        cmocka_unit_test(what_openat2_bounds_is_not_walked_by_hand),
        cmocka_unit_test(a_thread_that_is_gone_has_no_self),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
