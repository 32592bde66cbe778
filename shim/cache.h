/* cache.h - files that were vetted and may pass again, for the life of the process.
 *
 * Only what was let through is kept, never a refusal; and only what the file itself earned, not
 * its path. Readable from signal handlers and after fork: no lock, nothing that can tear.
 */
#ifndef SG_CACHE_H
#define SG_CACHE_H

#include "shim/identity.h"

enum sg_kept { SG_KEPT_NOT, SG_KEPT_PLAIN, SG_KEPT_CARRIER };

/* What is known of a file that still is as it was. */
enum sg_kept sg_cache_find(const struct sg_identity *identity);

/* Keeps one, unless it changed so lately that it could change once more under the same stamps. */
void sg_cache_keep(const struct sg_identity *identity, enum sg_kept kept);

#endif
