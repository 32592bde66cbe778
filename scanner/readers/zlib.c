/* zlib.c - a zlib stream, bare or as a Z-file. */
#include "readers/zlib.h"

#include "readers/inflate.h"

#define ZFILE_HEADER 21u

struct zlib {
    struct sg_decoder decoder;
    struct sg_inflate *inflate;
};

bool sg_zlib_bid(const uint8_t *head, size_t len)
{
    /* CM 8, CINFO at most 7, no dictionary, and FCHECK. */
    return len >= 2 && (head[0] & 0x8f) == 8 && !(head[1] & 0x20) &&
           (head[0] << 8 | head[1]) % 31 == 0;
}

static size_t zfile_header(const uint8_t *head, size_t len)
{
    return len > ZFILE_HEADER && head[ZFILE_HEADER] == ' ' ? ZFILE_HEADER + 1 : ZFILE_HEADER;
}

bool sg_zfile_bid(const uint8_t *head, size_t len)
{
    size_t header = zfile_header(head, len);

    return len > header && head[0] == 'Z' && head[1] == 'F' &&
           sg_zlib_bid(head + header, len - header);
}

static enum sg_status step(struct sg_decoder *decoder, uint8_t *into, size_t len, size_t *got)
{
    struct zlib *self = (struct zlib *)decoder;
    enum sg_status status = sg_inflate_fill(self->inflate, into, len, got);

    decoder->cut = status && sg_inflate_cut(self->inflate);
    return *got || status ? status : SG_END;
}

enum sg_status sg_zlib_open(const struct sg_source *packed, struct sg_arena *arena,
                            struct sg_decoder **opened)
{
    struct zlib *self = sg_arena_zero(arena, sizeof(*self));

    if (!self)
        return SG_ERR_MEMORY;
    self->decoder.step = step;
    enum sg_status status = sg_inflate_open(packed, SG_INFLATE_ZLIB, arena, &self->inflate);
    if (!status)
        *opened = &self->decoder;
    return status;
}

enum sg_status sg_zfile_open(const struct sg_source *packed, struct sg_arena *arena,
                             struct sg_decoder **opened)
{
    uint8_t head[SG_DECODER_HEAD];
    size_t got;
    enum sg_status status = sg_source_read(packed, 0, head, sizeof(head), &got);

    if (status)
        return status;
    if (!sg_zfile_bid(head, got))
        return SG_ERR_FORMAT;
    size_t header = zfile_header(head, got);
    struct sg_source part = sg_source_part(packed, header, packed->size - header);
    return sg_zlib_open(&part, arena, opened);
}
