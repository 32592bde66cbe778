/* quote.h - bytes of unknown origin, written so that a reader of the record is safe from them. */
#ifndef SG_QUOTE_H
#define SG_QUOTE_H

#include "shim/libc.h"

#include "policy/phrase.h"

/* A JSON string with its quotes, of at most `most` bytes of `text` (then "…"). Bytes that are no
 * UTF-8 become \udc80 to \udcff, as Python's "surrogateescape" has them: they can be had back. */
void sg_quote_json(struct sg_phrase *phrase, const char *text, size_t most);

/* For a terminal or a line of text: control characters, marks that turn the writing direction and
 * bytes that are no UTF-8 as \xNN; at most `most` bytes of `text`, then "…". */
void sg_quote_plain(struct sg_phrase *phrase, const char *text, size_t most);

#endif
