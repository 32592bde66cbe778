/* xz_maker.h - .xz, .lzma and .lz streams for tests. */
#ifndef SG_XZ_MAKER_H
#define SG_XZ_MAKER_H

#include "packed_cases.h"

#include "readers/xz.h"

#include <lzma.h>

#define SMALL 1500u
#define LARGE 2000000u

static const struct codec xz = {sg_xz_bid, sg_xz_open, 6u << 20};
static const struct codec alone = {sg_lzma_bid, sg_xz_open, 6u << 20};
static const struct codec lzip = {sg_lzip_bid, sg_xz_open, 6u << 20};

static inline struct packed code_all(lzma_stream *lzma, const uint8_t *plain, size_t len)
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

static inline struct packed xz_of(const uint8_t *plain, size_t len, uint32_t preset,
                                  lzma_check check)
{
    lzma_stream lzma = LZMA_STREAM_INIT;

    assert_int_equal(lzma_easy_encoder(&lzma, preset, check), LZMA_OK);
    return code_all(&lzma, plain, len);
}

static inline struct packed alone_with(const uint8_t *plain, size_t len, uint32_t dictionary,
                                       uint32_t lc)
{
    lzma_stream lzma = LZMA_STREAM_INIT;
    lzma_options_lzma options;

    assert_false(lzma_lzma_preset(&options, 1));
    options.dict_size = dictionary;
    options.lc = lc;
    assert_int_equal(lzma_alone_encoder(&lzma, &options), LZMA_OK);
    return code_all(&lzma, plain, len);
}

static inline struct packed alone_of(const uint8_t *plain, size_t len)
{
    return alone_with(plain, len, 1u << 20, 3);
}

/* No encoder is at hand: the .lzma stream with the header and trailer of a .lz. */
static inline struct packed lzip_of(const uint8_t *plain, size_t len)
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

#endif
