/* edits.h - how far one word is from another. */
#ifndef SG_EDITS_H
#define SG_EDITS_H

/* The least number of bytes inserted, left out, changed, or swapped with their neighbour that
 * makes one word of the other. Looks at the first 32 bytes of each. */
unsigned sg_edits(const char *a, const char *b);

#endif
