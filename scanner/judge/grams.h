/* grams.h - the letters and words of a name, hashed: for what no list knows. */
#ifndef SG_JUDGE_GRAMS_H
#define SG_JUDGE_GRAMS_H

#include "ground/bytes.h"

#define SG_GRAM_BITS 14
#define SG_GRAM_SLOTS (1u << SG_GRAM_BITS)
#define SG_GRAMS_MAX 96u

struct sg_grams {
    size_t count;
    uint16_t at[SG_GRAMS_MAX]; /* slots; one may come twice */
};

/* Words of module and name (split at dots, underscores and capitals; digits are all alike), and
 * groups of three letters of the last words. Only the last 160 bytes of the name count. */
void sg_grams_of(struct sg_text module, struct sg_text qualname, struct sg_grams *out);

#endif
