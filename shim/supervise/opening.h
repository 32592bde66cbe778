/* opening.h - opens a file in the name of a supervised thread, and vets it. */
#ifndef SG_OPENING_H
#define SG_OPENING_H

#include "shim/supervise/request.h"

#include "policy/policy.h"

/* Of an open that was read: a descriptor for the thread, or a negative errno for it. May wait for
 * long: for the other end of a FIFO, for a scan. */
int sg_opening(const struct sg_request *request, const struct sg_policy *policy);

/* Of one that could not be read for this reason: the negative errno for the thread. */
int sg_opening_unread(const struct sg_request *request, int error);

#endif
