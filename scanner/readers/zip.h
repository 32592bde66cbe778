/* zip.h - members of a zip: every reading that any reader of zip would give them.
 *
 *     struct sg_zip zip;
 *     enum sg_status status = sg_zip_open(&source, &arena, &zip);
 *     if (status == SG_OK || status == SG_ERR_LIMIT)
 *         for (size_t i = 0; i < zip.count; i++)
 *             if (sg_zip_content(&zip, &zip.members[i], &arena, &stream) == SG_OK)
 *                 scan what comes out of `stream`, then set arena.used back;
 *
 * A zip says everything twice (a header before each member, a directory at the end), and readers
 * disagree about which of the two to believe and where the directory is. So one body may be listed
 * several times here: under each name, size, method and place that some reader would give it.
 * Where readings differ, the difference is a bit of enum sg_zip_finding, set in the members
 * concerned and in `findings` of the archive; it is for the caller to judge.
 *
 * Rules of the format: PKWARE APPNOTE 6.3.10. Rules of the readers, as observed:
 *   zipfile  CPython 3.8-3.14: last end record within 65558 bytes of the end; its directory ends
 *            where the end record begins, which gives the length of a prefix; reads by size
 *   miniz    in torch: last end record within 69584 bytes of the end; offsets count from the
 *            beginning of the file; reads by count; looks up names without regard to case, does
 *            not compare the two headers and checks no CRC; of a stored member it reads `size`
 *            bytes, the others read `packed_size`
 *   libzip   the end record with the most plausible directory; offsets from the beginning
 *   forward  local headers one after another from the beginning, no directory
 */
#ifndef SG_ZIP_H
#define SG_ZIP_H

#include "ground/arena.h"
#include "ground/bytes.h"
#include "ground/source.h"
#include "ground/status.h"
#include "ground/stream.h"

#include <stdbool.h>

/* How far before the end of a file some reader still finds an end record. */
#define SG_ZIP_TAIL_MAX 69584u

/* Who would list a reading. A set. */
enum sg_zip_reader {
    SG_ZIP_BY_DIRECTORY = 1, /* some end record leads to it */
    SG_ZIP_BY_ZIPFILE = 2,
    SG_ZIP_BY_MINIZ = 4,
    SG_ZIP_BY_LIBZIP = 8,   /* only after sg_zip_consult() */
    SG_ZIP_BY_FORWARD = 16, /* as its local header says */
};

/* What does not agree. A set; the first group is about members, the second about the archive. */
enum sg_zip_finding {
    SG_ZIP_NAME = 1 << 0,              /* local header has another name */
    SG_ZIP_FLAGS = 1 << 1,             /* … other flags that change how a member is read */
    SG_ZIP_METHOD = 1 << 2,            /* … another method */
    SG_ZIP_SIZE = 1 << 3,              /* … other sizes, or a stored member has two sizes */
    SG_ZIP_CRC = 1 << 4,               /* … another CRC */
    SG_ZIP_DESCRIPTOR = 1 << 5,        /* the data descriptor contradicts the directory */
    SG_ZIP_ENCRYPTED = 1 << 6,         /* flag 0x1 or 0x40: encrypted, or only said to be */
    SG_ZIP_PATCHED = 1 << 7,           /* flag 0x20 or 0x2000: features that readers refuse */
    SG_ZIP_DUPLICATE = 1 << 8,         /* another member of this name */
    SG_ZIP_CASE = 1 << 9,              /* another member whose name differs in case only */
    SG_ZIP_OVERLAP = 1 << 10,          /* shares bytes with another member */
    SG_ZIP_SHARED = 1 << 11,           /* shares its local header with another entry */
    SG_ZIP_NO_LOCAL = 1 << 12,         /* no local header where the directory says */
    SG_ZIP_CUT_OFF = 1 << 13,          /* its data would go past the end of the file */
    SG_ZIP_HIDDEN = 1 << 14,           /* a local header that no directory lists */
    SG_ZIP_NAME_NUL = 1 << 15,         /* a NUL in its name, where some readers cut */
    SG_ZIP_NAME_EXTRA = 1 << 16,       /* an extra field (0x7075) gives it another name */
    SG_ZIP_EXTRA = 1 << 17,            /* extra fields broken, or zip64 sizes twice or missing */
    SG_ZIP_ONLY_SOME = 1 << 18,        /* listed by one of zipfile, miniz, libzip, not by all */
    SG_ZIP_SECOND_DIRECTORY = 1 << 19, /* two directories that a reader could choose from */
    SG_ZIP_FAKE_END = 1 << 20,         /* an end record inside the comment */
    SG_ZIP_TRAILING = 1 << 21,         /* bytes after the end record that are no comment */
    SG_ZIP_PREFIX = 1 << 22,           /* bytes before the first member */
    SG_ZIP_GAP = 1 << 23,              /* bytes between members that belong to none */
    SG_ZIP_COUNT = 1 << 24,            /* the directory has more or fewer entries than it says */
    SG_ZIP_DIRECTORY = 1 << 25,        /* the directory is damaged, or not where it should be */
    SG_ZIP_ZIP64 = 1 << 26,            /* zip64 end record contradicts the end record, or is lost */
    SG_ZIP_DISKS = 1 << 27,            /* says that it is one of several disks */
    SG_ZIP_NO_END = 1 << 28,           /* no end record: truncated */
    SG_ZIP_LIMIT = 1 << 29,            /* not everything was listed */
};

struct sg_zip_member {
    struct sg_text name;    /* bytes as stored: any encoding, may hold NUL, "..", anything */
    uint64_t header_offset; /* of its local header; offsets are from the source's beginning */
    uint64_t data_offset;   /* of its packed bytes */
    uint64_t packed_size;   /* bytes; may go past the end of the source */
    uint64_t size;          /* bytes, as said; unpacking may give more or fewer */
    uint32_t crc;           /* as said */
    uint16_t method;        /* 0 stored, 8 deflated, else see APPNOTE 4.4.5 */
    uint16_t flags;
    uint32_t findings; /* set of enum sg_zip_finding */
    uint8_t seen_by;   /* set of enum sg_zip_reader */
    bool variant;      /* another reading of an entry that is listed already */
    uint32_t same;     /* the first of the list with the same packed bytes and method; or itself */
};

struct sg_zip {
    struct sg_source source;
    struct sg_zip_member *members; /* in the order of the directory; then what is not in it */
    size_t count;
    uint32_t findings;      /* of the archive, and of all members together */
    uint64_t prefix;        /* bytes before the first member */
    uint64_t end;           /* where the last end record's comment ends; source.size without one */
    struct sg_text comment; /* of the last end record */
    uint32_t end_records;   /* how many there are in the last SG_ZIP_TAIL_MAX bytes */
};

/* Whether content that begins with `head` begins as a zip does. Wants 4 bytes. */
bool sg_zip_bid(const uint8_t *head, size_t len);

/* Whether the last `len` bytes of a file (up to SG_ZIP_TAIL_MAX of them) hold an end record. */
bool sg_zip_tail(const uint8_t *tail, size_t len);

/* Lists `source`. The result lives in the arena (64 bytes and its name for each reading) and
 * reads from `source`'s context. SG_ERR_FORMAT: neither a directory nor a local header at the
 * beginning. SG_ERR_LIMIT: the listing would have taken more than half of the arena's free memory,
 * or an unreasonable number of records; `zip` then holds what was listed, with SG_ZIP_LIMIT set.
 * SG_ERR_IO, SG_ERR_MEMORY: `zip` is untouched. */
SG_MUST_CHECK enum sg_status sg_zip_open(const struct sg_source *source, struct sg_arena *arena,
                                         struct sg_zip *zip);

/* Whether libzip could have another opinion of a listing. It cannot where one end record leads to
 * one directory, nothing contradicts it, and no member is of a method that libzip looks into. */
bool sg_zip_disputed(const struct sg_zip *zip);

/* Asks libzip for its opinion of the same archive: marks what it lists too (SG_ZIP_BY_LIBZIP) and
 * adds what only it lists. Costs about as much as sg_zip_open(). SG_ERR_LIMIT: not asked, since the
 * archive has more entries or end records than libzip handles in reasonable time (it compares
 * every name with every other in the worst case). SG_END: libzip refuses the archive.
 * SG_ERR_MEMORY: it had not enough to read it all. */
SG_MUST_CHECK enum sg_status sg_zip_consult(struct sg_zip *zip, struct sg_arena *arena);

/* The packed bytes of a reading, cut to what the source has. */
struct sg_source sg_zip_packed(const struct sg_zip *zip, const struct sg_zip_member *member);

/* Opens the bytes of a reading: stored ones as a source that can be read again, deflated ones
 * through a decoder. Flags are not looked at: what claims to be encrypted is given as it would be
 * if it were not. Deflated data goes on to the end of its stream, which need not be at
 * `member->size`. Window and decoder are taken from the arena. SG_ERR_FORMAT: another method
 * (then see sg_zip_packed()); SG_ERR_MEMORY. */
SG_MUST_CHECK enum sg_status sg_zip_content(const struct sg_zip *zip,
                                            const struct sg_zip_member *member,
                                            struct sg_arena *arena, struct sg_stream *out);

/* A few plain words for one finding; never NULL. */
const char *sg_zip_finding_text(enum sg_zip_finding finding);

#endif
