/* confine.c - puts the policy's [seccomp] profile in force before a program is executed. */
#include "cli/confine.h"

#include "policy/profiles_filter.h"

#include <stdio.h>
#include <string.h>

bool sg_confine(const struct sg_policy *policy, char *why, size_t cap)
{
    const char *step = "no memory for the filter";
    int answer = -1;

    if (policy->mode != SG_BLOCK || policy->seccomp == SG_PROFILE_OFF)
        return true;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter)
        answer = sg_profile_fill(filter, policy->seccomp, true, &step);
    if (filter && answer == 0) {
        step = "the kernel does not take the filter";
        answer = seccomp_load(filter);
    }
    seccomp_release(filter);
    if (answer == 0)
        return true;
    snprintf(why, cap, "[seccomp] profile = %s cannot be put in force: %s (%s)",
             sg_profile_name(policy->seccomp), step, strerror(-answer));
    return false;
}
