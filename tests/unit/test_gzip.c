/* test_gzip.c - gzip members in a row, as Python's gzip module sees them. */
#include "packed_cases.h"

#include "readers/gzip.h"

#include <zlib.h>

#define SMALL 3000u
#define LARGE 1000000u

static const struct codec codec = {sg_gzip_bid, sg_gzip_open, 136u << 10};

static struct packed gzipped(const uint8_t *plain, size_t len, int level)
{
    struct packed packed = packed_new(len + len / 1000 + 100);
    z_stream z = {.next_in = (z_const Bytef *)plain, .avail_in = (uInt)len};

    z.next_out = packed.bytes;
    z.avail_out = (uInt)packed.len;
    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, MAX_WBITS + 16, 8, 0), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed.len = z.total_out;
    deflateEnd(&z);
    return packed;
}

static void a_member_is_decoded_at_every_level(void **state)
{
    struct cases *cases = *state;

    for (int level = 0; level <= 9; level += 3) {
        struct packed packed = gzipped(cases->plain, LARGE, level);
        check_decodes(cases, &codec, packed, LARGE);
        free(packed.bytes);
    }
}

static void nothing_is_decoded_to_nothing(void **state)
{
    struct packed packed = gzipped((const uint8_t *)"", 0, 6);

    check_decodes(*state, &codec, packed, 0);
    free(packed.bytes);
}

static void every_truncation_gives_a_beginning(void **state)
{
    struct cases *cases = *state;
    struct packed packed = gzipped(cases->plain, SMALL, 6);

    check_truncations(cases, &codec, packed);
    assert_true(gave(cases, SMALL));
    free(packed.bytes);
}

static void no_damage_does_harm(void **state)
{
    struct cases *cases = *state;
    struct packed packed = gzipped(cases->plain, 300, 6);

    check_damage(cases, &codec, packed);
    free(packed.bytes);
}

static void memory_is_all_taken_at_the_start(void **state)
{
    struct cases *cases = *state;
    struct packed packed = gzipped(cases->plain, LARGE, 6);

    check_memory(cases, &codec, packed, LARGE);
    free(packed.bytes);
}

static void members_in_a_row_are_one_content(void **state)
{
    struct cases *cases = *state;
    struct packed packed = gzipped(cases->plain, 10, 6);

    for (size_t at = 10; at < LARGE; at += 50000 - at % 3) {
        size_t len = LARGE - at < 50000 - at % 3 ? LARGE - at : 50000 - at % 3;
        packed = packed_join(packed, gzipped(cases->plain + at, len, 6));
    }
    check_decodes(cases, &codec, packed, LARGE);
    free(packed.bytes);
}

static void empty_members_are_passed_over(void **state)
{
    struct cases *cases = *state;
    struct packed packed = gzipped(cases->plain, 0, 6);

    for (size_t i = 0; i < 2000; i++)
        packed = packed_join(packed, gzipped(cases->plain, 0, 6));
    packed = packed_join(packed, gzipped(cases->plain, SMALL, 6));
    check_decodes(cases, &codec, packed, SMALL);
    free(packed.bytes);
}

static void zeros_between_and_after_members_are_padding(void **state)
{
    struct cases *cases = *state;
    static const uint8_t zeros[1500];
    struct packed packed = packed_join(gzipped(cases->plain, 1000, 6), packed_of(zeros, 1500));

    packed = packed_join(packed, gzipped(cases->plain + 1000, 2000, 6));
    packed = packed_join(packed, packed_of(zeros, 512));
    check_decodes(cases, &codec, packed, SMALL);
    free(packed.bytes);
}

static void what_follows_and_is_no_member_is_left(void **state)
{
    static const char *const tails[] = {"garbage", "\x1f\x8agarbage"};
    struct cases *cases = *state;

    for (size_t i = 0; i < 2; i++) {
        struct packed packed =
            packed_join(gzipped(cases->plain, SMALL, 6), packed_of(tails[i], strlen(tails[i])));
        check_decodes(cases, &codec, packed, SMALL);
        free(packed.bytes);
    }
}

static void a_second_member_that_is_cut_off_is_told(void **state)
{
    struct cases *cases = *state;
    struct packed packed =
        packed_join(gzipped(cases->plain, SMALL, 6), packed_of("\x1f\x8b\x08\0", 4));

    decode(cases, &codec, packed, (struct manner){0});
    assert_true(gave(cases, SMALL));
    assert_int_equal(cases->out.status, SG_ERR_FORMAT);
    assert_true(cases->out.cut);
    free(packed.bytes);
}

static void a_wrong_check_sum_stops_nothing(void **state)
{
    struct cases *cases = *state;
    struct packed packed = gzipped(cases->plain, 1000, 6);

    packed.bytes[packed.len - 8] ^= 1;
    packed.bytes[packed.len - 1] ^= 1;
    packed = packed_join(packed, gzipped(cases->plain + 1000, 2000, 6));
    check_decodes(cases, &codec, packed, SMALL);
    free(packed.bytes);
}

/* A member with another header before its deflated bytes. */
static struct packed with_header(struct packed packed, const void *header, size_t len)
{
    struct packed rest = packed_of(packed.bytes + 10, packed.len - 10);

    free(packed.bytes);
    return packed_join(packed_of(header, len), rest);
}

static void all_fields_of_a_header_are_passed_over(void **state)
{
    static const char header[] = "\x1f\x8b\x08\x1e....\2\3" /* HCRC, EXTRA, NAME, COMMENT */
                                 "\5\0extra"
                                 "name\0"
                                 "comment\0"
                                 "\xff\xff";
    struct cases *cases = *state;
    struct packed packed = with_header(gzipped(cases->plain, SMALL, 6), header, sizeof(header) - 1);

    check_decodes(cases, &codec, packed, SMALL);
    check_truncations(cases, &codec, packed);
    free(packed.bytes);
}

/* zlib's own reader of gzip refuses these; Python's gzip module does not look. */
static void reserved_flags_are_not_looked_at(void **state)
{
    struct cases *cases = *state;
    struct packed packed =
        with_header(gzipped(cases->plain, SMALL, 6), "\x1f\x8b\x08\xe1......", 10);

    check_decodes(cases, &codec, packed, SMALL);
    free(packed.bytes);
}

static void a_long_name_is_passed_over(void **state)
{
    struct cases *cases = *state;
    char header[10 + 5000] = "\x1f\x8b\x08\x08";

    memset(header + 10, 'n', 4999);
    struct packed packed = with_header(gzipped(cases->plain, SMALL, 6), header, sizeof(header));
    check_decodes(cases, &codec, packed, SMALL);
    free(packed.bytes);
}

static void damage_comes_after_what_was_decoded(void **state)
{
    struct cases *cases = *state;
    struct packed packed = gzipped(cases->plain, LARGE, 0); /* stored, in blocks of 64 KB */

    packed.bytes[packed.len / 2] ^= 0xff;
    memset(packed.bytes + packed.len / 2, 0xff, packed.len / 2);
    decode(cases, &codec, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_FORMAT);
    assert_true(cases->out.len > LARGE / 2 - 100);
    assert_memory_equal(cases->out.bytes, cases->plain, LARGE / 2 - 100);
    free(packed.bytes);
}

static void other_files_are_refused(void **state)
{
    static const char *const heads[] = {"", "\x1f", "\x1f\x8b", "\x1f\x8b\7", "PK\3\4", "\x80\4N."};
    struct cases *cases = *state;

    for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
        struct packed packed = {(uint8_t *)(uintptr_t)heads[i], strlen(heads[i])};
        assert_false(sg_gzip_bid(packed.bytes, packed.len));
        decode(cases, &codec, packed, (struct manner){0});
        assert_int_equal(cases->out.status, SG_ERR_FORMAT);
        assert_int_equal(cases->out.len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_is_decoded_at_every_level),
        cmocka_unit_test(nothing_is_decoded_to_nothing),
        cmocka_unit_test(every_truncation_gives_a_beginning),
        cmocka_unit_test(no_damage_does_harm),
        cmocka_unit_test(memory_is_all_taken_at_the_start),
        cmocka_unit_test(members_in_a_row_are_one_content),
        cmocka_unit_test(empty_members_are_passed_over),
        cmocka_unit_test(zeros_between_and_after_members_are_padding),
        cmocka_unit_test(what_follows_and_is_no_member_is_left),
        cmocka_unit_test(a_second_member_that_is_cut_off_is_told),
        cmocka_unit_test(a_wrong_check_sum_stops_nothing),
        cmocka_unit_test(all_fields_of_a_header_are_passed_over),
        cmocka_unit_test(reserved_flags_are_not_looked_at),
        cmocka_unit_test(a_long_name_is_passed_over),
        cmocka_unit_test(damage_comes_after_what_was_decoded),
        cmocka_unit_test(other_files_are_refused),
    };

    return cmocka_run_group_tests(tests, cases_setup, cases_teardown);
}
