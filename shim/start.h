/* start.h - whether this process is one to guard, and under which policy. */
#ifndef SG_START_H
#define SG_START_H

#include "shim/libc.h"

#include "policy/policy.h"

#include <stdatomic.h>

enum sg_phase {
    SG_PHASE_NEW,      /* no hook was called yet, the constructor did not run */
    SG_PHASE_STARTING, /* hooks pass through, what they open stays unvetted */
    SG_PHASE_ASLEEP,   /* no Python here, as far as we know */
    SG_PHASE_OFF,      /* the policy's mode is `off` */
    SG_PHASE_AWAKE,
};

extern _Atomic int sg_phase;

/* Starts once; for the constructor, and for hooks that are called before it. */
void sg_start(void);

/* Whether to vet. */
static inline bool sg_awake(void)
{
    int phase = atomic_load_explicit(&sg_phase, memory_order_acquire);

    if (__builtin_expect(phase == SG_PHASE_NEW, 0)) {
        sg_start();
        phase = atomic_load_explicit(&sg_phase, memory_order_acquire);
    }
    return phase == SG_PHASE_AWAKE;
}

/* A sleeping process opened `path`: wakes up when that shows that an interpreter was loaded after
 * the start, as a host application does with its plug-in. */
void sg_start_peek(const char *path);

/* Of the awake process. */
const struct sg_policy *sg_start_policy(void);

/* /proc/self/exe, "" when it is not known. */
const char *sg_start_exe(void);

#endif
