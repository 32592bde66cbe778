/* phrase.h - text put together in a caller's buffer; no stdio, no locale, no memory of its own. */
#ifndef SG_PHRASE_H
#define SG_PHRASE_H

#include "ground/bytes.h"

#include <stddef.h>
#include <stdint.h>

struct sg_phrase {
    char *into; /* NUL-terminated after each call when cap > 0; cut at cap - 1 bytes */
    size_t cap; /* bytes of `into`; 0: only count */
    size_t len; /* of the whole text, as if nothing had been cut */
};

struct sg_phrase sg_phrase_open(char *into, size_t cap);
void sg_phrase_add(struct sg_phrase *phrase, struct sg_text text);
void sg_phrase_string(struct sg_phrase *phrase, const char *string);
void sg_phrase_number(struct sg_phrase *phrase, uint64_t number);

/* Somebody else's text, at most `most` bytes of it, then "…": as a JSON string with its quotes, or
 * plain for a line of text (ground/quote.h). */
void sg_phrase_json(struct sg_phrase *phrase, const char *text, size_t most);
void sg_phrase_plain(struct sg_phrase *phrase, const char *text, size_t most);

/* Somebody else's text in 'quotes': at most 60 bytes of it, then "..."; all but printable ASCII
 * as \xNN. */
void sg_phrase_quote(struct sg_phrase *phrase, struct sg_text text);

#endif
