/* zip_records.h - the records of a zip as they stand in the file (PKWARE APPNOTE 6.3.10, 4.3). */
#ifndef SG_ZIP_RECORDS_H
#define SG_ZIP_RECORDS_H

#include "ground/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Signatures, as little-endian integers. */
#define SG_ZIP_SIG_LOCAL 0x04034b50u
#define SG_ZIP_SIG_CENTRAL 0x02014b50u
#define SG_ZIP_SIG_END 0x06054b50u
#define SG_ZIP_SIG_END64 0x06064b50u
#define SG_ZIP_SIG_LOCATOR 0x07064b50u
#define SG_ZIP_SIG_DESCRIPTOR 0x08074b50u

/* Bytes of the fixed parts. */
#define SG_ZIP_LOCAL_SIZE 30u
#define SG_ZIP_CENTRAL_SIZE 46u
#define SG_ZIP_END_SIZE 22u
#define SG_ZIP_END64_SIZE 56u
#define SG_ZIP_LOCATOR_SIZE 20u
#define SG_ZIP_DESCRIPTOR_MAX 24u

/* The longest entry of a directory: it has three fields of variable length. */
#define SG_ZIP_CENTRAL_MAX (SG_ZIP_CENTRAL_SIZE + 3u * 65535u)

/* In a field of 32 bits: look into zip64. */
#define SG_ZIP_IN_ZIP64 0xffffffffu

#define SG_ZIP_FLAG_DESCRIPTOR 0x8u

/* End record, or zip64 end record. */
struct sg_zip_end {
    uint64_t at;      /* of the record, from the beginning of the file */
    uint64_t count;   /* entries */
    uint64_t size;    /* bytes of the directory */
    uint64_t offset;  /* of the directory, as said */
    uint64_t disks;   /* all numbers of disks together: 0 for a whole archive */
    uint16_t comment; /* bytes; 0 for zip64 */
};

/* A local header or an entry of the directory. */
struct sg_zip_header {
    uint64_t packed;
    uint64_t size;
    uint64_t offset; /* of the local header, as said; 0 in a local header */
    uint32_t crc;
    uint16_t flags;
    uint16_t method;
    uint16_t name_len;
    uint16_t extra_len;
};

/* What extra fields of a header say beyond it. */
struct sg_zip_extra {
    struct sg_text unicode_name; /* of field 0x7075, whose CRC of the name is not checked */
    uint32_t zip64_fields;       /* how many */
    bool broken;                 /* lengths do not fit, or zip64 lacks a size it is asked for */
};

/* `at` holds the whole fixed part and begins with its signature. */
void sg_zip_read_end(const uint8_t *at, struct sg_zip_end *end);
void sg_zip_read_end64(const uint8_t *at, struct sg_zip_end *end);
void sg_zip_read_central(const uint8_t *at, struct sg_zip_header *header);
void sg_zip_read_local(const uint8_t *at, struct sg_zip_header *header);

/* Takes the sizes and the offset that `header` leaves to zip64 from its extra fields: from the
 * first zip64 field only, as miniz and libzip do, or from `each`, as zipfile does. */
struct sg_zip_extra sg_zip_read_extra(const uint8_t *at, size_t len, bool each,
                                      struct sg_zip_header *header);

/* Whether one of the four forms of a data descriptor stands at `at` and says the same as `header`;
 * `*size` is then its length in bytes. */
bool sg_zip_descriptor_fits(const uint8_t *at, size_t len, const struct sg_zip_header *header,
                            size_t *size);

/* Where `signature` stands last in `len` bytes, with `room` bytes from its beginning; SIZE_MAX
 * when nowhere. */
size_t sg_zip_find_last(const uint8_t *bytes, size_t len, uint32_t signature, size_t room);

#endif
