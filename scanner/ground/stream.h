/* stream.h - bytes read forward through a window.
 *
 *     struct sg_stream s;
 *     sg_stream_open(&s, &source, window, sizeof(window));
 *     while (sg_stream_need(&s, 5) >= 5) { use s.at[0..4]; s.at += 5; }
 *
 * The bytes come from a source (which can be read again) or from a decoder (which cannot).
 * After an end that came too early `status` tells why: SG_OK is a plain end of data.
 */
#ifndef SG_STREAM_H
#define SG_STREAM_H

#include "ground/source.h"

#include <stdbool.h>

/* Decodes up to `len` further bytes; *got = 0 is the end. */
typedef enum sg_status sg_fill_fn(void *ctx, uint8_t *into, size_t len, size_t *got);

struct sg_stream {
    const uint8_t *at;   /* next byte */
    const uint8_t *end;  /* end of what the window holds */
    uint64_t end_offset; /* of `end`, from the stream's beginning */
    uint8_t *window;     /* NULL for a source in memory: it is its own window */
    size_t window_size;
    sg_fill_fn *fill; /* a decoder, or NULL */
    void *ctx;
    struct sg_source source; /* without a decoder */
    enum sg_status status;   /* sticky: SG_OK, SG_ERR_IO, SG_ERR_FORMAT or SG_ERR_LIMIT */
};

/* A window must be at least this long; sg_stream_need() gives up to half of it. */
#define SG_WINDOW_MIN 4096u

/* Over a source, from its beginning. `window` may be NULL when source->mem is set. */
void sg_stream_open(struct sg_stream *s, const struct sg_source *source, uint8_t *window,
                    size_t window_size);

/* Over a decoder. */
void sg_stream_decode(struct sg_stream *s, sg_fill_fn *fill, void *ctx, uint8_t *window,
                      size_t window_size);

/* Offset of the next byte from the stream's beginning. */
static inline uint64_t sg_stream_offset(const struct sg_stream *s)
{
    return s->end_offset - (uint64_t)(s->end - s->at);
}

/* Whether bytes that have gone by can be read again. */
static inline bool sg_stream_again(const struct sg_stream *s)
{
    return !s->fill;
}

size_t sg_stream_refill(struct sg_stream *s, size_t want);

/* Makes `want` (at most window_size / 2) bytes stand at s->at; returns how many stand there:
 * fewer only at the end of the data. */
static inline size_t sg_stream_need(struct sg_stream *s, size_t want)
{
    size_t have = (size_t)(s->end - s->at);

    return have >= want ? have : sg_stream_refill(s, want);
}

/* Passes over `len` bytes; false when the data ends before (it is then at its end). */
bool sg_stream_skip(struct sg_stream *s, uint64_t len);

/* Goes to `offset`, before or after the present one. Only where sg_stream_again(). */
bool sg_stream_seek(struct sg_stream *s, uint64_t offset);

/* Where `len` bytes at `offset` stand until the stream goes on; NULL: not in the window. */
const uint8_t *sg_stream_shown(const struct sg_stream *s, uint64_t offset, size_t len);

/* Reads `len` bytes at `offset`, which may have gone by. Only where sg_stream_again(). */
SG_MUST_CHECK enum sg_status sg_stream_reread(const struct sg_stream *s, uint64_t offset,
                                              void *into, size_t len);

/* Copies the next `len` bytes out and passes over them; false when the data ends before. */
bool sg_stream_copy(struct sg_stream *s, void *into, size_t len);

#endif
