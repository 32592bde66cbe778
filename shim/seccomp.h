/* seccomp.h - puts a profile of policy/profiles.h in force. */
#ifndef SG_SECCOMP_H
#define SG_SECCOMP_H

#include "shim/libc.h"

#include "policy/phrase.h"
#include "policy/profiles.h"

/* In force in all threads of this process, and in what it starts, for good; at once true where it
 * is in force already. False: nothing is in force but perhaps no_new_privs, and `why` says what
 * failed. Uses malloc: not for a hook that may have been called from within it. */
bool sg_seccomp_apply(enum sg_profile profile, struct sg_phrase *why);

#endif
