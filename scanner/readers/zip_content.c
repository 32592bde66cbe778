/* zip_content.c - the bytes of a member of a zip. */
#include "readers/inflate.h"
#include "readers/zip.h"

#define METHOD_STORED 0
#define METHOD_DEFLATED 8

#define WINDOW_MAX (256u << 10)

struct sg_source sg_zip_packed(const struct sg_zip *zip, const struct sg_zip_member *member)
{
    return sg_source_part(&zip->source, member->data_offset, member->packed_size);
}

/* As large as the member says that it is, within reason. */
static size_t window_for(uint64_t size)
{
    if (size >= WINDOW_MAX)
        return WINDOW_MAX;
    return size < SG_WINDOW_MIN ? SG_WINDOW_MIN : (size_t)size;
}

enum sg_status sg_zip_content(const struct sg_zip *zip, const struct sg_zip_member *member,
                              struct sg_arena *arena, struct sg_stream *out)
{
    struct sg_source packed = sg_zip_packed(zip, member);
    size_t size = window_for(member->size);
    struct sg_inflate *inflate;

    if (member->method != METHOD_STORED && member->method != METHOD_DEFLATED)
        return SG_ERR_FORMAT;
    if (member->method == METHOD_STORED && packed.mem) {
        sg_stream_open(out, &packed, NULL, 0);
        return SG_OK;
    }
    uint8_t *window = sg_arena_take(arena, size);
    if (!window)
        return SG_ERR_MEMORY;
    if (member->method == METHOD_STORED) {
        sg_stream_open(out, &packed, window, size);
        return SG_OK;
    }
    enum sg_status status = sg_inflate_open(&packed, SG_INFLATE_RAW, arena, &inflate);
    if (!status)
        sg_stream_decode(out, sg_inflate_fill, inflate, window, size);
    return status;
}
