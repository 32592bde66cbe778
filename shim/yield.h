/* yield.h - a program does not wait for the leases that the guard holds in it. */
#ifndef SG_YIELD_H
#define SG_YIELD_H

#include "shim/fdtable.h"

/* Gives back what is held of the file at `path`: what was opened before reads no more of it. */
void sg_yield_to(int dir, const char *path);

/* Before an open. */
static inline void sg_yield_opening(int dir, const char *path, int flags)
{
    if (__builtin_expect(atomic_load_explicit(&sg_fd_held_most, memory_order_relaxed) >= 0, 0) &&
        ((flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC))
        sg_yield_to(dir, path);
}

#endif
