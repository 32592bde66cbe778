/* real.c - the definitions behind our hooks, found by dlsym. */
#include "shim/hooks.h"

#include "shim/dlsym.h"

_Atomic(void *) sg_reals[SG_HOOK_COUNT];

static const char *const names[SG_HOOK_COUNT] = {
#define SG_HOOK_NAME(name) [SG_HOOK_##name] = #name,
    SG_HOOKS(SG_HOOK_NAME)
#undef SG_HOOK_NAME
};

/* RTLD_NEXT goes by the caller's return address: a tail call would hand dlsym our caller's, and
 * the search would begin in the wrong object. Storing the result keeps this one from being one. */
void *sg_real_find(enum sg_hook hook)
{
    void *at = dlsym(RTLD_NEXT, names[hook]);

    atomic_store_explicit(&sg_reals[hook], at, memory_order_relaxed);
    return at;
}

void sg_real_find_all(void)
{
    for (int hook = 0; hook < SG_HOOK_COUNT; hook++)
        (void)sg_real_find((enum sg_hook)hook);
}
