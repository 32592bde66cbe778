/* confine.h - puts the policy's [seccomp] profile in force before a program is executed. */
#ifndef SG_CONFINE_H
#define SG_CONFINE_H

#include "policy/policy.h"

/* What the profile refuses, but for what a program could not be started under, from here on and for
 * good; the guard in the program adds that when Python starts. True also where there is nothing to
 * do: no profile, or a mode that does not block. False with the reason in `why`. */
bool sg_confine(const struct sg_policy *policy, char *why, size_t cap);

#endif
