/* glob.h - shell patterns over bytes, never worse than length of text times length of pattern.
 *
 *     ?      one byte, not the separator
 *     [a-z]  one of these bytes, not the separator; [!a] or [^a]: any but these; ']' may be first
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

#define SG_GLOB_MAX 4095u /* bytes of a pattern */

/* What is wrong with a pattern, in plain words; NULL when nothing is. */
const char *sg_glob_fault(struct sg_text pattern);

bool sg_glob_match(struct sg_text pattern, struct sg_text text, char separator);

#endif
