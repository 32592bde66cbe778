/* forward.h - content that comes out of a decoder, forward only. Included by scan/ only.
 *
 *     struct sg_forward f;
 *     if (sg_forward_open(&f, c, &feed) && sg_forward_promising(&f))
 *         sg_forward_scan(&f);
 *
 * One decoder is kept, and goes on where it stands as long as the readings of the content ask for
 * what comes next; where one asks for what has gone by, it begins anew. The first bytes are kept.
 * What is decoded counts against max_inflate, again and again at a fourth; at the limit the content
 * ends, which is told.
 * The arena is set back by who opened it.
 */
#ifndef SG_FORWARD_H
#define SG_FORWARD_H

#include "scan/composer.h"

struct sg_forward {
    struct sg_composer *c;
    const struct sg_feed *feed;
    struct sg_stream live;  /* the decoder's */
    uint64_t at;            /* offset of the next byte it gives */
    uint64_t furthest;      /* that it ever came to */
    bool ended;             /* at `at` */
    enum sg_status status;  /* why; SG_OK: the content is over */
    enum sg_status failure; /* the first of any reading, but SG_ERR_LIMIT, which is told at once */
    bool cut;               /* … since packed bytes are missing */
    uint8_t *head;
    size_t head_len;
    size_t work_before; /* the decoder's place in the arena */
    size_t work_after;
};

/* Opens the feed and reads the first bytes. False when there is no memory. */
SG_MUST_CHECK bool sg_forward_open(struct sg_forward *f, struct sg_composer *c,
                                   const struct sg_feed *feed);

/* Up to `len` bytes at `offset`; fewer only at the end. */
size_t sg_forward_read(struct sg_forward *f, uint64_t offset, uint8_t *into, size_t len);

/* Whether all of the content is in `head`. */
bool sg_forward_whole(const struct sg_forward *f);

/* Whether it begins as something that is worth a scan; whatever carries pickles does. */
bool sg_forward_promising(const struct sg_forward *f);

/* Scans it under every reading. Whether it was something at all; only then is damage told. */
bool sg_forward_scan(struct sg_forward *f);

/* Tells why the content has ended, if not by itself. */
void sg_forward_tell(const struct sg_forward *f);

/* hold.c: the content as a source, through memory that moves with it; content that fits into half
 * of what is free is all there then. With !sized the size of what is longer is not asked for: it is
 * said to be SG_FORWARD_ENDLESS, and reads give fewer bytes at the end. False when there is no
 * memory. */
#define SG_FORWARD_ENDLESS (UINT64_MAX / 4)
SG_MUST_CHECK bool sg_forward_source(struct sg_forward *f, bool sized, struct sg_source *out);

#endif
