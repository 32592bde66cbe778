/* strict.h - snapshot = strict: what was scanned is what is read, or nothing is. */
#ifndef SG_STRICT_H
#define SG_STRICT_H

#include "shim/fdtable.h"
#include "shim/vet.h"

#include "policy/policy.h"

/* How a descriptor is going to be used. */
struct sg_use {
    int flags;   /* it was opened with */
    bool unseen; /* by a stream of libc's or a mapping, whose reads pass no hook */
    bool made;   /* this process made the file: what is read is what it wrote */
};

/* Vets, and sees to it that no byte changes afterwards: by a lease, by proof that each change will
 * show, or by a private copy in the place of subject->fd, whatever of it there is to be had; else
 * the file is refused. False: refused. True: the descriptor gets `state`, bound to subject->st. */
bool sg_strict_vet(struct sg_subject *subject, const struct sg_policy *policy,
                   const struct sg_use *use, enum sg_fd_state *state);

#endif
