/* profiles_filter.h - a profile as rules of libseccomp. Uses malloc. */
#ifndef SG_PROFILES_FILTER_H
#define SG_PROFILES_FILTER_H

#include "policy/profiles.h"

#include <seccomp.h>

/* Adds what one row refuses to a filter of seccomp_init(SCMP_ACT_ALLOW): 0 or a negative errno. */
int sg_profile_add(scmp_filter_ctx filter, const struct sg_denied *row);

/* Fills a filter of seccomp_init(SCMP_ACT_ALLOW) with the rows of `profile`; without those that a
 * program could not be started under, where it has yet to be (`to_start`). 0, or a negative errno
 * with what it was about in `*step`. */
int sg_profile_fill(scmp_filter_ctx filter, enum sg_profile profile, bool to_start,
                    const char **step);

#endif
