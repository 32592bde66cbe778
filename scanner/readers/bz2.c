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
    uint64_t start; /* of this stream in the packed bytes */
    uint64_t given; /* bytes of this stream */
    uint64_t again; /* bytes of it that were given before and are decoded again */
    bool bytewise;
    bool later; /* a stream was read to its end already */
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

static enum sg_status init(struct bz2 *self)
{
    self->pool.used = 0;
    self->bz = (bz_stream){.bzalloc = take, .bzfree = drop, .opaque = &self->pool};
    return BZ2_bzDecompressInit(&self->bz, 0, 0) == BZ_OK ? SG_OK : SG_ERR_MEMORY;
}

static enum sg_status begin(struct bz2 *self)
{
    self->start = sg_stream_offset(&self->packed);
    self->given = self->again = 0;
    self->bytewise = false;
    return init(self);
}

static enum sg_status next_stream(struct bz2 *self)
{
    self->later = true;
    if (!sg_stream_need(&self->packed, 1))
        return self->packed.status ? self->packed.status : SG_END;
    return begin(self);
}

/* What libbz2 decodes in a call that fails is lost, and how much that is depends on how much it is
 * asked for. So the stream is decoded once more, from where it failed on byte by byte. */
static enum sg_status failed(struct bz2 *self)
{
    if (self->bytewise || !sg_stream_seek(&self->packed, self->start))
        return self->later && !self->given ? SG_END : SG_ERR_FORMAT;
    self->bytewise = true;
    self->again = self->given;
    return init(self);
}

static unsigned room_for(const struct bz2 *self, size_t len)
{
    if (self->again)
        len = self->again < len ? (size_t)self->again : len;
    else if (self->bytewise)
        len = 1;
    return len > UINT_MAX ? UINT_MAX : (unsigned)len;
}

static int decode(struct bz2 *self, size_t have)
{
    unsigned feed = have > UINT_MAX ? UINT_MAX : (unsigned)have;

    self->bz.next_in = (char *)(uintptr_t)self->packed.at;
    self->bz.avail_in = feed;
    int result = BZ2_bzDecompress(&self->bz);
    self->packed.at += feed - self->bz.avail_in;
    return result;
}

static enum sg_status step(struct sg_decoder *decoder, uint8_t *into, size_t len, size_t *got)
{
    struct bz2 *self = (struct bz2 *)decoder;
    size_t have = sg_stream_need(&self->packed, 1);
    unsigned room = room_for(self, len);

    self->bz.next_out = (char *)into;
    self->bz.avail_out = room;
    int result = decode(self, have);
    unsigned gave = room - self->bz.avail_out;
    if (self->again) {
        self->again -= gave;
    } else if (result != BZ_DATA_ERROR || self->bytewise) {
        *got = gave;
        self->given += gave;
    }
    switch (result) {
    case BZ_OK:
        return have || gave ? SG_OK : sg_decoder_starved(decoder, &self->packed);
    case BZ_STREAM_END:
        return next_stream(self);
    case BZ_MEM_ERROR:
        return SG_ERR_MEMORY;
    default:
        return failed(self);
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
