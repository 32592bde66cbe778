/* mutate_archive.h - a zip taken apart, and put together as it is told: also wrongly. */
#ifndef SG_FUZZ_MUTATE_ARCHIVE_H
#define SG_FUZZ_MUTATE_ARCHIVE_H

#include "ground/bytes.h"

#define SG_ARCHIVE_MEMBERS 12u
#define SG_ARCHIVE_POOL (256u << 10)

#define SG_ARCHIVE_STORED 0u
#define SG_ARCHIVE_DEFLATED 8u
#define SG_ARCHIVE_DESCRIPTOR 8u /* flag: sizes and CRC once more behind the body */

/* What a local header or an entry of the directory says. */
struct sg_archive_head {
    uint16_t flags, method;
    uint32_t crc, packed, size;
    struct sg_text name, extra;
};

struct sg_archive_member {
    struct sg_archive_head local, entry;
    struct sg_text body;    /* as it lies in the file */
    struct sg_text content; /* unpacked; as the body where that cannot be done */
    bool no_local, no_entry;
    bool shares;     /* its entry leads to the first member's local header */
    uint32_t shift;  /* of the offset that its entry says */
    uint32_t offset; /* of its local header, once it is written */
};

struct sg_archive {
    struct sg_archive_member members[SG_ARCHIVE_MEMBERS];
    size_t count;
    struct sg_text prefix, comment, tail;
    bool from_start; /* offsets count the prefix, too */
    bool zip64;      /* with the end record of zip64, which holds in the place of the other's */
    uint16_t more_entries;
    uint32_t size_shift, offset_shift; /* of the directory, as the end record says */
    uint8_t pool[SG_ARCHIVE_POOL];     /* texts that are in no input */
    size_t pool_used;
};

/* Takes the first members of what its end record leads to; texts stay where they are, in `data`.
 * False: no zip. `archive` need not be initialised. */
bool sg_archive_read(struct sg_archive *archive, const uint8_t *data, size_t size);

/* How many bytes it took; 0: there was not enough room. */
size_t sg_archive_write(struct sg_archive *archive, uint8_t *into, size_t cap);

/* A copy in the pool; empty when that is full. */
struct sg_text sg_archive_keep(struct sg_archive *archive, const void *bytes, size_t len);

/* Makes body, sizes and CRC of both headers fit content and method. */
void sg_archive_seal(struct sg_archive *archive, struct sg_archive_member *member);

#endif
