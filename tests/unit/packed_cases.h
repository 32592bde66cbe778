/* packed_cases.h - what every decoder of compressed streams must do, given a sample
 * of its format. */
#ifndef SG_PACKED_CASES_H
#define SG_PACKED_CASES_H

#include "readers/decoder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define CASES_MAX (4u << 20) /* bytes of plain content */
#define CASES_ARENA ((size_t)96 << 20)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct codec {
    sg_decoder_bid_fn *bid;
    sg_decoder_open_fn *open;
    size_t memory; /* bytes of arena that are enough for a sample */
};

struct packed {
    uint8_t *bytes;
    size_t len;
};

/* What came out. */
struct decoded {
    uint8_t *bytes; /* CASES_MAX are there */
    size_t len;
    enum sg_status status;
    bool cut;
};

struct cases {
    struct sg_arena arena;
    uint8_t *guarded; /* CASES_MAX bytes, and a page that may not be touched */
    uint8_t *plain;
    struct decoded out;
};

/* How bytes are asked for and handed in; 0: as many as there are. */
struct manner {
    size_t chunk;
    size_t read;
    bool in_memory;
};

static inline void *cases_map(size_t size, size_t guard)
{
    uint8_t *map = mmap(NULL, size + guard, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    assert_true(map != MAP_FAILED);
    assert_true(!guard || mprotect(map + size, guard, PROT_NONE) == 0);
    return map;
}

static inline int cases_setup(void **state)
{
    struct cases *cases = calloc(1, sizeof(*cases));
    uint32_t x = 1;

    assert_non_null(cases);
    cases->arena = (struct sg_arena){.base = cases_map(CASES_ARENA, 0), .size = CASES_ARENA};
    cases->guarded = cases_map(CASES_MAX, (size_t)sysconf(_SC_PAGESIZE));
    cases->plain = cases_map(CASES_MAX, 0);
    cases->out.bytes = cases_map(CASES_MAX, 0);
    /* Packs to about a half, with matches near and far. */
    for (size_t i = 0; i < CASES_MAX; i++) {
        x = x * 1664525u + 1013904223u;
        cases->plain[i] = i > 40000 && i / 1000 % 3 ? cases->plain[i - 40000] : (uint8_t)(x >> 28);
    }
    *state = cases;
    return 0;
}

static inline int cases_teardown(void **state)
{
    struct cases *cases = *state;

    munmap(cases->arena.base, CASES_ARENA);
    munmap(cases->guarded, CASES_MAX);
    munmap(cases->plain, CASES_MAX);
    munmap(cases->out.bytes, CASES_MAX);
    free(cases);
    return 0;
}

struct handed {
    const uint8_t *bytes;
    size_t len;
    size_t most;
};

static inline enum sg_status hand_in(void *ctx, uint64_t offset, void *into, size_t len,
                                     size_t *got)
{
    const struct handed *handed = ctx;

    *got = offset < handed->len ? handed->len - (size_t)offset : 0;
    *got = *got < len ? *got : len;
    memcpy(into, handed->bytes + offset, *got);
    return SG_OK;
}

static inline void pull(struct decoded *out, struct sg_decoder *decoder, size_t chunk)
{
    size_t got;

    out->len = 0;
    do {
        size_t room = CASES_MAX - out->len;
        out->status = sg_decoder_fill(decoder, out->bytes + out->len,
                                      chunk && chunk < room ? chunk : room, &got);
        assert_true(out->status == SG_OK || got == 0);
        out->len += got;
    } while (got && out->len < CASES_MAX);
    out->cut = decoder->cut;
}

/* Decodes `packed`, which stands before the guard page, anew; the result is in cases->out. */
static inline void decode(struct cases *cases, const struct codec *codec, struct packed packed,
                          struct manner manner)
{
    uint8_t *at = cases->guarded + CASES_MAX - packed.len;
    struct handed handed = {.bytes = at, .len = packed.len};
    struct sg_source source = {.read = hand_in, .ctx = &handed, .size = packed.len};
    struct sg_decoder *decoder;

    memcpy(at, packed.bytes, packed.len);
    if (manner.in_memory)
        source = sg_source_mem(at, packed.len);
    cases->arena.used = 0;
    cases->out.len = 0;
    cases->out.cut = false;
    cases->out.status = codec->open(&source, &cases->arena, &decoder);
    if (!cases->out.status)
        pull(&cases->out, decoder, manner.chunk);
}

static inline bool gave(const struct cases *cases, size_t len)
{
    return cases->out.len == len && memcmp(cases->out.bytes, cases->plain, len) == 0;
}

/* The first `len` bytes of plain come out, in every manner, and then the end. */
static inline void check_decodes(struct cases *cases, const struct codec *codec,
                                 struct packed packed, size_t len)
{
    static const struct manner manners[] = {
        {.in_memory = true}, {.in_memory = false}, {.chunk = 1, .in_memory = true},
        {.chunk = 997},      {.chunk = 131072},    {.chunk = 65536, .in_memory = true},
    };

    assert_true(
        codec->bid(packed.bytes, packed.len < SG_DECODER_HEAD ? packed.len : SG_DECODER_HEAD));
    for (size_t i = 0; i < sizeof(manners) / sizeof(*manners); i++) {
        decode(cases, codec, packed, manners[i]);
        assert_int_equal(cases->out.status, SG_OK);
        assert_true(gave(cases, len));
        assert_false(cases->out.cut);
    }
}

/* A truncation gives a beginning, and says that it is damaged; that of the last byte, which is in
 * cases->out afterwards, says that it is cut. */
static inline void check_truncations(struct cases *cases, const struct codec *codec,
                                     struct packed packed)
{
    for (size_t len = 0; len < packed.len; len++) {
        struct packed part = {packed.bytes, len};
        for (int in_memory = 0; in_memory < 2; in_memory++) {
            decode(cases, codec, part, (struct manner){.in_memory = in_memory});
            assert_int_equal(cases->out.status, SG_ERR_FORMAT);
            assert_true(memcmp(cases->out.bytes, cases->plain, cases->out.len) == 0);
        }
    }
    assert_true(cases->out.cut);
}

/* None of these strings is taken for the beginning of the format. */
static inline void check_refuses(const struct codec *codec, const char *const *heads, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (codec->bid((const uint8_t *)heads[i], strlen(heads[i])))
            fail_msg("head %zu", i);
}

/* Whatever byte is another one: an end is reached, and what comes out before it, when all is asked
 * for at a time, is not less than what comes out in small pieces. */
static inline void check_damage(struct cases *cases, const struct codec *codec,
                                struct packed packed)
{
    for (size_t at = 0; at < packed.len; at++)
        for (unsigned flip = 1; flip < 256; flip *= 4) {
            packed.bytes[at] ^= (uint8_t)flip;
            decode(cases, codec, packed, (struct manner){.in_memory = true});
            struct decoded first = cases->out;
            decode(cases, codec, packed, (struct manner){.chunk = 13});
            packed.bytes[at] ^= (uint8_t)flip;
            assert_true(first.len >= cases->out.len);
            assert_int_equal(first.status, cases->out.status);
            assert_true(first.status == SG_OK || first.status == SG_ERR_FORMAT ||
                        first.status == SG_ERR_MEMORY);
        }
}

/* With too little memory it says so; with some more, within what the codec is
 * allowed, it decodes. */
static inline void check_memory(struct cases *cases, const struct codec *codec,
                                struct packed packed, size_t len)
{
    size_t size = cases->arena.size;

    cases->arena.size = 0;
    for (;;) {
        decode(cases, codec, packed, (struct manner){0});
        if (cases->out.status == SG_OK)
            break;
        assert_int_equal(cases->out.status, SG_ERR_MEMORY);
        assert_true(cases->arena.size < codec->memory);
        cases->arena.size = cases->arena.size * 9 / 8 + 4096;
    }
    assert_true(gave(cases, len));
    cases->arena.size = size;
}

static inline struct packed packed_new(size_t most)
{
    struct packed packed = {.bytes = malloc(most), .len = most};

    assert_non_null(packed.bytes);
    return packed;
}

/* One after the other; takes both. */
static inline struct packed packed_join(struct packed first, struct packed second)
{
    struct packed both = packed_new(first.len + second.len);

    memcpy(both.bytes, first.bytes, first.len);
    memcpy(both.bytes + first.len, second.bytes, second.len);
    free(first.bytes);
    free(second.bytes);
    return both;
}

static inline struct packed packed_of(const void *bytes, size_t len)
{
    struct packed packed = packed_new(len + !len);

    packed.len = len;
    memcpy(packed.bytes, bytes, len);
    return packed;
}

struct breaking {
    struct handed handed;
    size_t breaks; /* nothing behind this offset can be read */
};

static inline enum sg_status hand_in_until(void *ctx, uint64_t offset, void *into, size_t len,
                                           size_t *got)
{
    struct breaking *breaking = ctx;
    size_t left = offset < breaking->breaks ? breaking->breaks - (size_t)offset : 0;

    *got = 0;
    return left ? hand_in(&breaking->handed, offset, into, len < left ? len : left, got)
                : SG_ERR_IO;
}

/* A read that fails is told, whatever was read and decoded before it. */
static inline void check_failing_reads(struct cases *cases, const struct codec *codec,
                                       struct packed packed)
{
    for (size_t breaks = 0; breaks <= packed.len; breaks++) {
        struct breaking breaking = {{packed.bytes, packed.len, 0}, breaks};
        struct sg_source source = {.read = hand_in_until, .ctx = &breaking, .size = packed.len + 1};
        struct sg_decoder *decoder;
        cases->arena.used = 0;
        cases->out = (struct decoded){.bytes = cases->out.bytes};
        cases->out.status = codec->open(&source, &cases->arena, &decoder);
        if (!cases->out.status)
            pull(&cases->out, decoder, 0);
        assert_int_equal(cases->out.status, SG_ERR_IO);
        assert_memory_equal(cases->out.bytes, cases->plain, cases->out.len);
        assert_false(cases->out.cut);
    }
}

#endif
