/* test_zlib.c - zlib streams, bare and in the Z-files of old joblib. */
#include "packed_cases.h"

#include "readers/zlib.h"

#include <stdio.h>
#include <zlib.h>

#define SMALL 3000u
#define LARGE 1000000u

static const struct codec codec = {sg_zlib_bid, sg_zlib_open, 136u << 10};
static const struct codec zfile = {sg_zfile_bid, sg_zfile_open, 136u << 10};

static struct packed zlibbed(const uint8_t *plain, size_t len, int level, int bits)
{
    struct packed packed = packed_new(len + len / 1000 + 100);
    z_stream z = {.next_in = (z_const Bytef *)plain, .avail_in = (uInt)len};

    z.next_out = packed.bytes;
    z.avail_out = (uInt)packed.len;
    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, bits, 8, 0), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed.len = z.total_out;
    deflateEnd(&z);
    return packed;
}

/* joblib.numpy_pickle_compat.write_zfile(); `more` is what the oldest joblib wrote besides. */
static struct packed zfile_of(const uint8_t *plain, size_t len, const char *more)
{
    char header[64];
    int size = snprintf(header, sizeof(header), "ZF0x%-17zx%s", len, more);

    assert_int_equal(size, 21 + (int)strlen(more));
    return packed_join(packed_of(header, (size_t)size), zlibbed(plain, len, 3, MAX_WBITS));
}

static void a_stream_is_decoded_at_every_level(void **state)
{
    struct cases *cases = *state;

    for (int level = 0; level <= 9; level += 3) {
        struct packed packed = zlibbed(cases->plain, LARGE, level, MAX_WBITS);
        check_decodes(cases, &codec, packed, LARGE);
        free(packed.bytes);
    }
}

static void every_window_size_is_decoded(void **state)
{
    struct cases *cases = *state;

    for (int bits = 9; bits <= MAX_WBITS; bits++) {
        struct packed packed = zlibbed(cases->plain, LARGE, 6, bits);
        check_decodes(cases, &codec, packed, LARGE);
        free(packed.bytes);
    }
}

/* Every pair of bytes that zlib itself would begin with. */
static void the_bid_is_zlibs_own_check(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 65536; value++) {
        uint8_t head[2] = {(uint8_t)(value >> 8), (uint8_t)value}, out[8];
        z_stream z = {.next_in = head, .avail_in = 2, .next_out = out, .avail_out = sizeof(out)};
        assert_int_equal(inflateInit(&z), Z_OK);
        int result = inflate(&z, Z_NO_FLUSH);
        /* A preset dictionary: header accepted, nothing given. */
        bool begins = result == Z_OK && !(head[1] & 0x20);
        assert_int_equal(sg_zlib_bid(head, 2), begins);
        inflateEnd(&z);
    }
}

static void every_truncation_gives_a_beginning(void **state)
{
    struct cases *cases = *state;
    struct packed packed = zlibbed(cases->plain, SMALL, 6, MAX_WBITS);

    check_truncations(cases, &codec, packed);
    assert_true(gave(cases, SMALL));
    free(packed.bytes);
}

static void no_damage_does_harm(void **state)
{
    struct cases *cases = *state;
    struct packed packed = zlibbed(cases->plain, 300, 6, MAX_WBITS);
    struct packed old = zfile_of(cases->plain, 300, "");

    check_damage(cases, &codec, packed);
    check_damage(cases, &zfile, old);
    free(packed.bytes);
    free(old.bytes);
}

static void memory_is_all_taken_at_the_start(void **state)
{
    struct cases *cases = *state;
    struct packed packed = zlibbed(cases->plain, LARGE, 6, MAX_WBITS);

    check_memory(cases, &codec, packed, LARGE);
    free(packed.bytes);
}

static void nothing_behind_the_stream_is_read(void **state)
{
    struct cases *cases = *state;
    struct packed packed = packed_join(zlibbed(cases->plain, SMALL, 6, MAX_WBITS),
                                       zlibbed(cases->plain, SMALL, 6, MAX_WBITS));

    check_decodes(cases, &codec, packed, SMALL);
    free(packed.bytes);
}

static void a_wrong_check_sum_comes_after_everything(void **state)
{
    struct cases *cases = *state;
    struct packed packed = zlibbed(cases->plain, SMALL, 6, MAX_WBITS);

    packed.bytes[packed.len - 1] ^= 1;
    decode(cases, &codec, packed, (struct manner){0});
    assert_true(gave(cases, SMALL));
    assert_int_equal(cases->out.status, SG_ERR_FORMAT);
    assert_false(cases->out.cut);
    free(packed.bytes);
}

static void a_preset_dictionary_gives_nothing(void **state)
{
    struct cases *cases = *state;
    struct packed packed = packed_of("\x78\xbb\1\2\3\4\3\0\0\0\0\1", 12);

    assert_false(sg_zlib_bid(packed.bytes, packed.len));
    decode(cases, &codec, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_FORMAT);
    assert_int_equal(cases->out.len, 0);
    free(packed.bytes);
}

static void a_zfile_is_decoded(void **state)
{
    struct cases *cases = *state;

    for (size_t len = 0; len <= LARGE; len = len * 10 + 1) {
        struct packed packed = zfile_of(cases->plain, len, "");
        check_decodes(cases, &zfile, packed, len);
        free(packed.bytes);
    }
}

static void a_zfile_of_the_oldest_joblib_has_one_blank_more(void **state)
{
    struct cases *cases = *state;
    struct packed packed = zfile_of(cases->plain, SMALL, " ");

    check_decodes(cases, &zfile, packed, SMALL);
    check_truncations(cases, &zfile, packed);
    free(packed.bytes);
}

static void every_truncation_of_a_zfile_gives_a_beginning(void **state)
{
    struct packed packed = zfile_of(((struct cases *)*state)->plain, SMALL, "");

    check_truncations(*state, &zfile, packed);
    free(packed.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_decoded_at_every_level),
        cmocka_unit_test(every_window_size_is_decoded),
        cmocka_unit_test(the_bid_is_zlibs_own_check),
        cmocka_unit_test(every_truncation_gives_a_beginning),
        cmocka_unit_test(no_damage_does_harm),
        cmocka_unit_test(memory_is_all_taken_at_the_start),
        cmocka_unit_test(nothing_behind_the_stream_is_read),
        cmocka_unit_test(a_wrong_check_sum_comes_after_everything),
        cmocka_unit_test(a_preset_dictionary_gives_nothing),
        cmocka_unit_test(a_zfile_is_decoded),
        cmocka_unit_test(a_zfile_of_the_oldest_joblib_has_one_blank_more),
        cmocka_unit_test(every_truncation_of_a_zfile_gives_a_beginning),
    };

    return cmocka_run_group_tests(tests, cases_setup, cases_teardown);
}
