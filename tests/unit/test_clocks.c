/* test_clocks.c - clocks that leap: what is remembered of files, and how much is logged. */
#include "shim/raw.h"

/* The clocks are this program's own: what the archive has of these files is then not linked. */
static int64_t on_the_wall, since_start;

#define sg_raw_clock(clock) ((clock) == CLOCK_REALTIME ? on_the_wall : since_start)
#include "shim/log_rate.c"
#define same same_file
#include "shim/cache.c"
#undef same
#undef sg_raw_clock

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define YEAR (365ll * 86400 * SECOND)
#define TODAY (50 * YEAR)

/* Of a file that was changed at one time and judged at another; never the same file twice. */
static enum sg_kept kept_of(int64_t changed, int64_t now)
{
    static uint64_t ino;
    struct sg_identity identity = {.dev = 1, .ino = ++ino, .size = 9, .ctime_ = changed};

    on_the_wall = now;
    sg_cache_keep(&identity, SG_KEPT_PLAIN);
    return sg_cache_find(&identity);
}

static void a_file_that_rests_is_remembered(void **state)
{
    (void)state;
    assert_int_equal(kept_of(TODAY, TODAY + 3 * SECOND), SG_KEPT_PLAIN);
    assert_int_equal(kept_of(TODAY, TODAY + YEAR), SG_KEPT_PLAIN);
    assert_int_equal(kept_of(-YEAR, TODAY), SG_KEPT_PLAIN);
}

static void a_file_that_changed_just_now_is_not(void **state)
{
    (void)state;
    assert_int_equal(kept_of(TODAY, TODAY), SG_KEPT_NOT);
    assert_int_equal(kept_of(TODAY, TODAY + 3 * SECOND - 1), SG_KEPT_NOT);
}

static void a_file_of_the_future_is_not(void **state)
{
    (void)state;
    assert_int_equal(kept_of(TODAY, TODAY - 1), SG_KEPT_NOT);
    assert_int_equal(kept_of(TODAY, 0), SG_KEPT_NOT);
    assert_int_equal(kept_of(INT64_MAX, TODAY), SG_KEPT_NOT);
}

/* As file systems in processes can have them; their nanoseconds do not fit. */
static void times_of_any_year_are_told_apart(void **state)
{
    struct stat st = {.st_mtim.tv_sec = INT64_MAX, .st_ctim.tv_sec = INT64_MIN}, other = st;

    (void)state;
    other.st_ctim.tv_nsec = 1;
    struct sg_identity a = sg_identity_of(&st), b = sg_identity_of(&other);
    assert_true(sg_identity_same(&a, &a));
    assert_false(sg_identity_same(&a, &b));
    assert_int_equal(kept_of(INT64_MIN, TODAY), SG_KEPT_NOT);
}

/* How many of `count` records at this moment may be written. */
static int admitted(int count, const char *path)
{
    struct sg_report report = {.reason_count = 0};
    struct sg_record record = {.path = path, .report = &report};
    int some = 0;

    while (count--)
        some += sg_log_rate_admit(&record);
    return some;
}

static int at_day_hundred(void **state)
{
    (void)state;
    since_start = 100 * 86400 * SECOND;
    atomic_store(&all, 0);
    (void)sg_log_rate_missed();
    return 0;
}

static void one_record_again_and_again_is_held_back(void **state)
{
    (void)state;
    assert_int_equal(admitted(500, "a"), 100);
    assert_int_equal(sg_log_rate_missed(), 400);
    since_start += 7 * SECOND;
    assert_int_equal(admitted(500, "a"), 7);
}

static void a_clock_that_leaps_ahead_gives_no_more_than_a_burst(void **state)
{
    (void)state;
    assert_int_equal(admitted(500, "b"), 100);
    since_start += 100 * YEAR;
    assert_int_equal(admitted(500, "b"), 100);
}

/* The log was silent until the old time came again. */
static void a_clock_that_goes_back_does_not_silence_the_log(void **state)
{
    (void)state;
    assert_int_equal(admitted(500, "c"), 100);
    since_start -= 99 * 86400 * SECOND;
    assert_int_equal(admitted(500, "c"), 100);
    assert_int_equal(sg_log_rate_missed(), 800);
    since_start += 5 * SECOND;
    assert_int_equal(admitted(500, "c"), 5);
}

static void a_clock_that_goes_back_a_little_costs_what_it_went(void **state)
{
    (void)state;
    assert_int_equal(admitted(50, "d"), 50);
    since_start -= 10 * SECOND;
    assert_int_equal(admitted(500, "d"), 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_rests_is_remembered),
        cmocka_unit_test(a_file_that_changed_just_now_is_not),
        cmocka_unit_test(a_file_of_the_future_is_not),
        cmocka_unit_test(times_of_any_year_are_told_apart),
        cmocka_unit_test_setup(one_record_again_and_again_is_held_back, at_day_hundred),
        cmocka_unit_test_setup(a_clock_that_leaps_ahead_gives_no_more_than_a_burst, at_day_hundred),
        cmocka_unit_test_setup(a_clock_that_goes_back_does_not_silence_the_log, at_day_hundred),
        cmocka_unit_test_setup(a_clock_that_goes_back_a_little_costs_what_it_went, at_day_hundred),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
