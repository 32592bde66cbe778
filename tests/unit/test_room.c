/* test_room.c - rooms are their taker's alone, and the beginning of one is kept for the next. */
#include "shim/room.h"

#include "sgscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <pthread.h>
#include <sys/mman.h>

#include <cmocka.h>

#define SIZE (SG_ROOM_KEPT * 4 + 12345)
#define THREADS 4
#define ROUNDS 2000

static void what_is_given_back_is_had_again(void **state)
{
    char *room = sg_room_take(SIZE), *again;

    (void)state;
    assert_non_null(room);
    room[0] = 'a';
    room[SIZE - 1] = 'z';
    sg_room_give(room, SIZE);
    again = sg_room_take(SIZE * 2);
    assert_non_null(again);
    assert_int_equal(again[0], 'a');
    assert_int_equal(again[SIZE - 1], 0); /* only the beginning was kept */
    sg_room_give(again, SIZE * 2);
}

static void two_at_once_are_two(void **state)
{
    char *one = sg_room_take(SIZE), *other = sg_room_take(SIZE);

    (void)state;
    assert_non_null(one);
    assert_non_null(other);
    memset(one, 1, SIZE);
    memset(other, 2, SIZE);
    assert_int_equal(one[0] + one[SIZE - 1], 2);
    sg_room_give(one, SIZE);
    assert_int_equal(other[0] + other[SIZE - 1], 4);
    sg_room_give(other, SIZE);
}

static void small_rooms_are_not_kept(void **state)
{
    char *room = sg_room_take(SG_ROOM_KEPT);

    (void)state;
    assert_non_null(room);
    memset(room, 3, SG_ROOM_KEPT);
    sg_room_give(room, SG_ROOM_KEPT);
}

static void no_memory_is_no_room(void **state)
{
    (void)state;
    assert_null(sg_room_take(SIZE_MAX / 2));
    what_is_given_back_is_had_again(state);
}

static void *take_and_give(void *argument)
{
    size_t mark = (size_t)(uintptr_t)argument, wrong = 0;

    for (size_t i = 0; i < ROUNDS; i++) {
        size_t *room = sg_room_take(SIZE), *last = room + SIZE / sizeof(*room) - 1;

        *room = *last = mark;
        wrong += *(volatile size_t *)room != mark || *(volatile size_t *)last != mark;
        sg_room_give(room, SIZE);
    }
    return (void *)(uintptr_t)wrong;
}

static void threads_have_rooms_of_their_own(void **state)
{
    pthread_t threads[THREADS];
    void *wrong;

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, take_and_give, (void *)(uintptr_t)(i + 1)), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

static enum sg_status read_text(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    memcpy(into, (const char *)ctx + offset, len);
    *got = len;
    return SG_OK;
}

/* What lies behind would be new memory for each file. */
static void names_take_nothing_behind_what_is_kept(void **state)
{
    static char lines[] = "\x80\x02"
                          "ccollections\nOrderedDict\n)R.";
    static char counted[] = "\x80\x04\x8c\x0b"
                            "collections\x8c\x0bOrderedDict\x93)R.";
    const struct sg_source sources[] = {
        {.read = read_text, .ctx = lines, .size = sizeof(lines) - 1},
        {.read = read_text, .ctx = counted, .size = sizeof(counted) - 1},
    };
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT};
    size_t size = (size_t)options.limits.max_memory;
    struct sg_report report;

    (void)state;
    for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
        struct sg_arena arena = {.base = sg_room_take(size), .size = size};
        assert_non_null(arena.base);
        assert_int_equal(mprotect(arena.base + SG_ROOM_KEPT, size - SG_ROOM_KEPT, PROT_NONE), 0);
        assert_int_equal(sg_scan(&sources[i], &options, &arena, &report), SG_OK);
        assert_int_equal(report.verdict, SG_BENIGN);
        assert_string_equal(report.format, "pickle");
        sg_room_give(arena.base, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_back_is_had_again),
        cmocka_unit_test(two_at_once_are_two),
        cmocka_unit_test(small_rooms_are_not_kept),
        cmocka_unit_test(no_memory_is_no_room),
        cmocka_unit_test(threads_have_rooms_of_their_own),
        cmocka_unit_test(names_take_nothing_behind_what_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
