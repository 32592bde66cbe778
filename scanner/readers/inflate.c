/* inflate.c - deflated bytes through zlib, with memory from the arena. */
#include "readers/inflate.h"

#include <string.h>
#include <zlib.h>

#define INPUT_SIZE 16384u
#define INPUT_MAX (1u << 30)

/* zlib's state and its window of 32 KB. zlib takes the window only when it has decoded something;
 * taken from the arena itself, it would be lost where the caller sets the arena back to what it
 * was before the first byte. */
#define POOL_SIZE (48u << 10)

struct sg_inflate {
    z_stream z;
    struct sg_arena pool;
    struct sg_source packed;
    uint64_t offset; /* of the next packed byte to be read */
    uint8_t *input;  /* NULL where the source is in memory */
    enum sg_status status;
    bool done;
    bool cut;
};

static void *take(void *pool, unsigned count, unsigned size)
{
    return sg_arena_take(pool, (size_t)count * size);
}

/* The caller drops the arena as a whole. */
static void drop(void *pool, void *block)
{
    (void)pool;
    (void)block;
}

enum sg_status sg_inflate_open(const struct sg_source *packed, enum sg_inflate_form form,
                               struct sg_arena *arena, struct sg_inflate **opened)
{
    static const int window_bits[] = {[SG_INFLATE_RAW] = -MAX_WBITS,
                                      [SG_INFLATE_ZLIB] = MAX_WBITS,
                                      [SG_INFLATE_GZIP] = MAX_WBITS + 16};
    struct sg_inflate *new = sg_arena_zero(arena, sizeof(*new));

    if (!new)
        return SG_ERR_MEMORY;
    new->packed = *packed;
    new->pool.base = sg_arena_take(arena, POOL_SIZE);
    new->pool.size = POOL_SIZE;
    new->input = packed->mem ? NULL : sg_arena_take(arena, INPUT_SIZE);
    if (!new->pool.base || (!packed->mem && !new->input))
        return SG_ERR_MEMORY;
    new->z.zalloc = take;
    new->z.zfree = drop;
    new->z.opaque = &new->pool;
    if (inflateInit2(&new->z, window_bits[form]) != Z_OK)
        return SG_ERR_MEMORY;
    *opened = new;
    return SG_OK;
}

/* Makes packed bytes stand at z.next_in; none at their end. */
static enum sg_status next_input(struct sg_inflate *self)
{
    uint64_t left = self->packed.size - self->offset;
    size_t most = self->packed.mem ? INPUT_MAX : INPUT_SIZE;
    size_t got = left < most ? (size_t)left : most;
    enum sg_status status = SG_OK;

    if (self->packed.mem) {
        self->z.next_in = (z_const Bytef *)(self->packed.mem + self->offset);
    } else {
        self->z.next_in = self->input;
        status = sg_source_read(&self->packed, self->offset, self->input, got, &got);
    }
    self->z.avail_in = (uInt)got;
    self->offset += got;
    return status;
}

static enum sg_status step(struct sg_inflate *self)
{
    if (self->z.avail_in == 0) {
        enum sg_status status = next_input(self);
        if (status)
            return status;
    }
    switch (inflate(&self->z, Z_NO_FLUSH)) {
    case Z_OK:
        return SG_OK;
    case Z_STREAM_END:
        self->done = true;
        return SG_OK;
    case Z_MEM_ERROR:
        return SG_ERR_MEMORY;
    case Z_BUF_ERROR:
        self->cut = true;
        return SG_ERR_FORMAT;
    default:
        return SG_ERR_FORMAT;
    }
}

enum sg_status sg_inflate_fill(void *ctx, uint8_t *into, size_t len, size_t *got)
{
    struct sg_inflate *self = ctx;

    if (len > UINT32_MAX)
        len = UINT32_MAX;
    self->z.next_out = into;
    self->z.avail_out = (uInt)len;
    while (!self->status && !self->done && self->z.avail_out)
        self->status = step(self);
    *got = len - self->z.avail_out;
    return *got ? SG_OK : self->status;
}

uint64_t sg_inflate_end(const struct sg_inflate *self)
{
    return self->offset - self->z.avail_in;
}

bool sg_inflate_cut(const struct sg_inflate *self)
{
    return self->cut;
}

void sg_inflate_again(struct sg_inflate *self, uint64_t offset)
{
    uint64_t behind;

    if (offset > self->packed.size)
        offset = self->packed.size;
    behind = self->offset - offset; /* of what was read already; else more than there can be */
    if (behind < self->z.avail_in) {
        self->z.next_in += self->z.avail_in - (uInt)behind;
        self->z.avail_in = (uInt)behind;
    } else {
        self->offset = offset;
        self->z.avail_in = 0;
    }
    self->status = SG_OK;
    self->done = self->cut = false;
    (void)inflateReset(&self->z);
}
