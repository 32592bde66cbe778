/* glob.h - shell patterns over bytes, never worse than length of text times length of pattern.
 *
 *     ?      one byte, not the separator
 *     [a-z]  one of these bytes, not the separator; [!a] or [^a]: any but these; ']' first is itself
 *     *      any bytes, not the separator
 *     **     any bytes; as a whole component, with the separator behind it, also nothing at all
 *
 * Every other byte is itself. There is no escape: [*] is a star. Without a separator (0), `*`
 * crosses everything. A faulty pattern matches nothing.
 */
#ifndef SG_GLOB_H
#define SG_GLOB_H

#include "ground/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SG_GLOB_MAX 4095u /* bytes of a pattern */

/* A match on its way: the positions in the pattern that the text so far can stand at. */
struct sg_glob {
    struct sg_text pattern;
    char separator;
    uint64_t live[(SG_GLOB_MAX + 1) / 64];
};

/* What is wrong with a pattern, in plain words; NULL when nothing is. */
const char *sg_glob_fault(struct sg_text pattern);

/* Matching a text that comes in pieces. */
void sg_glob_begin(struct sg_glob *glob, struct sg_text pattern, char separator);
void sg_glob_feed(struct sg_glob *glob, struct sg_text text);
bool sg_glob_matched(const struct sg_glob *glob);

bool sg_glob_match(struct sg_text pattern, struct sg_text text, char separator);

#endif
