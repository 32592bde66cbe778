/* test_trackers.c - which programs a load may start: a resource tracker by its whole
 * command line. */
#include "shim/trackers.h"

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

#define TRACKER "from multiprocessing.resource_tracker import main;main(7)"

static char own[PATH_MAX];

/* Up to five words behind the program's name. */
static bool is(const char *program, const char *const words[5])
{
    char *argv[7] = {(char *)"python"};

    for (int i = 0; i < 5 && words[i]; i++)
        argv[i + 1] = (char *)words[i];
    return sg_trackers_is(program, argv);
}

#define IS(program, ...) is((program), (const char *const[5]){__VA_ARGS__})

static void a_tracker_of_this_interpreter_is_one(void **state)
{
    (void)state;
    assert_true(IS(own, "-c", TRACKER));
    assert_true(IS(own, "-s", "-E", "-c", TRACKER));
    assert_true(IS(own, "-Wignore", "-X", "utf8", "-c", TRACKER));
    assert_true(IS(own, "-c", "from multiprocess.resource_tracker import main;main(12)"));
    assert_true(IS(own, "-c", "from loky.backend.resource_tracker import main; main(9, False)"));
    assert_true(
        IS(own, "-c",
           "from joblib.externals.loky.backend.resource_tracker import main; main(9, True)"));
}

static void another_program_is_none(void **state)
{
    (void)state;
    assert_false(IS("/bin/sh", "-c", TRACKER));
    assert_false(IS("/nonexistent/python", "-c", TRACKER));
    assert_false(IS("/dev/null", "-c", TRACKER));
    assert_false(IS("", "-c", TRACKER));
    assert_false(IS(NULL, "-c", TRACKER));
}

static void more_text_than_the_tracker_is_none(void **state)
{
    (void)state;
    assert_false(IS(own, "-c", "import os; os.system('x')"));
    assert_false(IS(own, "-c", TRACKER ";import evil"));
    assert_false(IS(own, "-c", "from multiprocessing.resource_tracker import main;main(evil())"));
    assert_false(IS(own, "-c", "from multiprocessing.resource_tracker import main;main("));
    assert_false(IS(own, "-c", TRACKER, "argument"));
}

/* -m and a file name code; -i reads more of it; what takes an argument could take the -c. */
static void switches_that_bring_code_along_are_none(void **state)
{
    (void)state;
    assert_false(IS(own, "-i", "-c", TRACKER));
    assert_false(IS(own, "-Ei", "-c", TRACKER));
    assert_false(IS(own, "-m", "evil", "-c", TRACKER));
    assert_false(IS(own, "-W", "-c", TRACKER));
    assert_false(IS(own, "--help", "-c", TRACKER));
    assert_false(IS(own, "-", "-c", TRACKER));
    assert_false(IS(own, "evil.py", "-c", TRACKER));
    assert_false(IS(own, "-X", "-c", TRACKER));
}

static void command_lines_that_end_early_are_none(void **state)
{
    char *empty[] = {NULL};

    (void)state;
    assert_false(sg_trackers_is(own, NULL));
    assert_false(sg_trackers_is(own, empty));
    assert_false(IS(own, NULL));
    assert_false(IS(own, "-s"));
    assert_false(IS(own, "-X"));
    assert_false(IS(own, "-c"));
}

/* Makes a program of the manager's name beside this one, in a folder that is none of the temporary
 * ones, unless all of this lies in one. */
static void the_manager_of_torch_is_one(void **state)
{
    static const char *const parts[] = {"/torch", "/torch/bin", "/torch/bin/torch_shm_manager"};
    char path[3][PATH_MAX + 64], *end = strrchr(own, '/');

    (void)state;
    for (int i = 0; i < 3; i++)
        snprintf(path[i], sizeof(path[i]), "%.*s%s", (int)(end - own), own, parts[i]);
    if (sg_scratch_holds(AT_FDCWD, own, true) || mkdir(path[0], 0700) || mkdir(path[1], 0700))
        skip();
    close(open(path[2], O_WRONLY | O_CREAT, 0700));
    bool is_one = IS(path[2], NULL);
    unlink(path[2]);
    bool is_one_when_gone = IS(path[2], NULL);
    rmdir(path[1]);
    rmdir(path[0]);
    assert_true(is_one);
    assert_false(is_one_when_gone);
}

/* A load may write to temporary folders, and so could put a program of that name there. */
static void what_a_load_may_have_written_is_not_the_manager(void **state)
{
    char folder[] = "/tmp/trackersXXXXXX", path[3][128];

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path[0], sizeof(path[0]), "%s/torch", folder);
    snprintf(path[1], sizeof(path[1]), "%s/torch/bin", folder);
    snprintf(path[2], sizeof(path[2]), "%s/torch/bin/torch_shm_manager", folder);
    assert_int_equal(mkdir(path[0], 0700) | mkdir(path[1], 0700), 0);
    close(open(path[2], O_WRONLY | O_CREAT, 0700));
    bool is_one = IS(path[2], NULL);
    unlink(path[2]);
    rmdir(path[1]);
    rmdir(path[0]);
    rmdir(folder);
    assert_false(is_one);
    assert_false(IS("/torch/bin/torch_shm_manager", NULL));
    assert_false(IS("/usr/lib/torch/bin/torch_shm_manager2", NULL));
}

static int find_own(void **state)
{
    (void)state;
    sg_scratch_start();
    return realpath("/proc/self/exe", own) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tracker_of_this_interpreter_is_one),
        cmocka_unit_test(another_program_is_none),
        cmocka_unit_test(more_text_than_the_tracker_is_none),
        cmocka_unit_test(switches_that_bring_code_along_are_none),
        cmocka_unit_test(command_lines_that_end_early_are_none),
        cmocka_unit_test(the_manager_of_torch_is_one),
        cmocka_unit_test(what_a_load_may_have_written_is_not_the_manager),
    };

    return cmocka_run_group_tests(tests, find_own, NULL);
}
