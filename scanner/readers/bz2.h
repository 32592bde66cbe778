/* bz2.h - decoder for bzip2: streams in a row.
 *
 * Rules of the readers: bz2 of CPython 3.8-3.14 reads stream after stream; what follows one and
 * gives an error before its first byte is ignored.
 */
#ifndef SG_BZ2_H
#define SG_BZ2_H

#include "readers/decoder.h"

/* Wants 4 bytes. */
sg_decoder_bid_fn sg_bz2_bid;

/* Takes 4 MB, of which a small file's decoder uses less. */
SG_MUST_CHECK enum sg_status sg_bz2_open(const struct sg_source *packed, struct sg_arena *arena,
                                         struct sg_decoder **opened);

#endif
