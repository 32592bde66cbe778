/* source.c - sources in memory, and parts of a source. */
#include "ground/source.h"

#include <string.h>

struct sg_source sg_source_mem(const void *bytes, size_t size)
{
    return (struct sg_source){.size = size, .mem = bytes};
}

struct sg_source sg_source_part(const struct sg_source *whole, uint64_t offset, uint64_t size)
{
    struct sg_source part = *whole;

    if (offset > whole->size)
        offset = whole->size;
    part.size = size < whole->size - offset ? size : whole->size - offset;
    part.start += offset;
    if (part.mem)
        part.mem += offset;
    return part;
}

enum sg_status sg_source_read(const struct sg_source *source, uint64_t offset, void *into,
                              size_t len, size_t *got)
{
    *got = 0;
    if (offset >= source->size)
        return SG_OK;
    if (len > source->size - offset)
        len = (size_t)(source->size - offset);
    if (source->mem) {
        memcpy(into, source->mem + offset, len);
        *got = len;
        return SG_OK;
    }
    return source->read(source->ctx, source->start + offset, into, len, got);
}

enum sg_status sg_source_exact(const struct sg_source *source, uint64_t offset, void *into,
                               size_t len)
{
    size_t got;
    enum sg_status status = sg_source_read(source, offset, into, len, &got);

    if (status)
        return status;
    return got == len ? SG_OK : SG_END;
}
