/* inflate.h - decoder for deflated bytes, bare (RFC 1951), in zlib's (1950) or gzip's (1952) frame.
 *
 *     struct sg_inflate *inflate;
 *     if (sg_inflate_open(&packed, SG_INFLATE_RAW, &arena, &inflate) == SG_OK)
 *         sg_stream_decode(&stream, sg_inflate_fill, inflate, window, sizeof(window));
 */
#ifndef SG_INFLATE_H
#define SG_INFLATE_H

#include "ground/arena.h"
#include "ground/source.h"
#include "ground/status.h"
#include "ground/stream.h"

#include <stdbool.h>

enum sg_inflate_form { SG_INFLATE_RAW, SG_INFLATE_ZLIB, SG_INFLATE_GZIP };

struct sg_inflate;

/* Decodes one stream from the beginning of `packed`. Takes about 64 KB from the arena, all of them
 * now. SG_ERR_MEMORY when they are not there. */
SG_MUST_CHECK enum sg_status sg_inflate_open(const struct sg_source *packed,
                                             enum sg_inflate_form form, struct sg_arena *arena,
                                             struct sg_inflate **opened);

/* An sg_fill_fn; its ctx is a struct sg_inflate. What was decoded before an error is given first.
 * SG_ERR_FORMAT: damaged, cut short, or a wrong check sum; SG_ERR_IO. */
sg_fill_fn sg_inflate_fill;

/* Where the stream has ended, in `packed`: once sg_inflate_fill() gives nothing, and SG_OK. */
uint64_t sg_inflate_end(const struct sg_inflate *self);

/* Whether it failed since the packed bytes end before the stream does. */
bool sg_inflate_cut(const struct sg_inflate *self);

/* Begins a new stream at `offset` of `packed`. */
void sg_inflate_again(struct sg_inflate *self, uint64_t offset);

#endif
