/* tar_header.h - the fields of tar headers and the records of pax headers. */
#ifndef SG_TAR_HEADER_H
#define SG_TAR_HEADER_H

#include "readers/tar.h"

#define SG_TAR_TYPE 156u /* offsets in a header block */
#define SG_TAR_PREFIX 345u
#define SG_TAR_GNU_EXTENDED 482u /* more blocks with a sparse map follow */
#define SG_TAR_MAP_EXTENDED 504u /* the same in such a block */

/* Larger numbers are given as this one: no file is longer. */
#define SG_TAR_HUGE (UINT64_MAX >> 2)

/* The checksum is that of the block, with its bytes taken as unsigned or as signed. */
bool sg_tar_checksum_fits(const uint8_t *block);

bool sg_tar_is_zero(const uint8_t *block);

/* The size field as tarfile reads it (false: it refuses the header), and as tolerant readers do. */
bool sg_tar_size(const uint8_t *block, uint64_t *strict, uint64_t *loose);

/* Whether the size field is negative in digits: tarfile before 2025 goes back by that much. */
bool sg_tar_size_is_negative(const uint8_t *block);

/* The name in the header itself, with ustar's prefix; `into` holds SG_TAR_NAME_MAX bytes. */
size_t sg_tar_header_name(const uint8_t *block, char *into);

/* Takes the `size` bytes of pax records at the stream's place into `said`, and goes past them. Of
 * records with one key the last one counts. */
void sg_tar_read_pax(struct sg_stream *stream, uint64_t size, struct sg_tar_said *said);

/* Whether tarfile finds content behind a header of this type. */
bool sg_tar_type_has_data(char type);

/* Whether a header of this type is about the next one. */
bool sg_tar_type_is_extended(char type);

/* Whether it is a hard or symbolic link. */
bool sg_tar_type_is_link(char type);

#endif
