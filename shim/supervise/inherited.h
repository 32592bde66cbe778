/* inherited.h - files that were open before anybody looked. */
#ifndef SG_INHERITED_H
#define SG_INHERITED_H

#include "policy/policy.h"

#include <sys/types.h>

/* Vets those that the command `pid` is to have from us. NULL, or what speaks against it: one that
 * is refused, by the name that /proc has for it, or that they cannot be listed. */
const char *sg_inherited_fault(const struct sg_policy *policy, pid_t pid);

/* Closes all in this process but standard error and these three. */
bool sg_inherited_close(int keep, int keep_too, int keep_also);

#endif
