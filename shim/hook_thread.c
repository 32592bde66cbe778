/* hook_thread.c - threads that a load starts: what they do is done by the load. */
#include "shim/effects.h"
#include "shim/hooks.h"
#include "shim/raw.h"
#include "shim/window.h"

#include <pthread.h>
#include <signal.h>

struct beginning {
    void *(*run)(void *);
    void *arg;
};

static void *begin(void *at)
{
    struct beginning beginning = *(struct beginning *)at;

    sg_raw_unmap(at, sizeof(beginning));
    sg_window_inherit();
    return beginning.run(beginning.arg);
}

SG_HOOK int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                           void *(*run)(void *), void *arg)
{
    __typeof__(&pthread_create) real = SG_REAL(pthread_create);
    bool in_load = sg_effects_in_load();
    struct beginning *beginning = in_load ? sg_raw_map(sizeof(*beginning)) : NULL;

    if (!real)
        return EAGAIN; /* before glibc 2.34, in a program without libpthread */
    if (in_load && !beginning && sg_effects_action() == SG_BLOCK)
        return EAGAIN; /* as where there is no memory for the thread */
    if (!beginning)
        return real(thread, attributes, run, arg);
    *beginning = (struct beginning){run, arg};
    int failed = real(thread, attributes, begin, beginning);
    if (failed)
        sg_raw_unmap(beginning, sizeof(*beginning));
    return failed;
}

/* CPython from 3.11.4 on gives up the GIL around vfork, and blocks all signals before it does. */
SG_HOOK int pthread_sigmask(int how, const sigset_t *set, sigset_t *before)
{
    __typeof__(&pthread_sigmask) real = SG_REAL(pthread_sigmask);

    sg_effects_look();
    return real ? real(how, set, before) : ENOSYS;
}
