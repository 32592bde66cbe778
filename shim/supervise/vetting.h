/* vetting.h - one file, one answer, where no hook sees what is read of it afterwards. */
#ifndef SG_VETTING_H
#define SG_VETTING_H

#include "shim/vet.h"

#include "policy/policy.h"

/* False: refused. With snapshot = strict a pickle carrier's descriptor is then that of a private
 * copy, or a lease is held; a file that is none is only known not to have been changed under the
 * scan. `flags`: subject->fd was opened with. */
bool sg_vetting(struct sg_subject *subject, const struct sg_policy *policy, int flags);

#endif
