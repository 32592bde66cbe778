/* workers.h - the threads that answer for the supervised programs.
 *
 * Each takes up one call at a time. There is always one that listens: whoever takes up a call and
 * leaves nobody behind starts another, so a long scan or a FIFO holds up nobody else.
 */
#ifndef SG_WORKERS_H
#define SG_WORKERS_H

#include "policy/policy.h"

/* Starts the first ones; `policy` stays. False (errno) when that cannot be. */
bool sg_workers_start(int listener, const struct sg_policy *policy);

#endif
