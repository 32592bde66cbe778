/* test_inherited.c - descriptors that a command would have before anybody looked. */
#include "opening_fixture.h"

#include "shim/supervise/inherited.h"

#include <sys/resource.h>

/* What is said to the command that would have it. */
static const char *fault_of(const char *path, int flags)
{
    int fd = open(path, flags);
    const char *fault = sg_inherited_fault(&policy);

    assert_true(fd >= 0);
    close(fd);
    return fault;
}

static void what_can_be_read_of_it_is_vetted(void **state)
{
    (void)state;
    write_file("bad", BAD, 0644);
    write_file("clean", "text", 0644);
    assert_null(fault_of("clean", O_RDONLY));
    assert_null(fault_of("bad", O_RDONLY | O_CLOEXEC));
    assert_null(fault_of("bad", O_WRONLY));
    assert_null(fault_of("bad", O_PATH));
    assert_null(fault_of(".", O_RDONLY));
    assert_non_null(strstr(fault_of("bad", O_RDONLY), " is open already, and refused"));
    assert_non_null(strstr(fault_of("bad", O_RDWR), " is open already, and refused"));
}

/* Nobody could say that there is nothing bad among them. */
static void what_cannot_be_listed_is_a_fault(void **state)
{
    struct rlimit files, few;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    few = (struct rlimit){.rlim_cur = 3, .rlim_max = files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    const char *fault = sg_inherited_fault(&policy);
    bool closed = sg_inherited_close(0, 0, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_string_equal(fault, "what is open already cannot be listed: Too many open files");
    assert_false(closed);
}

static void all_but_some_are_closed(void **state)
{
    int out = dup(STDOUT_FILENO), in = dup(STDIN_FILENO);
    int kept = open("/dev/null", O_RDONLY), gone = open("/dev/null", O_RDONLY);

    (void)state;
    assert_true(sg_inherited_close(kept, out, in));
    dup2(out, STDOUT_FILENO);
    dup2(in, STDIN_FILENO);
    assert_int_equal(fcntl(gone, F_GETFD), -1);
    assert_true(fcntl(kept, F_GETFD) >= 0);
    close(kept);
    close(out);
    close(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_read_of_it_is_vetted),
        cmocka_unit_test(what_cannot_be_listed_is_a_fault),
        cmocka_unit_test(all_but_some_are_closed),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
