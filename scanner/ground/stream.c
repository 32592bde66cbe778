/* stream.c - a window that moves forward over a source or a decoder. */
#include "ground/stream.h"

#include <string.h>

#define FIRST_READ 4096u

void sg_stream_open(struct sg_stream *s, const struct sg_source *source, uint8_t *window,
                    size_t window_size)
{
    *s = (struct sg_stream){.source = *source, .window = window, .window_size = window_size};
    if (source->mem) {
        s->at = source->mem;
        s->end = source->mem + source->size;
        s->end_offset = source->size;
        s->window = NULL;
    } else {
        s->at = s->end = window;
    }
}

void sg_stream_decode(struct sg_stream *s, sg_fill_fn *fill, void *ctx, uint8_t *window,
                      size_t window_size)
{
    *s = (struct sg_stream){.fill = fill, .ctx = ctx, .window = window, .window_size = window_size};
    s->at = s->end = window;
}

static enum sg_status next_bytes(struct sg_stream *s, uint8_t *into, size_t len, size_t *got)
{
    if (s->fill)
        return s->fill(s->ctx, into, len, got);
    return sg_source_read(&s->source, s->end_offset, into, len, got);
}

size_t sg_stream_refill(struct sg_stream *s, size_t want)
{
    size_t have = (size_t)(s->end - s->at);

    if (!s->window || s->status)
        return have;
    if (have)
        memmove(s->window, s->at, have);
    s->at = s->window;
    while (have < want) {
        size_t got = 0, room = s->window_size - have;
        /* Most content is left after its first bytes. */
        if (s->end_offset == 0 && room > FIRST_READ && want <= FIRST_READ)
            room = FIRST_READ;
        s->status = next_bytes(s, s->window + have, room, &got);
        have += got;
        s->end_offset += got;
        if (s->status || got == 0)
            break;
    }
    s->end = s->window + have;
    return have;
}

bool sg_stream_skip(struct sg_stream *s, uint64_t len)
{
    size_t have = (size_t)(s->end - s->at);

    if (len <= have) {
        s->at += len;
        return true;
    }
    if (!s->fill)
        return sg_stream_seek(
            s, len > UINT64_MAX - sg_stream_offset(s) ? UINT64_MAX : sg_stream_offset(s) + len);
    while (len > 0) {
        have = (size_t)(s->end - s->at);
        if (have == 0 && (have = sg_stream_refill(s, 1)) == 0)
            return false;
        size_t step = len < have ? (size_t)len : have;
        s->at += step;
        len -= step;
    }
    return true;
}

bool sg_stream_seek(struct sg_stream *s, uint64_t offset)
{
    bool inside = offset <= s->source.size;

    if (!inside)
        offset = s->source.size;
    if (s->source.mem) {
        s->at = s->source.mem + offset;
        return inside;
    }
    if (offset <= s->end_offset && s->end_offset - offset <= (uint64_t)(s->end - s->window)) {
        s->at = s->end - (s->end_offset - offset);
        return inside;
    }
    s->at = s->end = s->window;
    s->end_offset = offset;
    return inside;
}

const uint8_t *sg_stream_shown(const struct sg_stream *s, uint64_t offset, size_t len)
{
    const uint8_t *window = s->window ? s->window : s->source.mem;
    uint64_t behind = s->end_offset - offset;

    if (offset > s->end_offset || behind < len || behind > (uint64_t)(s->end - window))
        return NULL;
    return s->end - behind;
}

enum sg_status sg_stream_reread(const struct sg_stream *s, uint64_t offset, void *into, size_t len)
{
    const uint8_t *shown = sg_stream_shown(s, offset, len);

    if (shown) {
        memcpy(into, shown, len);
        return SG_OK;
    }
    if (s->fill)
        return SG_END;
    return sg_source_exact(&s->source, offset, into, len);
}

bool sg_stream_copy(struct sg_stream *s, void *into, size_t len)
{
    uint8_t *to = into;

    while (len > 0) {
        size_t have = sg_stream_need(s, 1);
        if (have == 0)
            return false;
        size_t step = len < have ? len : have;
        memcpy(to, s->at, step);
        s->at += step;
        to += step;
        len -= step;
    }
    return true;
}
