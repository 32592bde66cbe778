/* gzip.h - decoder for gzip: members in a row.
 *
 * Rules of the format: RFC 1952. Rules of the readers, of which the most lenient is followed:
 *   gzip    CPython 3.8-3.14: does not look at reserved flags nor at the header's own check sum;
 *           passes over zero bytes after a member; what follows and is no member is an error
 *   joblib  through zlib: one member; the end of the data is the end
 * All give the bytes out before they compare check sum and length, which are not compared here.
 */
#ifndef SG_GZIP_H
#define SG_GZIP_H

#include "readers/decoder.h"

/* Wants 3 bytes. */
sg_decoder_bid_fn sg_gzip_bid;

/* Takes about 64 KB. */
SG_MUST_CHECK enum sg_status sg_gzip_open(const struct sg_source *packed, struct sg_arena *arena,
                                          struct sg_decoder **opened);

#endif
