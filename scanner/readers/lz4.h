/* lz4.h - decoder for lz4 frames in a row, skippable ones among them.
 *
 * Rules of the format: LZ4 Frame Format 1.6.3; of the readers: lz4.frame of python-lz4 reads frame
 * after frame. The legacy frame, which it refuses, is not read here either.
 */
#ifndef SG_LZ4_H
#define SG_LZ4_H

#include "readers/decoder.h"

/* Wants 4 bytes. Says yes to a skippable frame, too, which may be zstd's. */
sg_decoder_bid_fn sg_lz4_bid;

/* Takes 8.3 MB, of which smaller blocks than of 4 MB use less. */
SG_MUST_CHECK enum sg_status sg_lz4_open(const struct sg_source *packed, struct sg_arena *arena,
                                         struct sg_decoder **opened);

#endif
