/* test_lz4.c - lz4 frames in a row. */
#include "packed_cases.h"

#include "readers/lz4.h"

#include <lz4frame.h>

#define SMALL 3000u
#define LARGE 3000000u

static const struct codec codec = {sg_lz4_bid, sg_lz4_open, 10u << 20};

static struct packed framed_as(const uint8_t *plain, size_t len, const LZ4F_preferences_t *as)
{
    struct packed packed = packed_new(LZ4F_compressFrameBound(len, as));

    packed.len = LZ4F_compressFrame(packed.bytes, packed.len, plain, len, as);
    assert_false(LZ4F_isError(packed.len));
    return packed;
}

static struct packed framed(const uint8_t *plain, size_t len)
{
    LZ4F_preferences_t as = {.frameInfo = {.blockSizeID = LZ4F_max64KB}};

    return framed_as(plain, len, &as);
}

static void a_frame_of_every_kind_is_decoded(void **state)
{
    struct cases *cases = *state;

    for (unsigned kind = 0; kind < 32; kind++) {
        LZ4F_preferences_t as = {
            .frameInfo = {.blockSizeID = (LZ4F_blockSizeID_t)(LZ4F_max64KB + kind / 8),
                          .blockMode = kind & 1 ? LZ4F_blockIndependent : LZ4F_blockLinked,
                          .contentChecksumFlag =
                              kind & 2 ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum,
                          .blockChecksumFlag =
                              kind & 2 ? LZ4F_blockChecksumEnabled : LZ4F_noBlockChecksum,
                          .contentSize = kind & 4 ? LARGE : 0},
            .compressionLevel = (int)(kind % 10),
        };
        struct packed packed = framed_as(cases->plain, LARGE, &as);
        check_decodes(cases, &codec, packed, LARGE);
        free(packed.bytes);
    }
}

static void nothing_is_decoded_to_nothing(void **state)
{
    struct packed packed = framed((const uint8_t *)"", 0);

    check_decodes(*state, &codec, packed, 0);
    free(packed.bytes);
}

static void every_truncation_gives_a_beginning(void **state)
{
    struct cases *cases = *state;
    struct packed packed = framed(cases->plain, SMALL);

    check_truncations(cases, &codec, packed);
    assert_true(gave(cases, SMALL));
    free(packed.bytes);
}

static void no_damage_does_harm(void **state)
{
    struct cases *cases = *state;
    struct packed packed = framed(cases->plain, 300);

    check_damage(cases, &codec, packed);
    free(packed.bytes);
}

static void memory_is_all_taken_at_the_start(void **state)
{
    struct cases *cases = *state;
    struct packed packed = framed(cases->plain, LARGE);

    check_memory(cases, &codec, packed, LARGE);
    free(packed.bytes);
}

static void frames_in_a_row_are_one_content(void **state)
{
    struct cases *cases = *state;
    LZ4F_preferences_t large = {.frameInfo = {.blockSizeID = LZ4F_max4MB}};
    struct packed packed = packed_of("\x50\x2a\x4d\x18\5\0\0\0skip!", 13);

    packed = packed_join(packed, framed(cases->plain, 10));
    packed = packed_join(packed, packed_of("\x5f\x2a\x4d\x18\0\0\0\0", 8));
    packed = packed_join(packed, framed_as(cases->plain + 10, 2000000, &large));
    packed = packed_join(packed, framed(cases->plain, 0));
    packed = packed_join(packed, framed(cases->plain + 2000010, 500000));
    packed = packed_join(packed, framed_as(cases->plain + 2500010, 499990, &large));
    check_decodes(cases, &codec, packed, LARGE);
    free(packed.bytes);
}

static void what_follows_and_is_no_frame_is_left(void **state)
{
    struct cases *cases = *state;
    struct packed packed = packed_join(framed(cases->plain, SMALL), packed_of("garbage", 7));

    check_decodes(cases, &codec, packed, SMALL);
    free(packed.bytes);
}

/* The last block before the damage comes out, too, which liblz4 by itself would keep. */
static void damage_comes_after_what_was_decoded(void **state)
{
    struct cases *cases = *state;
    struct packed packed = framed(cases->plain, LARGE);

    for (size_t at = packed.len / 4; at < packed.len; at += packed.len / 7) {
        struct packed part = {packed.bytes, at};
        uint8_t kept[64];
        size_t len = packed.len - at < sizeof(kept) ? packed.len - at : sizeof(kept);
        decode(cases, &codec, part, (struct manner){.in_memory = true});
        size_t whole = cases->out.len;
        assert_true(whole > 0 && whole % (64u << 10) == 0);
        memcpy(kept, packed.bytes + at, len);
        memset(packed.bytes + at, 0xff, len);
        decode(cases, &codec, packed, (struct manner){.in_memory = true});
        memcpy(packed.bytes + at, kept, len);
        assert_true(cases->out.len >= whole);
        assert_memory_equal(cases->out.bytes, cases->plain, whole);
    }
    free(packed.bytes);
}

/* A block that is followed by no header of another. */
static void a_block_is_given_before_its_follower_fails(void **state)
{
    struct cases *cases = *state;
    struct packed packed = framed(cases->plain, 200000);
    uint8_t *at = packed.bytes + 7;
    size_t first = 4 + ((size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16);

    memset(at + first, 0x7f, 4);
    decode(cases, &codec, packed, (struct manner){.in_memory = true});
    assert_int_equal(cases->out.status, SG_ERR_FORMAT);
    assert_true(gave(cases, 65536));
    free(packed.bytes);
}

static void a_read_that_fails_is_told(void **state)
{
    struct cases *cases = *state;
    struct packed packed = packed_join(framed(cases->plain, 500), framed(cases->plain + 500, 500));

    check_failing_reads(cases, &codec, packed);
    free(packed.bytes);
}

static void damage_in_a_second_frame_is_told(void **state)
{
    struct cases *cases = *state;
    struct packed packed =
        packed_join(framed(cases->plain, 1000), framed(cases->plain + 1000, 200000));

    packed.len -= 4; /* the end mark is no block */
    memset(packed.bytes + packed.len - 4, 0x7e, 4);
    decode(cases, &codec, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_FORMAT);
    assert_true(cases->out.len > 1000 + 65536);
    assert_memory_equal(cases->out.bytes, cases->plain, 1000 + 65536);
    free(packed.bytes);
}

static void other_files_are_refused(void **state)
{
    static const char *const heads[] = {"", "\4\x22\x4d", "\4\x22\x4d\x19", "\2\x21\x4c\x18"};

    (void)state;
    check_refuses(&codec, heads, COUNT(heads));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_of_every_kind_is_decoded),
        cmocka_unit_test(nothing_is_decoded_to_nothing),
        cmocka_unit_test(every_truncation_gives_a_beginning),
        cmocka_unit_test(no_damage_does_harm),
        cmocka_unit_test(memory_is_all_taken_at_the_start),
        cmocka_unit_test(frames_in_a_row_are_one_content),
        cmocka_unit_test(what_follows_and_is_no_frame_is_left),
        cmocka_unit_test(damage_comes_after_what_was_decoded),
        cmocka_unit_test(a_block_is_given_before_its_follower_fails),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(a_read_that_fails_is_told),
        cmocka_unit_test(damage_in_a_second_frame_is_told),
    };

    return cmocka_run_group_tests(tests, cases_setup, cases_teardown);
}
