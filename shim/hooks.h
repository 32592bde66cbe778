/* hooks.h - every libc entry that is hooked, and the way on to the real one.
 *
 * A hook is one row here, one short function in a hook_*.c, one line in exports.map and one case
 * in tests/hooks/hooktest.c.
 */
#ifndef SG_HOOKS_H
#define SG_HOOKS_H

#include "shim/libc.h"

#include <stdatomic.h>

/* clang-format off */
#define SG_HOOKS(ROW)                                                                              \
    /* hook_open.c: a path becomes a descriptor */                                                 \
    ROW(open) ROW(open64) ROW(__open) ROW(__open64) ROW(__open_2) ROW(__open64_2)                  \
    ROW(openat) ROW(openat64) ROW(__openat_2) ROW(__openat64_2)                                    \
    ROW(creat) ROW(creat64) ROW(open_by_handle_at)                                                 \
    /* hook_stdio.c: streams, whose reads pass by no other hook */                                 \
    ROW(fopen) ROW(fopen64) ROW(_IO_fopen) ROW(freopen) ROW(freopen64)                             \
    ROW(fdopen) ROW(_IO_fdopen) ROW(fclose) ROW(_IO_fclose) ROW(pclose)                            \
    /* hook_read.c: a descriptor's bytes come in */                                                \
    ROW(read) ROW(__read) ROW(__read_chk) ROW(readv)                                               \
    ROW(pread) ROW(pread64) ROW(__pread64) ROW(__pread_chk) ROW(__pread64_chk)                     \
    ROW(preadv) ROW(preadv64) ROW(preadv2) ROW(preadv64v2) ROW(mmap) ROW(mmap64)                   \
    ROW(sendfile) ROW(sendfile64) ROW(copy_file_range) ROW(splice) ROW(lseek) ROW(lseek64)         \
    /* hook_fd.c: a descriptor's number changes hands */                                           \
    ROW(close) ROW(__close) ROW(close_range) ROW(closefrom)                                        \
    ROW(dup) ROW(dup2) ROW(__dup2) ROW(dup3) ROW(fcntl) ROW(fcntl64) ROW(__fcntl)                  \
    /* hook_exec.c: the guard goes along into other programs */                                    \
    ROW(execve) ROW(execv) ROW(execvp) ROW(execvpe) ROW(fexecve) ROW(execveat)                     \
    ROW(execl) ROW(execlp) ROW(execle)                                                             \
    ROW(posix_spawn) ROW(posix_spawnp) ROW(system) ROW(popen) ROW(_IO_popen)                       \
    /* hook_net.c: connections out of a load */                                                    \
    ROW(connect)                                                                                   \
    /* hook_thread.c: threads started in a load */                                                 \
    ROW(pthread_create) ROW(pthread_sigmask)                                                       \
    /* hook_strerror.c: why a call was refused */                                                  \
    ROW(strerror) ROW(strerror_l) ROW(strerror_r) ROW(__strerror_r) ROW(__xpg_strerror_r)
/* clang-format on */

enum sg_hook {
#define SG_HOOK_ID(name) SG_HOOK_##name,
    SG_HOOKS(SG_HOOK_ID)
#undef SG_HOOK_ID
        SG_HOOK_COUNT
};

/* Addresses of the real entries, NULL where not looked up yet (or where this libc has none). */
extern _Atomic(void *) sg_reals[SG_HOOK_COUNT];

/* Looks one up. It neither allocates nor prints where libc has the name. */
void *sg_real_find(enum sg_hook hook);

/* Looks all up, so that no lookup happens in a signal handler or a vfork child. */
void sg_real_find_all(void);

static inline void *sg_real(enum sg_hook hook)
{
    void *at = atomic_load_explicit(&sg_reals[hook], memory_order_relaxed);

    return at ? at : sg_real_find(hook);
}

/* Looks nothing up: NULL when nobody did so far. */
static inline void *sg_real_known(enum sg_hook hook)
{
    return atomic_load_explicit(&sg_reals[hook], memory_order_relaxed);
}

/* The next definition of `name` behind ours, typed as libc declares it. */
#define SG_REAL(name) ((__typeof__(&(name)))sg_real(SG_HOOK_##name))

#endif
