/* test_bz2.c - bzip2 streams in a row, as Python's bz2 module sees them. */
#include "packed_cases.h"

#include "readers/bz2.h"

#include <bzlib.h>

#define SMALL 1500u
#define LARGE 1500000u /* more than one block of level 9 */

static const struct codec codec = {sg_bz2_bid, sg_bz2_open, 5u << 20};

static struct packed bzipped(const uint8_t *plain, size_t len, int level)
{
    struct packed packed = packed_new(len + len / 100 + 600);
    unsigned packed_len = (unsigned)packed.len;

    assert_int_equal(BZ2_bzBuffToBuffCompress((char *)packed.bytes, &packed_len,
                                              (char *)(uintptr_t)plain, (unsigned)len, level, 0, 0),
                     BZ_OK);
    packed.len = packed_len;
    return packed;
}

static void a_stream_is_decoded_at_every_level(void **state)
{
    struct cases *cases = *state;

    for (int level = 1; level <= 9; level += 4) {
        struct packed packed = bzipped(cases->plain, LARGE, level);
        check_decodes(cases, &codec, packed, LARGE);
        free(packed.bytes);
    }
}

static void nothing_is_decoded_to_nothing(void **state)
{
    struct packed packed = bzipped((const uint8_t *)"", 0, 9);

    check_decodes(*state, &codec, packed, 0);
    free(packed.bytes);
}

static void every_truncation_gives_a_beginning(void **state)
{
    struct cases *cases = *state;
    struct packed packed = bzipped(cases->plain, SMALL, 1);

    check_truncations(cases, &codec, packed);
    free(packed.bytes);
}

static void no_damage_does_harm(void **state)
{
    struct cases *cases = *state;
    struct packed packed = bzipped(cases->plain, 100, 1);

    check_damage(cases, &codec, packed);
    free(packed.bytes);
}

static void memory_is_all_taken_at_the_start(void **state)
{
    struct cases *cases = *state;
    struct packed packed = bzipped(cases->plain, LARGE, 9);

    check_memory(cases, &codec, packed, LARGE);
    free(packed.bytes);
}

static void streams_in_a_row_are_one_content(void **state)
{
    struct cases *cases = *state;
    struct packed packed = bzipped(cases->plain, 10, 1);

    for (size_t at = 10, level = 9; at < LARGE; at += 200000, level = 10 - level) {
        size_t len = LARGE - at < 200000 ? LARGE - at : 200000;
        packed = packed_join(packed, bzipped(cases->plain + at, len, (int)level));
    }
    check_decodes(cases, &codec, packed, LARGE);
    free(packed.bytes);
}

static void what_follows_and_is_no_stream_is_left(void **state)
{
    static const char *const tails[] = {"garbage!", "BZh9notablock", "\0\0\0\0\0\0\0"};
    struct cases *cases = *state;

    for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
        struct packed packed =
            packed_join(bzipped(cases->plain, SMALL, 9), packed_of(tails[i], i == 2 ? 7 : 8));
        check_decodes(cases, &codec, packed, SMALL);
        free(packed.bytes);
    }
}

/* Python gives EOFError here, after all bytes of the first stream. */
static void a_second_stream_that_is_cut_off_is_told(void **state)
{
    struct cases *cases = *state;
    struct packed packed = packed_join(bzipped(cases->plain, SMALL, 9), packed_of("BZh", 3));

    decode(cases, &codec, packed, (struct manner){0});
    assert_true(gave(cases, SMALL));
    assert_int_equal(cases->out.status, SG_ERR_FORMAT);
    assert_true(cases->out.cut);
    free(packed.bytes);
}

static void damage_comes_after_what_was_decoded(void **state)
{
    struct cases *cases = *state;
    struct packed packed = bzipped(cases->plain, LARGE, 1); /* blocks of 100,000 bytes */

    memset(packed.bytes + packed.len / 2, 0xff, packed.len / 2);
    decode(cases, &codec, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_FORMAT);
    assert_true(cases->out.len > 3 * 100000);
    assert_memory_equal(cases->out.bytes, cases->plain, 3 * 100000);
    free(packed.bytes);
}

/* The fuzzer's: how much libbz2 gives before the damage depends on how much it is asked for. */
static void damage_inside_a_block_is_reached_byte_by_byte(void **state)
{
    struct cases *cases = *state;
    struct packed packed = bzipped(cases->plain, 20000, 1);
    size_t most[2], count = 0, asked[] = {0, 1};

    for (size_t at = 60; at < packed.len; at += 97) {
        packed.bytes[at] ^= 0x10;
        for (size_t i = 0; i < 2; i++) {
            decode(cases, &codec, packed, (struct manner){.chunk = asked[i], .in_memory = i});
            most[i] = cases->out.len;
        }
        packed.bytes[at] ^= 0x10;
        assert_int_equal(most[0], most[1]);
        count += most[0] > 0 && most[0] < 20000;
    }
    assert_true(count > 0);
    free(packed.bytes);
}

static void a_read_that_fails_is_told(void **state)
{
    struct cases *cases = *state;
    struct packed packed =
        packed_join(bzipped(cases->plain, 500, 1), bzipped(cases->plain + 500, 500, 1));

    check_failing_reads(cases, &codec, packed);
    free(packed.bytes);
}

/* … and no longer nobody's loss, once the second stream has given something. */
static void damage_in_a_second_stream_is_told(void **state)
{
    struct cases *cases = *state;
    struct packed packed =
        packed_join(bzipped(cases->plain, 1000, 1), bzipped(cases->plain + 1000, 300000, 1));

    packed.bytes[packed.len - 2000] ^= 0x10;
    decode(cases, &codec, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_FORMAT);
    assert_false(cases->out.cut);
    assert_true(cases->out.len > 1000 + 100000);
    assert_memory_equal(cases->out.bytes, cases->plain, 1000 + 100000);
    free(packed.bytes);
}

static void other_files_are_refused(void **state)
{
    static const char *const heads[] = {"",     "BZ",   "BZh",   "BZh0",
                                        "BZh:", "BZ01", "x\x9c", "\x80\4N."};

    (void)state;
    check_refuses(&codec, heads, COUNT(heads));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_decoded_at_every_level),
        cmocka_unit_test(nothing_is_decoded_to_nothing),
        cmocka_unit_test(every_truncation_gives_a_beginning),
        cmocka_unit_test(no_damage_does_harm),
        cmocka_unit_test(memory_is_all_taken_at_the_start),
        cmocka_unit_test(streams_in_a_row_are_one_content),
        cmocka_unit_test(what_follows_and_is_no_stream_is_left),
        cmocka_unit_test(a_second_stream_that_is_cut_off_is_told),
        cmocka_unit_test(damage_comes_after_what_was_decoded),
        cmocka_unit_test(damage_inside_a_block_is_reached_byte_by_byte),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(a_read_that_fails_is_told),
        cmocka_unit_test(damage_in_a_second_stream_is_told),
    };

    return cmocka_run_group_tests(tests, cases_setup, cases_teardown);
}
