/* zstd.h - decoder for zstd frames in a row, skippable ones among them.
 *
 * Rules of the format: RFC 8878. Rules of the readers: zstandard reads the first frame or all of
 * them, as it is told, compression.zstd of CPython 3.14 all. Frames of zstd 0.5 to 0.7, which some
 * builds of the library still read, are recognised, not decoded: SG_ERR_MEMORY at the first of
 * them.
 */
#ifndef SG_ZSTD_H
#define SG_ZSTD_H

#include "readers/decoder.h"

/* Wants 4 bytes. Says yes to a skippable frame, too, which may be lz4's. */
sg_decoder_bid_fn sg_zstd_bid;

/* Takes what the window of the first frame wants, and always a fourth of the arena's free memory up
 * to 48 MB, for the frames after it. */
SG_MUST_CHECK enum sg_status sg_zstd_open(const struct sg_source *packed, struct sg_arena *arena,
                                          struct sg_decoder **opened);

#endif
