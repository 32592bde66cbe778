/* inherited.h - files that were open before anybody looked. */
#ifndef SG_INHERITED_H
#define SG_INHERITED_H

#include "policy/policy.h"

#include <stdbool.h>

/* Vets those that a program would have from us, as sg_vetting() does: whoever is forked then has
 * what was vetted. NULL, or what speaks against it: one that is refused, by the name that /proc
 * has for it, or that they cannot be listed. */
const char *sg_inherited_fault(const struct sg_policy *policy);

/* Closes all in this process but standard error and these three. */
bool sg_inherited_close(int keep, int keep_too, int keep_also);

#endif
