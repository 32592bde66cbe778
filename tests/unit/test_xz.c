/* test_xz.c - .xz, .lzma and .lz streams in a row, as Python's lzma module sees them. */
#include "xz_maker.h"

static void an_xz_stream_is_decoded(void **state)
{
    static const lzma_check checks[] = {LZMA_CHECK_NONE, LZMA_CHECK_CRC32, LZMA_CHECK_CRC64,
                                        LZMA_CHECK_SHA256};
    struct cases *cases = *state;

    for (uint32_t i = 0; i < 4; i++) {
        struct packed packed = xz_of(cases->plain, LARGE, i * 2, checks[i]);
        check_decodes(cases, &xz, packed, LARGE);
        free(packed.bytes);
    }
}

static void an_lzma_stream_is_decoded(void **state)
{
    struct cases *cases = *state;

    for (uint32_t lc = 0; lc <= 4; lc++) {
        struct packed packed = alone_with(cases->plain, LARGE, 3u << (18 + lc), lc);
        check_decodes(cases, &alone, packed, LARGE);
        free(packed.bytes);
    }
}

static void an_lzip_member_is_decoded(void **state)
{
    struct cases *cases = *state;
    struct packed packed = lzip_of(cases->plain, LARGE);

    check_decodes(cases, &lzip, packed, LARGE);
    packed = packed_join(packed, lzip_of(cases->plain + LARGE, SMALL));
    check_decodes(cases, &lzip, packed, LARGE + SMALL);
    free(packed.bytes);
}

static void nothing_is_decoded_to_nothing(void **state)
{
    struct packed packed = xz_of((const uint8_t *)"", 0, 0, LZMA_CHECK_CRC32);
    struct packed bare = alone_of((const uint8_t *)"", 0);

    check_decodes(*state, &xz, packed, 0);
    check_decodes(*state, &alone, bare, 0);
    free(packed.bytes);
    free(bare.bytes);
}

static void every_truncation_gives_a_beginning(void **state)
{
    struct cases *cases = *state;
    struct packed samples[] = {xz_of(cases->plain, SMALL, 0, LZMA_CHECK_CRC64),
                               alone_of(cases->plain, SMALL), lzip_of(cases->plain, SMALL)};
    const struct codec *codecs[] = {&xz, &alone, &lzip};

    for (size_t i = 0; i < 3; i++) {
        check_truncations(cases, codecs[i], samples[i]);
        assert_true(gave(cases, SMALL));
        free(samples[i].bytes);
    }
}

static void no_damage_does_harm(void **state)
{
    struct cases *cases = *state;
    struct packed samples[] = {xz_of(cases->plain, 100, 0, LZMA_CHECK_CRC32),
                               alone_of(cases->plain, 100), lzip_of(cases->plain, 100)};

    for (size_t i = 0; i < 3; i++) {
        check_damage(cases, &xz, samples[i]);
        free(samples[i].bytes);
    }
}

static void streams_in_a_row_are_one_content(void **state)
{
    static const uint8_t zeros[8];
    struct cases *cases = *state;
    const uint8_t *plain = cases->plain;
    struct packed packed = xz_of(plain, 1000, 6, LZMA_CHECK_CRC64);

    packed = packed_join(packed, packed_of(zeros, 4));
    packed = packed_join(packed, xz_of(plain + 1000, 500000, 0, LZMA_CHECK_NONE));
    packed = packed_join(packed, alone_of(plain + 501000, 20000));
    packed = packed_join(packed, xz_of(plain, 0, 0, LZMA_CHECK_NONE));
    packed = packed_join(packed, packed_of(zeros, 8));
    packed = packed_join(packed, lzip_of(plain + 521000, 79000));
    packed = packed_join(packed, xz_of(plain + 600000, 400000, 3, LZMA_CHECK_CRC32));
    check_decodes(cases, &xz, packed, 1000000);
    free(packed.bytes);
}

/* What zipfile writes as method 14: with an end mark, and what others write without one. */
static struct packed zip_lzma(const uint8_t *plain, size_t len, bool marked)
{
    lzma_stream lzma = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    lzma_filter filters[] = {{marked ? LZMA_FILTER_LZMA1 : LZMA_FILTER_LZMA1EXT, &options},
                             {LZMA_VLI_UNKNOWN, NULL}};

    assert_false(lzma_lzma_preset(&options, 0));
    options.ext_flags = 0;
    options.ext_size_low = (uint32_t)len;
    options.ext_size_high = 0;
    assert_int_equal(lzma_raw_encoder(&lzma, filters), LZMA_OK);
    struct packed packed = code_all(&lzma, plain, len);
    uint8_t head[] = {9, 20, 5, 0, 0x5d, 0, 0, 4, 0}; /* a dictionary of 256 KB */
    return packed_join(packed_of(head, sizeof(head)), packed);
}

static bool any_bid(const uint8_t *head, size_t len)
{
    return head != NULL && len > 0;
}

static void a_member_of_a_zip_is_decoded(void **state)
{
    static const struct codec codec = {any_bid, sg_xz_open_zip, 6u << 20};
    struct cases *cases = *state;

    for (int marked = 0; marked < 2; marked++) {
        struct packed packed = zip_lzma(cases->plain, LARGE, marked);
        check_decodes(cases, &codec, packed, LARGE);
        free(packed.bytes);
        packed = zip_lzma(cases->plain, SMALL, marked);
        check_damage(cases, &codec, (struct packed){packed.bytes, 100});
        for (size_t len = 0; len < packed.len; len++) {
            decode(cases, &codec, (struct packed){packed.bytes, len}, (struct manner){0});
            assert_int_equal(cases->out.status, len < 9 ? SG_ERR_FORMAT : SG_OK);
            assert_memory_equal(cases->out.bytes, cases->plain, cases->out.len);
        }
        free(packed.bytes);
    }
}

/* Its properties are the first byte: lc, lp and pb of 0 make it a zero. */
static struct packed alone_from_zero(const uint8_t *plain, size_t len)
{
    lzma_stream lzma = LZMA_STREAM_INIT;
    lzma_options_lzma options;

    assert_false(lzma_lzma_preset(&options, 1));
    options.lc = options.pb = 0;
    assert_int_equal(lzma_alone_encoder(&lzma, &options), LZMA_OK);
    struct packed packed = code_all(&lzma, plain, len);
    assert_int_equal(packed.bytes[0], 0);
    return packed;
}

/* That zero is no padding, nor are those that Python has not taken for streams of nothing. */
static void a_stream_that_begins_with_a_zero_follows_another(void **state)
{
    static const uint8_t zeros[36];
    struct cases *cases = *state;

    for (size_t streams = 0; streams <= 2; streams++) {
        struct packed packed = xz_of(cases->plain, 0, 0, LZMA_CHECK_CRC32);
        packed = packed_join(packed, packed_of(zeros, 18 * streams));
        packed = packed_join(packed, alone_from_zero(cases->plain, SMALL));
        check_decodes(cases, &xz, packed, SMALL);
        free(packed.bytes);
    }
}

/* A newer liblzma than ours may know it: what it filters is no garbage behind the first stream. */
static void a_later_stream_with_an_unknown_filter_is_told(void **state)
{
    struct cases *cases = *state;
    struct packed second = xz_of(cases->plain, SMALL, 0, LZMA_CHECK_CRC32);
    uint8_t *block = second.bytes + 12;
    size_t size = (block[0] + 1u) * 4;

    assert_int_equal(block[2], 0x21);
    block[2] = 0x3f;
    uint32_t crc = lzma_crc32(block, size - 4, 0);
    for (int i = 0; i < 4; i++)
        block[size - 4 + (size_t)i] = (uint8_t)(crc >> 8 * i);
    struct packed packed = packed_join(xz_of(cases->plain, 0, 0, LZMA_CHECK_CRC32), second);
    decode(cases, &xz, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_MEMORY);
    free(packed.bytes);
}

/* Python, too, reads on behind them: each 18 zeros are a stream of nothing. */
static void zeros_before_a_stream_are_streams_of_nothing(void **state)
{
    struct cases *cases = *state;
    uint8_t *zeros = calloc(1, 18 * 10000);

    assert_non_null(zeros);
    struct packed packed =
        packed_join(packed_of(zeros, 18 * 10000), xz_of(cases->plain, SMALL, 0, LZMA_CHECK_CRC32));
    check_decodes(cases, &alone, packed, SMALL);
    free(packed.bytes);
    free(zeros);
}

/* Blocks of which each wants another dictionary: the memory of the last one is used again. */
static void blocks_in_a_row_are_one_content(void **state)
{
    struct cases *cases = *state;
    lzma_mt options = {.threads = 1, .block_size = 20000, .check = LZMA_CHECK_CRC32};
    lzma_stream lzma = LZMA_STREAM_INIT;

    assert_int_equal(lzma_stream_encoder_mt(&lzma, &options), LZMA_OK);
    struct packed packed = code_all(&lzma, cases->plain, LARGE);
    check_decodes(cases, &xz, packed, LARGE);
    free(packed.bytes);
}

static void what_follows_and_is_no_stream_is_left(void **state)
{
    static const char *const tails[] = {"garbage", "more garbage than a header", "\xfd\x37zXZ"};
    struct cases *cases = *state;

    for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
        struct packed packed = packed_join(xz_of(cases->plain, SMALL, 0, LZMA_CHECK_CRC32),
                                           packed_of(tails[i], strlen(tails[i])));
        check_decodes(cases, &xz, packed, SMALL);
        free(packed.bytes);
    }
}

static void damage_comes_after_what_was_decoded(void **state)
{
    struct cases *cases = *state;
    struct packed packed = xz_of(cases->plain, LARGE, 0, LZMA_CHECK_CRC32);

    memset(packed.bytes + packed.len / 2, 0xff, packed.len / 4);
    decode(cases, &xz, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_FORMAT);
    assert_true(cases->out.len > LARGE / 3);
    assert_memory_equal(cases->out.bytes, cases->plain, LARGE / 3);
    free(packed.bytes);
}

static void the_bid_on_lzma_is_liblzmas_own_check(void **state)
{
    static const uint32_t sizes[] = {0, 1, 5, 4096, 6144, 7168, 1u << 31, 3u << 30, UINT32_MAX};

    (void)state;
    for (unsigned first = 0; first < 256; first++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
            uint8_t head[13] = {(uint8_t)first}, out;
            lzma_stream lzma = LZMA_STREAM_INIT;
            for (int byte = 0; byte < 4; byte++)
                head[1 + byte] = (uint8_t)(sizes[i] >> 8 * byte);
            memset(head + 5, first & 1 ? 0xff : 0, 8);
            lzma.next_in = head;
            lzma.avail_in = sizeof(head);
            lzma.next_out = &out;
            lzma.avail_out = 1;
            if (first == 0xfd || first == 'L')
                continue;
            /* Of memory it is told only when the header is accepted. */
            assert_int_equal(lzma_auto_decoder(&lzma, 1, 0), LZMA_OK);
            bool accepted = lzma_code(&lzma, LZMA_RUN) == LZMA_MEMLIMIT_ERROR;
            if (accepted || !(head[0] == 0x5d && head[1] == 0))
                assert_int_equal(sg_lzma_bid(head, sizeof(head)), accepted);
            lzma_end(&lzma);
        }
}

static void a_read_that_fails_is_told(void **state)
{
    struct cases *cases = *state;
    struct packed packed = packed_join(xz_of(cases->plain, 300, 0, LZMA_CHECK_CRC32),
                                       xz_of(cases->plain + 300, 300, 0, LZMA_CHECK_CRC32));

    check_failing_reads(cases, &xz, packed);
    free(packed.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_xz_stream_is_decoded),
        cmocka_unit_test(an_lzma_stream_is_decoded),
        cmocka_unit_test(an_lzip_member_is_decoded),
        cmocka_unit_test(nothing_is_decoded_to_nothing),
        cmocka_unit_test(every_truncation_gives_a_beginning),
        cmocka_unit_test(no_damage_does_harm),
        cmocka_unit_test(streams_in_a_row_are_one_content),
        cmocka_unit_test(a_stream_that_begins_with_a_zero_follows_another),
        cmocka_unit_test(a_later_stream_with_an_unknown_filter_is_told),
        cmocka_unit_test(zeros_before_a_stream_are_streams_of_nothing),
        cmocka_unit_test(a_member_of_a_zip_is_decoded),
        cmocka_unit_test(blocks_in_a_row_are_one_content),
        cmocka_unit_test(what_follows_and_is_no_stream_is_left),
        cmocka_unit_test(damage_comes_after_what_was_decoded),
        cmocka_unit_test(the_bid_on_lzma_is_liblzmas_own_check),
        cmocka_unit_test(a_read_that_fails_is_told),
    };

    return cmocka_run_group_tests(tests, cases_setup, cases_teardown);
}
