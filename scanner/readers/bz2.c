/* bz2.c - bzip2 streams in a row, through libbz2. */
#include "readers/bz2.h"

#include <bzlib.h>
#include <limits.h>
#include <string.h>

/* Level 9: 900,000 words of 4 bytes, and 64 KB of tables. */
#define POOL_SIZE (3800u << 10)

struct bz2 {
    struct sg_decoder decoder;
    struct sg_stream packed;
    struct sg_arena pool;
    bz_stream bz;
    bool later; /* a stream was read to its end already */
    bool gave;  /* this one has given bytes */
};

bool sg_bz2_bid(const uint8_t *head, size_t len)
{
    return len >= 4 && !memcmp(head, "BZh", 3) && head[3] >= '1' && head[3] <= '9';
}

static void *take(void *pool, int count, int size)
{
    return sg_arena_take(pool, (size_t)count * (size_t)size);
}

/* The pool is dropped as a whole. */
static void drop(void *pool, void *block)
{
    (void)pool;
    (void)block;
}

static enum sg_status begin(struct bz2 *self)
{
    self->pool.used = 0;
    self->gave = false;
    self->bz = (bz_stream){.bzalloc = take, .bzfree = drop, .opaque = &self->pool};
    return BZ2_bzDecompressInit(&self->bz, 0, 0) == BZ_OK ? SG_OK : SG_ERR_MEMORY;
}

static enum sg_status next_stream(struct bz2 *self)
{
    self->later = true;
    if (!sg_stream_need(&self->packed, 1))
        return self->packed.status ? self->packed.status : SG_END;
    return begin(self);
}

static enum sg_status step(struct sg_decoder *decoder, uint8_t *into, size_t len, size_t *got)
{
    struct bz2 *self = (struct bz2 *)decoder;
    size_t have = sg_stream_need(&self->packed, 1);
    unsigned feed = have > UINT_MAX ? UINT_MAX : (unsigned)have;
    unsigned room = len > UINT_MAX ? UINT_MAX : (unsigned)len;

    self->bz.next_in = (char *)(uintptr_t)self->packed.at;
    self->bz.avail_in = feed;
    self->bz.next_out = (char *)into;
    self->bz.avail_out = room;
    int result = BZ2_bzDecompress(&self->bz);
    self->packed.at += feed - self->bz.avail_in;
    *got = room - self->bz.avail_out;
    self->gave |= *got > 0;
    switch (result) {
    case BZ_OK:
        return have || *got ? SG_OK : sg_decoder_starved(decoder, &self->packed);
    case BZ_STREAM_END:
        return next_stream(self);
    case BZ_MEM_ERROR:
        return SG_ERR_MEMORY;
    default:
        return self->later && !self->gave ? SG_END : SG_ERR_FORMAT;
    }
}

enum sg_status sg_bz2_open(const struct sg_source *packed, struct sg_arena *arena,
                           struct sg_decoder **opened)
{
    struct bz2 *self = sg_arena_zero(arena, sizeof(*self));
    enum sg_status status = SG_ERR_MEMORY;

    if (!self)
        return status;
    self->decoder.step = step;
    self->pool = (struct sg_arena){.base = sg_arena_take(arena, POOL_SIZE), .size = POOL_SIZE};
    if (self->pool.base)
        status = sg_decoder_input(packed, arena, &self->packed);
    if (!status)
        status = begin(self);
    if (!status)
        *opened = &self->decoder;
    return status;
}
