/* xz.h - decoder for what liblzma reads: .xz, .lzma and .lz, streams in a row.
 *
 * Rules of the formats: The .xz File Format 1.2.0; The .lzma File Format; the manual of lzip, "File
 * format". Rules of the readers: lzma of CPython 3.8-3.14 takes every stream for what it looks like
 * (by default), with liblzma 5.4 lzip as well; what follows a stream and gives an error before its
 * first byte is ignored. Zero bytes between streams are passed over as by xz, up to 64 MB. To
 * Python zeros are empty .lzma streams, so a file may begin with them, too.
 *
 * A .lzma stream may ask for 4 GB of memory to decode a kilobyte. It is decoded with less, as long
 * as it does not look back further.
 */
#ifndef SG_XZ_H
#define SG_XZ_H

#include "readers/decoder.h"

/* Wants 6 bytes. */
sg_decoder_bid_fn sg_xz_bid;

/* Wants 6 bytes. */
sg_decoder_bid_fn sg_lzip_bid;

/* Wants 13 bytes. Other files that begin with zeros and small numbers say the same. */
sg_decoder_bid_fn sg_lzma_bid;

/* Takes what the first stream's header asks for, and always a fourth of the arena's free memory up
 * to 48 MB, for the streams after it. Any of the three formats. */
SG_MUST_CHECK enum sg_status sg_xz_open(const struct sg_source *packed, struct sg_arena *arena,
                                        struct sg_decoder **opened);

/* A zip's method 14: four bytes, five of properties, a bare LZMA stream that may lack its end mark
 * (APPNOTE 5.8). What zipfile reads of it by the member's size, comes out here, and
 * perhaps more. */
SG_MUST_CHECK enum sg_status sg_xz_open_zip(const struct sg_source *packed, struct sg_arena *arena,
                                            struct sg_decoder **opened);

#endif
