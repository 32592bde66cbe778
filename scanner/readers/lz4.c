/* lz4.c - lz4 frames in a row, through liblz4. */
#define LZ4F_STATIC_LINKING_ONLY
#include "readers/lz4.h"

#include "ground/bytes.h"

#include <lz4frame.h>

/* Two buffers of a block of at most 4 MB, the second with 128 KB of history. */
#define POOL_SIZE ((2u * 4096u + 128u + 4u) << 10)

struct lz4 {
    struct sg_decoder decoder;
    struct sg_stream packed;
    struct sg_arena pool;
    LZ4F_dctx *lz4;
    size_t want; /* packed bytes until the end of a block and the header behind it; 0: no frame */
    bool full;   /* there was no room for all that was decoded */
    bool later;  /* a frame was read to its end already */
    bool gave;   /* this one has given bytes */
};

bool sg_lz4_bid(const uint8_t *head, size_t len)
{
    return len >= 4 && (sg_le32(head) == LZ4F_MAGICNUMBER ||
                        (sg_le32(head) & ~15u) == LZ4F_MAGIC_SKIPPABLE_START);
}

static void *take(void *pool, size_t size)
{
    return sg_arena_take(pool, size);
}

/* The pool is dropped as a whole. */
static void drop(void *pool, void *block)
{
    (void)pool;
    (void)block;
}

/* What liblz4 gives in a call that fails is lost. So a call ends with a block: the header of the
 * next one is left for another call, and that for when all of the block was given. */
static size_t portion(const struct lz4 *self, size_t have)
{
    if (self->full)
        return 0;
    size_t want = self->want ? self->want : LZ4F_MIN_SIZE_TO_KNOW_HEADER_LENGTH;
    if (want > LZ4F_BLOCK_HEADER_SIZE && self->want)
        want -= LZ4F_BLOCK_HEADER_SIZE;
    return want < have ? want : have;
}

/* A context of its own for each frame: the next may want larger buffers. */
static enum sg_status begin(struct lz4 *self)
{
    LZ4F_CustomMem memory = {.customAlloc = take, .customFree = drop, .opaqueState = &self->pool};

    self->pool.used = 0;
    self->gave = self->full = false;
    self->want = 0;
    self->lz4 = LZ4F_createDecompressionContext_advanced(memory, LZ4F_VERSION);
    return self->lz4 ? SG_OK : SG_ERR_MEMORY;
}

static enum sg_status starved(struct lz4 *self)
{
    if (!self->want && self->later)
        return self->packed.status ? self->packed.status : SG_END;
    return sg_decoder_starved(&self->decoder, &self->packed);
}

static enum sg_status step(struct sg_decoder *decoder, uint8_t *into, size_t len, size_t *got)
{
    struct lz4 *self = (struct lz4 *)decoder;
    size_t have = sg_stream_need(&self->packed, 1), feed = portion(self, have);
    size_t room = len;

    if (!have && !self->want)
        return starved(self);
    size_t result = LZ4F_decompress(self->lz4, into, &room, self->packed.at, &feed, NULL);
    if (LZ4F_getErrorCode(result) == LZ4F_ERROR_allocation_failed)
        return SG_ERR_MEMORY;
    if (LZ4F_isError(result))
        return self->later && !self->gave ? SG_END : SG_ERR_FORMAT;
    self->packed.at += feed;
    *got = room;
    self->gave |= room > 0;
    self->want = result;
    if (result == 0) {
        self->later = true;
        return begin(self);
    }
    bool went_on = feed || room || self->full;
    self->full = room == len;
    return went_on ? SG_OK : starved(self);
}

enum sg_status sg_lz4_open(const struct sg_source *packed, struct sg_arena *arena,
                           struct sg_decoder **opened)
{
    struct lz4 *self = sg_arena_zero(arena, sizeof(*self));
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
