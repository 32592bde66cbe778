/* inherited.h - files that were open before anybody looked. */
#ifndef SG_INHERITED_H
#define SG_INHERITED_H

#include "policy/policy.h"

#include <sys/types.h>

/* Vets those that the command `pid` is to have from us. NULL, or the name of one that is refused,
 * as /proc has it. */
const char *sg_inherited_refused(const struct sg_policy *policy, pid_t pid);

/* Closes all in this process but standard error and these three. */
bool sg_inherited_close(int keep, int keep_too, int keep_also);

#endif
