/* test_xz.c - .xz, .lzma and .lz streams in a row, as Python's lzma module sees them. */
#include "packed_cases.h"

#include "ground/bytes.h"
#include "readers/xz.h"
#include "readers/xz_heap.h"

#include <lzma.h>

#define SMALL 1500u
#define LARGE 2000000u

static const struct codec xz = {sg_xz_bid, sg_xz_open, 6u << 20};
static const struct codec alone = {sg_lzma_bid, sg_xz_open, 6u << 20};
static const struct codec lzip = {sg_lzip_bid, sg_xz_open, 6u << 20};

static struct packed code_all(lzma_stream *lzma, const uint8_t *plain, size_t len)
{
    struct packed packed = packed_new(len + len / 100 + 1000);

    lzma->next_in = plain;
    lzma->avail_in = len;
    lzma->next_out = packed.bytes;
    lzma->avail_out = packed.len;
    assert_int_equal(lzma_code(lzma, LZMA_FINISH), LZMA_STREAM_END);
    packed.len = (size_t)lzma->total_out;
    lzma_end(lzma);
    return packed;
}

static struct packed xz_of(const uint8_t *plain, size_t len, uint32_t preset, lzma_check check)
{
    lzma_stream lzma = LZMA_STREAM_INIT;

    assert_int_equal(lzma_easy_encoder(&lzma, preset, check), LZMA_OK);
    return code_all(&lzma, plain, len);
}

static struct packed alone_with(const uint8_t *plain, size_t len, uint32_t dictionary, uint32_t lc)
{
    lzma_stream lzma = LZMA_STREAM_INIT;
    lzma_options_lzma options;

    assert_false(lzma_lzma_preset(&options, 1));
    options.dict_size = dictionary;
    options.lc = lc;
    assert_int_equal(lzma_alone_encoder(&lzma, &options), LZMA_OK);
    return code_all(&lzma, plain, len);
}

static struct packed alone_of(const uint8_t *plain, size_t len)
{
    return alone_with(plain, len, 1u << 20, 3);
}

/* No encoder is at hand: the .lzma stream with the header and trailer of a .lz. */
static struct packed lzip_of(const uint8_t *plain, size_t len)
{
    struct packed packed = alone_of(plain, len);
    struct packed body = packed_of(packed.bytes + 13, packed.len - 13);
    uint64_t member = 6 + body.len + 20;
    uint32_t crc = lzma_crc32(plain, len, 0);
    uint8_t trailer[20];

    free(packed.bytes);
    for (int i = 0; i < 4; i++)
        trailer[i] = (uint8_t)(crc >> 8 * i);
    for (int i = 0; i < 8; i++) {
        trailer[4 + i] = (uint8_t)((uint64_t)len >> 8 * i);
        trailer[12 + i] = (uint8_t)(member >> 8 * i);
    }
    packed = packed_join(packed_of("LZIP\1\x14", 6), body);
    return packed_join(packed, packed_of(trailer, sizeof(trailer)));
}

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
        decode(cases, codecs[i], (struct packed){samples[i].bytes, samples[i].len - 1},
               (struct manner){0});
        assert_true(gave(cases, SMALL));
        assert_true(cases->out.cut);
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

static void memory_is_all_taken_at_the_start(void **state)
{
    struct cases *cases = *state;
    struct packed packed = xz_of(cases->plain, LARGE, 3, LZMA_CHECK_CRC32);
    struct packed bare = alone_with(cases->plain, LARGE, 4u << 20, 3);

    check_memory(cases, &xz, packed, LARGE);
    check_memory(cases, &alone, bare, LARGE);
    free(packed.bytes);
    free(bare.bytes);
}

/* xz -9 and what Python writes at preset 9. */
static void a_dictionary_of_64_mb_is_decoded(void **state)
{
    struct cases *cases = *state;
    struct packed packed = xz_of(cases->plain, SMALL, 9 | LZMA_PRESET_EXTREME, LZMA_CHECK_CRC64);

    check_decodes(cases, &xz, packed, SMALL);
    free(packed.bytes);
}

static void a_dictionary_larger_than_memory_is_told(void **state)
{
    struct cases *cases = *state;
    lzma_stream lzma = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};

    assert_false(lzma_lzma_preset(&options, 0));
    options.dict_size = 256u << 20;
    assert_int_equal(lzma_stream_encoder(&lzma, filters, LZMA_CHECK_CRC32), LZMA_OK);
    struct packed packed = code_all(&lzma, cases->plain, SMALL);
    decode(cases, &xz, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_MEMORY);
    free(packed.bytes);
}

/* Python asks the system for the 4 GB, and gets them. */
static void an_lzma_stream_may_ask_for_more_than_it_uses(void **state)
{
    static const uint32_t sizes[] = {UINT32_MAX, 1u << 31, 3u << 30};
    struct cases *cases = *state;

    for (size_t i = 0; i < 3; i++) {
        struct packed packed = alone_of(cases->plain, LARGE);
        for (int byte = 0; byte < 4; byte++)
            packed.bytes[1 + byte] = (uint8_t)(sizes[i] >> 8 * byte);
        check_decodes(cases, &alone, packed, LARGE);
        free(packed.bytes);
    }
}

static void an_lzma_stream_that_uses_more_is_told(void **state)
{
    struct cases *cases = *state;
    size_t size = cases->arena.size;
    struct packed packed = alone_with(cases->plain, 1000, 4u << 20, 3);

    free(packed.bytes);
    /* A match from 2 MB back, at the end. */
    uint8_t *plain = calloc(1, 3u << 20);
    assert_non_null(plain);
    memcpy(plain, cases->plain, 1000);
    memcpy(plain + (2u << 20), cases->plain, 1000);
    packed = alone_with(plain, (2u << 20) + 1000, 4u << 20, 3);
    memcpy(packed.bytes + 1, "\xff\xff\xff\xff", 4);
    cases->arena.size = 2u << 20;
    decode(cases, &alone, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_MEMORY);
    assert_true(cases->out.len >= 2u << 20);
    cases->arena.size = size;
    free(plain);
    free(packed.bytes);
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

static void the_heap_uses_freed_blocks_again(void **state)
{
    static _Alignas(16) uint8_t memory[4096];
    struct sg_xz_heap heap = {memory, sizeof(memory)};

    (void)state;
    sg_xz_heap_clear(&heap);
    for (int i = 0; i < 1000; i++) {
        uint8_t *a = sg_xz_heap_take(&heap, 1, 1000), *b = sg_xz_heap_take(&heap, 2, 1000);
        assert_non_null(a);
        assert_non_null(b);
        assert_null(sg_xz_heap_take(&heap, 1, 1100));
        memset(a, 1, 1000);
        memset(b, 2, 2000);
        sg_xz_heap_drop(&heap, i & 1 ? a : b);
        sg_xz_heap_drop(&heap, i & 1 ? b : a);
        uint8_t *all = sg_xz_heap_take(&heap, 1, sizeof(memory) - 16);
        assert_ptr_equal(all, memory + 16);
        sg_xz_heap_drop(&heap, all);
    }
    assert_null(sg_xz_heap_take(&heap, SIZE_MAX, 2));
    assert_null(sg_xz_heap_take(&heap, 1, SIZE_MAX));
    assert_null(sg_xz_heap_take(&heap, 1, sizeof(memory)));
    sg_xz_heap_drop(&heap, NULL);
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
        cmocka_unit_test(memory_is_all_taken_at_the_start),
        cmocka_unit_test(a_dictionary_of_64_mb_is_decoded),
        cmocka_unit_test(a_dictionary_larger_than_memory_is_told),
        cmocka_unit_test(an_lzma_stream_may_ask_for_more_than_it_uses),
        cmocka_unit_test(an_lzma_stream_that_uses_more_is_told),
        cmocka_unit_test(streams_in_a_row_are_one_content),
        cmocka_unit_test(zeros_before_a_stream_are_streams_of_nothing),
        cmocka_unit_test(a_member_of_a_zip_is_decoded),
        cmocka_unit_test(blocks_in_a_row_are_one_content),
        cmocka_unit_test(what_follows_and_is_no_stream_is_left),
        cmocka_unit_test(damage_comes_after_what_was_decoded),
        cmocka_unit_test(the_bid_on_lzma_is_liblzmas_own_check),
        cmocka_unit_test(the_heap_uses_freed_blocks_again),
        cmocka_unit_test(a_read_that_fails_is_told),
    };

    return cmocka_run_group_tests(tests, cases_setup, cases_teardown);
}
