/* suggest.h - the word a mistyped one was probably meant to be. */
#ifndef SG_SUGGEST_H
#define SG_SUGGEST_H

struct sg_suggestion {
    const char *typed;
    const char *best;  /* NULL: nothing is near enough */
    unsigned distance; /* edits between the two */
};

struct sg_suggestion sg_suggest_begin(const char *typed);

/* Offers one word that would have been right. */
void sg_suggest_offer(struct sg_suggestion *suggestion, const char *word);

#endif
