/* gzip.c - gzip members in a row, through zlib. */
#include "readers/gzip.h"

#include "ground/bytes.h"
#include "readers/inflate.h"

#define HEADER_SIZE 10u
#define TRAILER_SIZE 8u /* CRC32, length */
#define FLAG_HCRC 2
#define FLAG_EXTRA 4
#define FLAG_NAME 8
#define FLAG_COMMENT 16
#define CHUNK 512u

struct gzip {
    struct sg_decoder decoder;
    struct sg_source packed;
    struct sg_inflate *inflate;
    uint64_t body; /* offset of the deflated bytes of this member */
};

bool sg_gzip_bid(const uint8_t *head, size_t len)
{
    return len >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8;
}

/* Where the text that begins at `*offset` ends, behind its NUL. Python takes one that the end of
 * the data cuts off. */
static enum sg_status pass_text(const struct sg_source *packed, uint64_t *offset)
{
    uint8_t chunk[CHUNK];
    size_t got;

    for (;; *offset += got) {
        enum sg_status status = sg_source_read(packed, *offset, chunk, sizeof(chunk), &got);
        if (status || got == 0)
            return status;
        const uint8_t *nul = memchr(chunk, 0, got);
        if (nul) {
            *offset += (uint64_t)(nul - chunk) + 1;
            return SG_OK;
        }
    }
}

static enum sg_status pass_extra(const struct sg_source *packed, uint64_t *offset)
{
    uint8_t length[2];
    enum sg_status status = sg_source_exact(packed, *offset, length, sizeof(length));

    if (!status)
        *offset += sizeof(length) + sg_le16(length);
    return status;
}

/* Goes from a member's header to its deflated bytes. SG_END: cut off. */
static enum sg_status pass_header(const struct sg_source *packed, uint64_t *offset)
{
    uint8_t header[HEADER_SIZE];
    enum sg_status status = sg_source_exact(packed, *offset, header, sizeof(header));

    if (status)
        return status;
    if (!sg_gzip_bid(header, sizeof(header)))
        return SG_ERR_FORMAT;
    *offset += HEADER_SIZE;
    if (header[3] & FLAG_EXTRA)
        status = pass_extra(packed, offset);
    if (!status && header[3] & FLAG_NAME)
        status = pass_text(packed, offset);
    if (!status && header[3] & FLAG_COMMENT)
        status = pass_text(packed, offset);
    if (!status && header[3] & FLAG_HCRC)
        *offset += 2;
    return status;
}

static enum sg_status pass_padding(const struct sg_source *packed, uint64_t *offset)
{
    uint8_t chunk[CHUNK];
    size_t got, zeros;

    do {
        enum sg_status status = sg_source_read(packed, *offset, chunk, sizeof(chunk), &got);
        if (status)
            return status;
        for (zeros = 0; zeros < got && !chunk[zeros]; zeros++)
            continue;
        *offset += zeros;
    } while (got && zeros == got);
    return got ? SG_OK : SG_END;
}

static enum sg_status cut_off(struct gzip *self)
{
    self->decoder.cut = true;
    return SG_ERR_FORMAT;
}

/* What follows the member of which the deflated bytes end at `offset`. */
static enum sg_status next_member(struct gzip *self, uint64_t offset)
{
    uint8_t magic[2] = {0};

    if (self->packed.size - offset < TRAILER_SIZE)
        return cut_off(self);
    offset += TRAILER_SIZE;
    enum sg_status status = pass_padding(&self->packed, &offset);
    if (!status)
        status = sg_source_exact(&self->packed, offset, magic, sizeof(magic));
    /* Readers raise an error here, or ignore what follows. */
    if (status || magic[0] != 0x1f || magic[1] != 0x8b)
        return status == SG_OK ? SG_END : status;
    status = pass_header(&self->packed, &offset);
    if (status == SG_END)
        return cut_off(self);
    if (status)
        return status;
    self->body = offset;
    sg_inflate_again(self->inflate, offset);
    return SG_OK;
}

static enum sg_status step(struct sg_decoder *decoder, uint8_t *into, size_t len, size_t *got)
{
    struct gzip *self = (struct gzip *)decoder;
    enum sg_status status = sg_inflate_fill(self->inflate, into, len, got);

    if (*got)
        return SG_OK;
    decoder->cut = status && sg_inflate_cut(self->inflate);
    return status ? status : next_member(self, sg_inflate_end(self->inflate));
}

enum sg_status sg_gzip_open(const struct sg_source *packed, struct sg_arena *arena,
                            struct sg_decoder **opened)
{
    struct gzip *self = sg_arena_zero(arena, sizeof(*self));
    enum sg_status status;

    if (!self)
        return SG_ERR_MEMORY;
    self->decoder.step = step;
    self->packed = *packed;
    status = pass_header(packed, &self->body);
    if (status && status != SG_END)
        return status;
    /* A header that is cut off has nothing behind it. */
    if (status)
        self->body = packed->size;
    status = sg_inflate_open(packed, SG_INFLATE_RAW, arena, &self->inflate);
    if (status)
        return status;
    sg_inflate_again(self->inflate, self->body);
    *opened = &self->decoder;
    return SG_OK;
}
