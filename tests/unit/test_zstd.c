/* test_zstd.c - zstd frames in a row. */
#include "packed_cases.h"

#include "readers/zstd.h"

#include <zstd.h>

#define SMALL 3000u
#define LARGE 3000000u

static const struct codec codec = {sg_zstd_bid, sg_zstd_open, 6u << 20};

static const uint8_t skippable[] = "\x50\x2a\x4d\x18\5\0\0\0skip!";

static struct packed framed(const uint8_t *plain, size_t len, int level, int window)
{
    struct packed packed = packed_new(ZSTD_compressBound(len));
    ZSTD_CCtx *zstd = ZSTD_createCCtx();

    assert_non_null(zstd);
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
    if (window) {
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, window);
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0);
    }
    ZSTD_inBuffer in = {plain, len, 0};
    ZSTD_outBuffer out = {packed.bytes, packed.len, 0};
    /* In pieces, so that the frame does not know its length. */
    for (size_t piece; in.pos < len;) {
        piece = len - in.pos > 700000 ? 700000 : len - in.pos;
        ZSTD_inBuffer part = {plain + in.pos, piece, 0};
        while (part.pos < part.size)
            assert_false(ZSTD_isError(ZSTD_compressStream2(
                zstd, &out, &part,
                in.pos + piece == len && window ? ZSTD_e_end : ZSTD_e_continue)));
        in.pos += piece;
    }
    while (ZSTD_compressStream2(zstd, &out, &in, ZSTD_e_end) > 0)
        continue;
    packed.len = out.pos;
    ZSTD_freeCCtx(zstd);
    return packed;
}

/* As ZSTD_compress() does: content size in the header, no window of its own. */
static struct packed at_once(const uint8_t *plain, size_t len)
{
    struct packed packed = packed_new(ZSTD_compressBound(len));

    packed.len = ZSTD_compress(packed.bytes, packed.len, plain, len, 3);
    assert_false(ZSTD_isError(packed.len));
    return packed;
}

static void a_frame_is_decoded_at_every_level(void **state)
{
    struct cases *cases = *state;

    for (int level = -5; level <= 19; level += 8) {
        struct packed packed = framed(cases->plain, LARGE, level, 0);
        check_decodes(cases, &codec, packed, LARGE);
        free(packed.bytes);
    }
    struct packed packed = at_once(cases->plain, LARGE);
    check_decodes(cases, &codec, packed, LARGE);
    free(packed.bytes);
}

static void nothing_is_decoded_to_nothing(void **state)
{
    struct packed packed = at_once((const uint8_t *)"", 0);

    check_decodes(*state, &codec, packed, 0);
    free(packed.bytes);
}

static void every_truncation_gives_a_beginning(void **state)
{
    struct cases *cases = *state;
    struct packed packed = framed(cases->plain, SMALL, 3, 0);

    check_truncations(cases, &codec, packed);
    assert_true(gave(cases, SMALL));
    free(packed.bytes);
}

static void no_damage_does_harm(void **state)
{
    struct cases *cases = *state;
    struct packed packed = framed(cases->plain, 300, 3, 0);

    check_damage(cases, &codec, packed);
    free(packed.bytes);
}

static void memory_is_all_taken_at_the_start(void **state)
{
    struct cases *cases = *state;
    struct packed packed = framed(cases->plain, LARGE, 3, 0);

    check_memory(cases, &codec, packed, LARGE);
    free(packed.bytes);
}

/* 64 MB is all that this arena can hold; 128 MB is the most that zstd writes unless told to. */
static void windows_are_decoded_as_far_as_memory_goes(void **state)
{
    struct cases *cases = *state;

    for (int window = 10; window <= 26; window += 8) {
        struct packed packed = framed(cases->plain, LARGE, 1, window);
        check_decodes(cases, &codec, packed, LARGE);
        free(packed.bytes);
    }
    struct packed packed = framed(cases->plain, LARGE, 1, 27);
    decode(cases, &codec, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_MEMORY);
    assert_int_equal(cases->out.len, 0);
    free(packed.bytes);
}

static void a_later_frame_that_wants_more_memory_is_told(void **state)
{
    struct cases *cases = *state;
    struct packed packed =
        packed_join(at_once(cases->plain, SMALL), framed(cases->plain, LARGE, 1, 26));

    decode(cases, &codec, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_MEMORY);
    assert_true(gave(cases, SMALL));
    free(packed.bytes);
}

static void frames_in_a_row_are_one_content(void **state)
{
    struct cases *cases = *state;
    struct packed packed = packed_of(skippable, 13);

    packed = packed_join(packed, at_once(cases->plain, 10));
    packed = packed_join(packed, packed_of("\x5f\x2a\x4d\x18\0\0\0\0", 8));
    packed = packed_join(packed, framed(cases->plain + 10, 2000000, 19, 0));
    packed = packed_join(packed, at_once(cases->plain, 0));
    packed = packed_join(packed, framed(cases->plain + 2000010, 999990, 1, 10));
    packed = packed_join(packed, packed_of(skippable, 13));
    check_decodes(cases, &codec, packed, LARGE);
    free(packed.bytes);
}

static void what_follows_and_is_no_frame_is_left(void **state)
{
    struct cases *cases = *state;
    struct packed packed = packed_join(at_once(cases->plain, SMALL), packed_of("garbage", 7));

    check_decodes(cases, &codec, packed, SMALL);
    free(packed.bytes);
}

/* The last block before the damage comes out, too, which libzstd by itself would keep. */
static void damage_comes_after_what_was_decoded(void **state)
{
    struct cases *cases = *state;
    struct packed packed = framed(cases->plain, LARGE, 1, 0);
    struct packed part;
    size_t whole;

    for (size_t at = packed.len / 4; at < packed.len; at += packed.len / 5) {
        part = (struct packed){packed.bytes, at};
        decode(cases, &codec, part, (struct manner){.in_memory = true});
        whole = cases->out.len;
        assert_true(whole > 0 && whole % (128u << 10) == 0);
        uint8_t kept[64];
        size_t len = packed.len - at < sizeof(kept) ? packed.len - at : sizeof(kept);
        memcpy(kept, packed.bytes + at, len);
        memset(packed.bytes + at, 0xff, len);
        decode(cases, &codec, packed, (struct manner){.in_memory = true});
        memcpy(packed.bytes + at, kept, len);
        assert_true(cases->out.len >= whole);
        assert_memory_equal(cases->out.bytes, cases->plain, whole);
    }
    free(packed.bytes);
}

/* 0.5 to 0.7: some builds of the library still read them, and take memory where they please. */
static void frames_of_old_versions_are_told(void **state)
{
    static const char *const heads[] = {"\x25\xb5\x2f\xfd", "\x26\xb5\x2f\xfd", "\x27\xb5\x2f\xfd"};
    struct cases *cases = *state;

    for (size_t i = 0; i < 3; i++) {
        struct packed packed = packed_join(packed_of(heads[i], 4), at_once(cases->plain, 100));
        assert_true(sg_zstd_bid(packed.bytes, packed.len));
        decode(cases, &codec, packed, (struct manner){0});
        assert_int_equal(cases->out.status, SG_ERR_MEMORY);
        free(packed.bytes);
    }
}

static void a_read_that_fails_is_told(void **state)
{
    struct cases *cases = *state;
    struct packed packed =
        packed_join(at_once(cases->plain, 500), at_once(cases->plain + 500, 500));

    check_failing_reads(cases, &codec, packed);
    free(packed.bytes);
}

/* 2^41 bytes: what loaders say of it depends on their own limits. */
static void a_window_beyond_all_bounds_is_told(void **state)
{
    struct cases *cases = *state;
    struct packed packed = packed_of("\x28\xb5\x2f\xfd\0\xf8\1\0\0", 9);

    decode(cases, &codec, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_MEMORY);
    free(packed.bytes);
}

static void other_files_are_refused(void **state)
{
    static const char *const heads[] = {"", "\x28\xb5\x2f", "\x28\xb5\x2f\xfc", "PK\3\4"};

    (void)state;
    check_refuses(&codec, heads, COUNT(heads));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_decoded_at_every_level),
        cmocka_unit_test(nothing_is_decoded_to_nothing),
        cmocka_unit_test(every_truncation_gives_a_beginning),
        cmocka_unit_test(no_damage_does_harm),
        cmocka_unit_test(memory_is_all_taken_at_the_start),
        cmocka_unit_test(windows_are_decoded_as_far_as_memory_goes),
        cmocka_unit_test(a_later_frame_that_wants_more_memory_is_told),
        cmocka_unit_test(frames_in_a_row_are_one_content),
        cmocka_unit_test(what_follows_and_is_no_frame_is_left),
        cmocka_unit_test(damage_comes_after_what_was_decoded),
        cmocka_unit_test(frames_of_old_versions_are_told),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(a_read_that_fails_is_told),
        cmocka_unit_test(a_window_beyond_all_bounds_is_told),
    };

    return cmocka_run_group_tests(tests, cases_setup, cases_teardown);
}
