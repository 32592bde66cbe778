/* vetting.c - chooses among the guard's means. */
#include "shim/supervise/vetting.h"

#include "shim/still.h"
#include "shim/strict.h"

/* As if every use were a mapping, but for what is no carrier: all libraries would be copied. */
bool sg_vetting(struct sg_subject *subject, const struct sg_policy *policy, int flags)
{
    struct sg_use use = {.flags = flags, .unseen = (flags & O_ACCMODE) != O_RDONLY};
    enum sg_fd_state state;

    if (policy->snapshot != SG_SNAPSHOT_STRICT)
        return sg_vet(subject, policy) != SG_VETTED_REFUSED;
    if (!sg_strict_vet(subject, policy, &use, &state))
        return false;
    if (state != SG_FD_HELD)
        return true;
    sg_still_release(subject->fd);
    use.unseen = true;
    return sg_strict_vet(subject, policy, &use, &state);
}
