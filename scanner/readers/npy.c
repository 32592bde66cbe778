/* npy.c - the header of a .npy array: what follows it, and how much of it. */
#include "readers/npy.h"

#include "readers/npy_literal.h"

#define MAGIC "\x93NUMPY"
#define MAGIC_SIZE 6u

bool sg_npy_bid(const uint8_t *head, size_t len)
{
    return len >= MAGIC_SIZE && !memcmp(head, MAGIC, MAGIC_SIZE);
}

/* Magic, version and length; the length of the header's text. */
static bool read_frame(struct sg_stream *stream, struct sg_npy *npy, uint32_t *length)
{
    uint8_t bytes[MAGIC_SIZE + 6] = {0};

    if (!sg_stream_copy(stream, bytes, MAGIC_SIZE + 2))
        return false;
    npy->major = bytes[MAGIC_SIZE];
    npy->minor = bytes[MAGIC_SIZE + 1];
    size_t width = npy->major < 2 ? 2 : 4;
    if (!sg_stream_copy(stream, bytes + MAGIC_SIZE + 2, width))
        return false;
    *length = sg_le32(bytes + MAGIC_SIZE + 2);
    return true;
}

static bool version_is_known(const struct sg_npy *npy)
{
    return npy->major >= 1 && npy->major <= 3 && npy->minor == 0;
}

enum sg_status sg_npy_read(struct sg_stream *stream, struct sg_arena *arena, struct sg_npy *npy)
{
    struct sg_npy result = {.data = SG_NPY_UNCLEAR, .data_size = SG_NPY_UNKNOWN};
    size_t used = arena->used;
    uint32_t length = 0;

    size_t have = sg_stream_need(stream, MAGIC_SIZE);
    if (have < MAGIC_SIZE && stream->status)
        return stream->status;
    if (!sg_npy_bid(stream->at, have))
        return SG_ERR_FORMAT;
    result.cut_off = !read_frame(stream, &result, &length);
    result.data_offset = sg_stream_offset(stream) + length;
    if (!result.cut_off && length <= SG_NPY_HEADER_MAX) {
        char *text = sg_arena_take(arena, length);
        if (!text)
            return SG_ERR_MEMORY;
        result.cut_off = !sg_stream_copy(stream, text, length);
        if (!result.cut_off && version_is_known(&result))
            sg_npy_literal((struct sg_text){text, length}, &result);
        arena->used = used;
    } else if (!result.cut_off) {
        result.cut_off = !sg_stream_skip(stream, length);
    }
    *npy = result;
    return stream->status;
}
