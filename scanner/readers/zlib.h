/* zlib.h - decoder for a zlib stream, and for the Z-file of old joblib around one.
 *
 * Rules of the formats: RFC 1950; joblib.numpy_pickle_compat.read_zfile(): "ZF", the length in
 * hexadecimal padded to 19 characters, in the oldest files one blank more, a zlib stream. joblib
 * takes every file that begins with 'x' for a zlib stream, zlib refuses those whose second byte
 * does not fit. Nothing after the end of the stream is read. A stream that wants a preset
 * dictionary gives nothing to anybody.
 */
#ifndef SG_ZLIB_H
#define SG_ZLIB_H

#include "readers/decoder.h"

/* Wants 2 bytes. One of some thousand other files says the same. */
sg_decoder_bid_fn sg_zlib_bid;

/* Wants 24 bytes. */
sg_decoder_bid_fn sg_zfile_bid;

/* Take about 64 KB. */
SG_MUST_CHECK enum sg_status sg_zlib_open(const struct sg_source *packed, struct sg_arena *arena,
                                          struct sg_decoder **opened);
SG_MUST_CHECK enum sg_status sg_zfile_open(const struct sg_source *packed, struct sg_arena *arena,
                                           struct sg_decoder **opened);

#endif
