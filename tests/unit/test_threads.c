/* test_threads.c - how many threads a scan has. */
#include "cli/threads.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_asked_for(void **state)
{
    (void)state;
    assert_int_equal(sg_threads_for(5, 1000, UINT64_MAX), 5); /* whoever asks knows the memory */
    assert_int_equal(sg_threads_for(5, 3, 1), 3);
    assert_int_equal(sg_threads_for(100000, 100000, 1), SG_THREADS_MAX);
    assert_int_equal(sg_threads_for(5, 0, 1), 1);
}

static void test_by_memory(void **state)
{
    (void)state;
    assert_int_equal(sg_threads_for(0, 1000, UINT64_MAX), 1);
    assert_int_equal(sg_threads_for(0, 1000, UINT64_MAX / 4), 1);
}

static void test_by_processors(void **state)
{
    cpu_set_t before, one;
    int first = 0;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    assert_int_equal(sg_threads_for(0, 1000, 1), CPU_COUNT(&before));
    while (!CPU_ISSET(first, &before))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    assert_int_equal(sg_threads_for(0, 1000, 1), 1);
    assert_int_equal(sg_threads_for(0, 1000, 0), 1);
    assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asked_for),
        cmocka_unit_test(test_by_memory),
        cmocka_unit_test(test_by_processors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
