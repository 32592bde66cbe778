/* rules.h - the policy that a verb goes by. */
#ifndef SG_RULES_H
#define SG_RULES_H

#include "policy/policy.h"

struct sg_rules {
    struct sg_policy policy;
    struct sg_arena arena;
};

/* The policy that would hold for a guarded program: `file` where it is given, else what
 * SAFEGUARD_POLICY names, else the site's, else the built-in one. False after a message. */
bool sg_rules_load(struct sg_rules *rules, const char *file);

/* Exactly `file` on top of the built-in one. False after a message. */
bool sg_rules_check(struct sg_rules *rules, const char *file);

void sg_rules_free(struct sg_rules *rules);

#endif
