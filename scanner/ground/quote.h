/* quote.h - text of unknown origin, a character at a time, so that its reader is safe from it.
 *
 *     while (*text) {
 *         size_t len = sg_quote_json(&text, piece);
 *         … the next `len` bytes of output are in piece …
 *     }
 */
#ifndef SG_QUOTE_H
#define SG_QUOTE_H

#include <stddef.h>

#define SG_QUOTE_MOST 16u /* bytes that one character becomes */

/* For the inside of a JSON string. Bytes that are no UTF-8 become \udc80 to \udcff, as Python's
 * "surrogateescape" has them; nothing else does, so the bytes can be had back. `*text`, which is
 * NUL-terminated and not at its end, moves on. */
size_t sg_quote_json(const char **text, char piece[SG_QUOTE_MOST]);

/* For a terminal or a line of text: control characters, marks that turn the writing direction, and
 * bytes that are no UTF-8 as \xNN. */
size_t sg_quote_plain(const char **text, char piece[SG_QUOTE_MOST]);

#endif
