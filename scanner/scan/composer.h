/* composer.h - the inside of a scan: what its files share. Included by scan/ only. */
#ifndef SG_COMPOSER_H
#define SG_COMPOSER_H

#include "judge/judge.h"
#include "machine/machine.h"
#include "scan/onlooker.h"
#include "sgscan.h"

#define SG_MEMBER_PATH_MAX 512u
#define SG_NESTED_DEPTHS 8u /* what is deeper counts as this deep */

/* One scan of one file. */
struct sg_composer {
    const struct sg_source *file;
    uint64_t ends;   /* where reads of it came to its end, if not at its size */
    bool unreadable; /* a read failed, or what had ended went on */
    const struct sg_limits *limits;
    struct sg_arena work; /* scratch: machines, windows, directories; put back after each use */
    struct sg_judge *judge;
    const struct sg_onlooker *onlooker; /* or NULL */
    const char *format;                 /* of the file itself; NULL: none so far */
    uint64_t size;                      /* bytes of the file */
    uint64_t inflated;                  /* decompressed bytes so far; all of the work */
    uint64_t unpacked;                  /* … those that came out for the first time */
    uint64_t shared;                    /* … of zips whose members share packed bytes */
    uint64_t zeros;                     /* that members began with, so far */
    bool inflate_told;                  /* max_inflate was reached, and that was told */
    uint64_t nested[SG_NESTED_DEPTHS];  /* bytes of content inside content so far, at each depth */
    uint64_t probed, names_tried;       /* bytes and names that embedded.c has tried so far */
    uint64_t pairs_tried;               /* of words of code, by code_words.c */
    uint64_t pickles_end;               /* offset behind the last pickles in a row */
    uint32_t depth;                     /* of the content under scan; 0: the file itself */
    char member[SG_MEMBER_PATH_MAX];    /* path of the content under scan; "" the file */
    bool damaged_outside;               /* a finding about the file itself was told already */
};

/* Something that can be read from its beginning more than once. */
struct sg_feed {
    bool (*open)(struct sg_composer *c, const struct sg_feed *feed, struct sg_stream *out);
    const struct sg_source *source;
    const void *reader;
    const void *entry;
};

/* A feed over a source. */
struct sg_feed sg_feed_source(const struct sg_source *source);

/* Scans content under every reading. */
void sg_compose_source(struct sg_composer *c, const struct sg_source *source);

/* forward.c: the same of content that comes from a decoder. `packed`: there is something to decode,
 * so that it is told also when nothing of it can be. Returns whether damage was told. */
bool sg_compose_feed(struct sg_composer *c, const struct sg_feed *feed, bool packed);

/* pickles.c: reads the feed as pickles in a row; false when it is no pickle (nothing is told). */
bool sg_compose_pickles(struct sg_composer *c, const struct sg_feed *feed);

/* archives.c: zip. False when it is none. */
bool sg_compose_zip(struct sg_composer *c, const struct sg_source *source);

/* wrapped.c: compressed streams. False when it is none, or none that carries anything. */
bool sg_compose_wrapped(struct sg_composer *c, const struct sg_source *source);

/* Enters a member (or payload) of the content under scan; false, which is told, at the depth limit
 * and where there is far more inside than the file can hold: the same again and again, at each
 * depth. sg_compose_leave() takes what enter() saved. */
struct sg_place {
    size_t member_len;
    size_t work_used;
};
SG_MUST_CHECK bool sg_compose_enter(struct sg_composer *c, struct sg_text name,
                                    struct sg_place *place);
void sg_compose_leave(struct sg_composer *c, const struct sg_place *place);

/* Tells that what is inside was not looked at any further, since a limit was reached. */
void sg_compose_tell_limit(struct sg_composer *c, const char *limit);
#define SG_REPEATS_ITSELF "the same content is inside again and again: more than is looked at"

/* Names the format, when the content is the file itself. */
void sg_compose_format(struct sg_composer *c, const char *format);

/* plausible.c: whether bytes could begin a pickle: runs the first ones with nothing but the height
 * of the stack. False is certain; true is not. */
bool sg_plausible_pickle(const uint8_t *head, size_t len);

#endif
