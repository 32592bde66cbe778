/* test_scratch.c - where a load may write: temporary and cache folders, links resolved. */
#include "shim/scratch.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char place[64];

static bool holds(const char *path)
{
    return sg_scratch_holds(AT_FDCWD, path, true);
}

static void make(const char *path)
{
    close(open(path, O_WRONLY | O_CREAT, 0600));
}

static void temporary_folders_are_held_and_others_are_not(void **state)
{
    (void)state;
    assert_true(holds("/tmp"));
    assert_true(holds("/tmp/new"));
    assert_true(holds("/tmp/"));
    assert_false(holds("/tmpx"));
    assert_false(holds("/etc/passwd"));
    assert_false(holds("/etc/new"));
    assert_false(holds("/nonexistent/folder/new"));
}

/* MPLCONFIGDIR leads there through a link. */
static void folders_that_the_environment_names_are_held(void **state)
{
    (void)state;
    assert_true(holds("/usr/lib/new"));
    assert_true(holds("/usr/lib"));
    assert_false(holds("/usr/libexec"));
    assert_false(holds("/usr/new"));
}

/* A folder that is not there keeps the name it has; "/" and relative ones would be everywhere. */
static void folders_that_say_nothing_are_left_out(void **state)
{
    (void)state;
    assert_false(holds("/etc"));
    assert_false(holds("/"));
}

static void what_is_no_file_is_nowhere(void **state)
{
    int ends[2];
    char link[64];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    snprintf(link, sizeof(link), "/proc/self/fd/%d", ends[1]);
    assert_true(holds(link));
    assert_true(holds("/dev/null"));
    assert_false(holds("/dev/zero"));
    close(ends[0]);
    close(ends[1]);
}

static void a_link_leads_where_it_leads(void **state)
{
    (void)state;
    assert_int_equal(symlink("/etc/passwd", "/tmp/sgscratch-out"), 0);
    assert_false(holds("/tmp/sgscratch-out"));
    assert_true(sg_scratch_holds(AT_FDCWD, "/tmp/sgscratch-out", false));
    unlink("/tmp/sgscratch-out");
    assert_int_equal(symlink("/nonexistent/file", "/tmp/sgscratch-out"), 0);
    assert_false(holds("/tmp/sgscratch-out")); /* which would be made there */
    unlink("/tmp/sgscratch-out");
}

static void paths_are_taken_from_the_folder_that_is_open(void **state)
{
    int dir = open("/tmp", O_RDONLY | O_DIRECTORY), other = open("/etc", O_RDONLY | O_DIRECTORY);

    (void)state;
    assert_true(sg_scratch_holds(dir, "new", true));
    assert_false(sg_scratch_holds(other, "new", true));
    assert_true(sg_scratch_holds(other, "/tmp/new/", true));
    assert_false(sg_scratch_holds(-1, "new", true));
    assert_true(sg_scratch_holds(dir, "x", true));
    close(dir);
    close(other);
}

static void paths_that_nobody_can_open_are_not_held(void **state)
{
    static char longest[PATH_MAX + 1];

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    memcpy(longest, "/tmp/", 5);
    assert_false(holds(longest));
    assert_false(holds(""));
}

/* Deeper than the kernel names. */
static void a_path_that_the_kernel_does_not_name_is_not_held(void **state)
{
    char name[201], here[PATH_MAX];
    int depth = 0;

    (void)state;
    memset(name, 'd', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(chdir(place), 0);
    while (depth < 22 && mkdir(name, 0700) == 0 && chdir(name) == 0)
        depth++;
    make("file");
    assert_int_equal(depth, 22);
    assert_false(holds("file"));
    assert_false(holds("new"));
    unlink("file");
    while (depth-- > 0 && chdir("..") == 0)
        rmdir(name);
    assert_int_equal(chdir(here), 0);
}

/* Else a load could turn a folder that it may write to into any other. */
static void a_folder_is_where_it_led_at_the_first_question(void **state)
{
    char link[80];

    (void)state;
    snprintf(link, sizeof(link), "%s/cache", place);
    assert_true(holds("/usr/lib/new"));
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("/etc", link), 0);
    assert_true(holds("/usr/lib/new"));
    assert_false(holds("/etc/passwd"));
}

static int begin(void **state)
{
    static char longest[600], link[80];

    (void)state;
    snprintf(place, sizeof(place), "/tmp/sgscratchXXXXXX");
    if (!mkdtemp(place))
        return -1;
    snprintf(link, sizeof(link), "%s/cache", place);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[0] = '/';
    setenv("MPLCONFIGDIR", link, 1);
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("NUMBA_CACHE_DIR", "/", 1);
    setenv("TORCHINDUCTOR_CACHE_DIR", longest, 1);
    setenv("JOBLIB_TEMP_FOLDER", "/nonexistent/cache", 1);
    setenv("HOME", "/nonexistent", 1);
    for (int i = 0; i < 3; i++) /* thrice: more folders than there is room for are left out */
        sg_scratch_start();
    return symlink("/usr/lib", link);
}

static int end(void **state)
{
    char link[80];

    (void)state;
    snprintf(link, sizeof(link), "%s/cache", place);
    unlink(link);
    return rmdir(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(temporary_folders_are_held_and_others_are_not),
        cmocka_unit_test(folders_that_the_environment_names_are_held),
        cmocka_unit_test(folders_that_say_nothing_are_left_out),
        cmocka_unit_test(what_is_no_file_is_nowhere),
        cmocka_unit_test(a_link_leads_where_it_leads),
        cmocka_unit_test(paths_are_taken_from_the_folder_that_is_open),
        cmocka_unit_test(paths_that_nobody_can_open_are_not_held),
        cmocka_unit_test(a_path_that_the_kernel_does_not_name_is_not_held),
        cmocka_unit_test(a_folder_is_where_it_led_at_the_first_question),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
