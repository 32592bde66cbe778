/* opinion.h - what a site says of names: the judge asks it about each name that a file uses.
 *
 * It is asked with a dotted name, once for each of the name's spellings (judge/heed.h), and must
 * always say the same of the same name.
 */
#ifndef SG_OPINION_H
#define SG_OPINION_H

#include "ground/bytes.h"

/* In ascending order: of two things said of one name, the later one holds. */
enum sg_said {
    SG_SAID_NOTHING,
    SG_SAID_ALLOWED, /* by a pattern: vouches for names that nothing is known against */
    SG_SAID_FAMILY,  /* by a pattern that writes out all but the last word: "subprocess.*" */
    SG_SAID_NAMED,   /* by the name itself: vouches for it whatever is known */
    SG_SAID_DENIED,
};

struct sg_opinion {
    enum sg_said (*of)(const void *ctx, struct sg_text name); /* NULL: none about anything */
    const void *ctx;
};

#endif
