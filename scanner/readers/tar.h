/* tar.h - members of a tar, one after the other, under every reading of its headers.
 *
 *     struct sg_tar tar;
 *     struct sg_tar_member member;
 *     if (sg_tar_open(&tar, &stream, true, &arena) == SG_OK)
 *         while ((status = sg_tar_next(&tar, &member)) == SG_OK)
 *             scan `member.size` bytes at `member.data_offset`
 *     tell `tar.findings`
 *
 * A header says how long its member is, and thereby where the next header stands. Readers disagree
 * about what it says (a pax record over the field, a number that is no clean octal, a link with a
 * size), where an archive ends (one block of zeros, two, none), and what comes after that. The walk
 * goes as Python's tarfile does, then again from each place where another reader would go on; what
 * stands behind the end is looked for as readers do that ignore zeros, so archives in a row are
 * listed whole.
 *
 * Rules of the format: POSIX.1-2001 pax, "ustar interchange format" and "pax header block"; GNU tar
 * manual, "Basic tar format". Rules of the reader: Lib/tarfile.py of CPython 3.8-3.14.
 */
#ifndef SG_TAR_H
#define SG_TAR_H

#include "ground/arena.h"
#include "ground/bytes.h"
#include "ground/status.h"
#include "ground/stream.h"

#include <stdbool.h>

#define SG_TAR_BLOCK 512u
#define SG_TAR_NAME_MAX 512u

/* Bytes behind an end that are looked through for another header, in all. */
#define SG_TAR_SEARCH_MAX (256ULL << 20)

#define SG_TAR_ALTERNATES 16u
#define SG_TAR_SIZES 5u

/* A set. */
enum sg_tar_finding {
    SG_TAR_CUT_OFF = 1 << 0,   /* a header or a member goes past the end of the data */
    SG_TAR_NO_END = 1 << 1,    /* no block of zeros at the end */
    SG_TAR_DAMAGED = 1 << 2,   /* what should be a header is none */
    SG_TAR_AFTER_END = 1 << 3, /* behind a block of zeros or damage: some readers stop before it */
    SG_TAR_SIZES_DIFFER = 1 << 4, /* readers give it different sizes */
    SG_TAR_READINGS = 1 << 5,     /* found only where another reader would go on */
    SG_TAR_SPARSE = 1 << 6,       /* holes are left out: the content differs from what is stored */
    SG_TAR_LIMIT = 1 << 7,        /* not everything was listed */
};

struct sg_tar_member {
    struct sg_text name;    /* cut to SG_TAR_NAME_MAX bytes; valid until the next call */
    uint64_t header_offset; /* offsets are from the stream's beginning */
    uint64_t data_offset;
    uint64_t size;     /* bytes stored; may go past the end of the data */
    uint32_t findings; /* set of enum sg_tar_finding */
    char type;         /* as stored: '0' or NUL for files, '1' and '2' for links, … */
    bool variant;      /* another size of the member before */
};

/* What extended headers say of the member that follows. */
struct sg_tar_said {
    char name[SG_TAR_NAME_MAX];
    size_t name_len;
    uint64_t sizes[2]; /* as tarfile reads the record; as others do */
    bool has_size;
    bool unclear; /* readers differ about its size in more ways than these */
    bool sparse;
};

struct sg_tar {
    uint32_t findings; /* of the archive, and of all members together */
    /* The rest is the reader's own. */
    struct sg_stream *stream;
    struct sg_arena *arena;
    uint64_t at; /* where the next header is looked for */
    uint64_t searched;
    bool follow;
    bool ended;    /* tarfile would have stopped */
    bool straying; /* on the way of another reader */
    struct sg_tar_said next, global;
    char name[2 * SG_TAR_NAME_MAX];
    struct sg_tar_member member;
    uint64_t sizes[SG_TAR_SIZES]; /* tarfile's first */
    unsigned size_count, size_told;
    uint64_t alternates[SG_TAR_ALTERNATES];
    unsigned alternate_count;
    uint64_t *seen; /* offsets of headers since readings parted */
    size_t seen_count;
};

/* Whether a file that begins with `head` is a tar: its first block has the right checksum. Archives
 * before ustar have no other mark. Wants SG_TAR_BLOCK bytes. */
bool sg_tar_bid(const uint8_t *head, size_t len);

/* Begins where `stream` stands, which must be its beginning. With `follow`, and where the stream
 * can be read again, the ways of other readers are followed; else they are SG_TAR_LIMIT. The arena
 * is used only where readings part. SG_ERR_FORMAT: no tar. */
SG_MUST_CHECK enum sg_status sg_tar_open(struct sg_tar *tar, struct sg_stream *stream, bool follow,
                                         struct sg_arena *arena);

/* The next member that has content, or is a link (its size is 0); the stream then stands at its
 * first byte. A caller that reads must stay inside the member. SG_END: no more; SG_ERR_IO,
 * SG_ERR_FORMAT, SG_ERR_LIMIT: the stream's own failure. */
SG_MUST_CHECK enum sg_status sg_tar_next(struct sg_tar *tar, struct sg_tar_member *member);

/* A few plain words for one finding; never NULL. */
const char *sg_tar_finding_text(enum sg_tar_finding finding);

#endif
