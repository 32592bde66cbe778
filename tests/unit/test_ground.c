/* test_ground.c - memory, streams, quoting and words at their edges. */
#include "ground/arena.h"
#include "ground/quote.h"
#include "ground/status.h"
#include "ground/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct sg_arena small(void)
{
    static uint8_t memory[256] __attribute__((aligned(16)));

    return (struct sg_arena){.base = memory, .size = sizeof(memory)};
}

static void memory_that_is_not_there_is_refused(void **state)
{
    struct sg_arena arena = small();
    uint8_t *block = sg_arena_take(&arena, 10);

    (void)state;
    assert_non_null(block);
    assert_null(sg_arena_take(&arena, 241));
    assert_true(arena.refused);
    assert_null(sg_arena_take(&arena, SIZE_MAX));
    assert_null(sg_arena_zero(&arena, SIZE_MAX - 3));
    assert_null(sg_arena_copy(&arena, "x", SIZE_MAX));
    assert_null(sg_arena_copy(&arena, "x", 240));
    assert_null(sg_arena_grow(&arena, block, 10, 257));
    assert_null(sg_arena_grow(&arena, block, 10, SIZE_MAX));
    assert_int_equal(arena.used, 16);
    assert_non_null(sg_arena_take(&arena, 240));
    assert_null(sg_arena_take(&arena, 1));
}

static void memory_that_does_not_end_at_a_step_is_not_run_over(void **state)
{
    struct sg_arena arena = small();

    (void)state;
    arena.size = 250;
    assert_null(sg_arena_take(&arena, 250)); /* 256 when rounded up */
    uint8_t *block = sg_arena_take(&arena, 16);
    assert_null(sg_arena_grow(&arena, block, 16, 245));
    assert_ptr_equal(sg_arena_grow(&arena, block, 16, 240), block);
}

static void what_grows_keeps_what_was_in_it(void **state)
{
    struct sg_arena arena = small();
    char *first = sg_arena_copy(&arena, "0123456789", 10), *last = sg_arena_copy(&arena, "x", 1);

    (void)state;
    assert_ptr_equal(sg_arena_grow(&arena, last, 2, 30), last);
    char *moved = sg_arena_grow(&arena, first, 11, 40);
    assert_ptr_not_equal(moved, first);
    assert_string_equal(moved, "0123456789");
    assert_memory_equal(sg_arena_grow(&arena, first, 11, 4), "0123", 4); /* or shrinks elsewhere */
    assert_non_null(sg_arena_grow(&arena, NULL, 0, 16));
}

static void every_status_has_its_words(void **state)
{
    static const enum sg_status all[] = {SG_OK,        SG_END,        SG_ERR_IO, SG_ERR_MEMORY,
                                         SG_ERR_LIMIT, SG_ERR_FORMAT, SG_ERR_ARG};

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        assert_string_not_equal(sg_status_text(all[i]), "unknown status");
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(sg_status_text(all[i]), sg_status_text(all[j]));
    }
    assert_string_equal(sg_status_text((enum sg_status)99), "unknown status");
}

static void expect_plain(const char *text, const char *wanted)
{
    char quoted[256];
    size_t used = 0;

    for (const char *at = text; *at;)
        used += sg_quote_plain(&at, quoted + used);
    quoted[used] = '\0';
    assert_string_equal(quoted, wanted);
}

static void what_does_not_print_or_turns_writing_is_escaped(void **state)
{
    (void)state;
    expect_plain("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    expect_plain("\x1b\x7f\xc2\x80", "\\x1b\\x7f\\xc2\\x80");
    expect_plain("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c",
                 "\\xe2\\x80\\x8e\\xe2\\x80\\x8f\\xd8\\x9c");                   /* marks */
    expect_plain("\xe2\x80\xa8\xe2\x80\xae", "\\xe2\\x80\\xa8\\xe2\\x80\\xae"); /* U+2028, U+202E */
    expect_plain("\xe2\x81\xa6\xe2\x81\xa9", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9"); /* U+2066, U+2069 */
    expect_plain("\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xaa",
                 "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xaa"); /* those beside them */
    expect_plain("\xf4\x8f\xbf\xbf\xf4\x90\x80\x80", "\xf4\x8f\xbf\xbf\\xf4\\x90\\x80\\x80");
    expect_plain("\xed\xa0\x80\xc0\x80\xe0\x80\x80\xf5",
                 "\\xed\\xa0\\x80\\xc0\\x80\\xe0\\x80\\x80\\xf5");
    expect_plain("\xe2\x82", "\\xe2\\x82");
}

static enum sg_status gives_letters(void *ctx, uint8_t *into, size_t len, size_t *got)
{
    size_t *left = ctx;

    *got = len < *left ? len : *left;
    memset(into, 'a', *got);
    *left -= *got;
    return SG_OK;
}

static void what_a_decoder_gave_is_there_for_as_long_as_its_window(void **state)
{
    uint8_t window[SG_WINDOW_MIN], bytes[8];
    size_t left = 10000;
    struct sg_stream s;

    (void)state;
    sg_stream_decode(&s, gives_letters, &left, window, sizeof(window));
    assert_int_equal(sg_stream_need(&s, 100), SG_WINDOW_MIN);
    assert_ptr_equal(sg_stream_shown(&s, 8, SG_WINDOW_MIN - 8), window + 8);
    assert_null(sg_stream_shown(&s, 8, SG_WINDOW_MIN - 7));
    assert_int_equal(sg_stream_reread(&s, 0, bytes, 8), SG_OK);
    assert_int_equal(sg_stream_reread(&s, SG_WINDOW_MIN - 4, bytes, 8), SG_END); /* in part */
    assert_int_equal(sg_stream_reread(&s, SG_WINDOW_MIN + 4, bytes, 8), SG_END); /* to come */
    assert_true(sg_stream_skip(&s, 9000));
    assert_int_equal(sg_stream_reread(&s, 0, bytes, 8), SG_END); /* gone by */
    assert_false(sg_stream_skip(&s, UINT64_MAX));
    assert_int_equal(sg_stream_offset(&s), 10000);
}

static void nobody_goes_past_the_end_of_what_there_is(void **state)
{
    static const uint8_t bytes[16] = {1};
    struct sg_source source = sg_source_mem(bytes, sizeof(bytes));
    struct sg_stream s;
    uint8_t copy[32];

    (void)state;
    sg_stream_open(&s, &source, NULL, 0);
    assert_true(sg_stream_skip(&s, 10));
    assert_false(sg_stream_skip(&s, UINT64_MAX - 4));
    assert_int_equal(sg_stream_offset(&s), 16);
    assert_true(sg_stream_seek(&s, 4));
    assert_false(sg_stream_seek(&s, 17));
    assert_true(sg_stream_seek(&s, 0));
    assert_false(sg_stream_copy(&s, copy, sizeof(copy)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_is_not_there_is_refused),
        cmocka_unit_test(memory_that_does_not_end_at_a_step_is_not_run_over),
        cmocka_unit_test(what_grows_keeps_what_was_in_it),
        cmocka_unit_test(every_status_has_its_words),
        cmocka_unit_test(what_does_not_print_or_turns_writing_is_escaped),
        cmocka_unit_test(what_a_decoder_gave_is_there_for_as_long_as_its_window),
        cmocka_unit_test(nobody_goes_past_the_end_of_what_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
