/* zstd.c - zstd frames in a row, through libzstd. */
#define ZSTD_STATIC_LINKING_ONLY
#include "readers/zstd.h"

#include "ground/bytes.h"

#include <zstd.h>
#include <zstd_errors.h>

#define MEMORY_USUAL (48u << 20)
#define MEMORY_LEAST (1u << 20)
#define BLOCK_HEADER 3u
#define FIRST_WANT 5u /* bytes, to know a frame's kind */

struct zstd {
    struct sg_decoder decoder;
    struct sg_stream packed;
    ZSTD_DStream *zstd;
    size_t want; /* packed bytes until the end of a block and the header behind it */
    bool inside; /* a frame */
    bool full;   /* there was no room for all that was decoded */
    bool later;  /* a frame was read to its end already */
    bool gave;   /* this one has given bytes */
};

bool sg_zstd_bid(const uint8_t *head, size_t len)
{
    if (len < 4)
        return false;
    uint32_t magic = sg_le32(head);
    return magic == ZSTD_MAGICNUMBER ||
           (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START ||
           (magic >= 0xfd2fb525 && magic <= 0xfd2fb527);
}

/* What libzstd gives in a call that fails is lost. So a call ends with a block: the header of the
 * next one is left for another call, and that for when all of the block was given. */
static size_t portion(const struct zstd *self, size_t have)
{
    if (self->full)
        return 0;
    size_t want = self->want > BLOCK_HEADER ? self->want - BLOCK_HEADER : self->want;
    if (!self->inside)
        want = FIRST_WANT;
    return want < have ? want : have;
}

static enum sg_status failed(const struct zstd *self, size_t result)
{
    ZSTD_ErrorCode code = ZSTD_getErrorCode(result);

    if (code == ZSTD_error_memory_allocation || code == ZSTD_error_frameParameter_windowTooLarge ||
        code == ZSTD_error_dictionary_wrong)
        return SG_ERR_MEMORY;
    return self->later && !self->gave ? SG_END : SG_ERR_FORMAT;
}

static enum sg_status starved(struct zstd *self)
{
    if (!self->inside && self->later)
        return self->packed.status ? self->packed.status : SG_END;
    return sg_decoder_starved(&self->decoder, &self->packed);
}

static enum sg_status step(struct sg_decoder *decoder, uint8_t *into, size_t len, size_t *got)
{
    struct zstd *self = (struct zstd *)decoder;
    size_t have = sg_stream_need(&self->packed, 1);
    ZSTD_inBuffer in = {.src = self->packed.at, .size = portion(self, have)};
    ZSTD_outBuffer out = {.dst = into, .size = len};

    if (!have && !self->inside)
        return starved(self);
    size_t result = ZSTD_decompressStream(self->zstd, &out, &in);
    if (ZSTD_isError(result))
        return failed(self, result);
    self->packed.at += in.pos;
    *got = out.pos;
    self->gave |= out.pos > 0;
    self->want = result;
    self->inside = result != 0;
    if (result == 0) {
        self->later = true;
        self->gave = false;
    }
    bool went_on = in.pos || out.pos || self->full;
    self->full = out.pos == len;
    return went_on ? SG_OK : starved(self);
}

/* For the stream's first frame, when that can be told from its header. */
static size_t memory_for(struct sg_stream *packed, const struct sg_arena *arena)
{
    size_t have = sg_stream_need(packed, ZSTD_FRAMEHEADERSIZE_MAX);
    size_t need = ZSTD_estimateDStreamSize_fromFrame(packed->at, have);
    size_t share = (arena->size - arena->used) / 4;

    if (share > MEMORY_USUAL)
        share = MEMORY_USUAL;
    if (share < MEMORY_LEAST)
        share = MEMORY_LEAST;
    return ZSTD_isError(need) || need < share ? share : need;
}

enum sg_status sg_zstd_open(const struct sg_source *packed, struct sg_arena *arena,
                            struct sg_decoder **opened)
{
    struct zstd *self = sg_arena_zero(arena, sizeof(*self));

    if (!self)
        return SG_ERR_MEMORY;
    self->decoder.step = step;
    enum sg_status status = sg_decoder_input(packed, arena, &self->packed);
    if (status)
        return status;
    size_t size = memory_for(&self->packed, arena) & ~(size_t)7;
    void *memory = sg_arena_take(arena, size);
    self->zstd = memory ? ZSTD_initStaticDStream(memory, size) : NULL;
    if (!self->zstd ||
        ZSTD_isError(ZSTD_DCtx_setParameter(self->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOWLOG_MAX)))
        return SG_ERR_MEMORY;
    *opened = &self->decoder;
    return SG_OK;
}
