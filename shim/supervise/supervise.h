/* supervise.h - runs a command whose opens are vetted from outside.
 *
 * Three processes: the front (the caller of sg_supervise), its child the supervisor, and the
 * supervisor's child the command, under the filter of filter.h with all that it starts. A program
 * gets the very descriptor that was vetted: it is opened by the supervisor and put into it.
 * Whoever of the tree outlives the command is supervised on, until the last one ends.
 *
 * It dies closed. Without a supervisor a told call fails with ENOSYS, and the front kills what is
 * left; without the front the supervisor kills the command.
 *
 * What is not vetted: bytes that come by no open of a file (sockets, descriptors passed in by
 * processes outside), a file that changes after it was opened, programs themselves (execve).
 *
 * What differs from an unsupervised run: no setuid programs (no_new_privs), no tracing, no
 * io_uring, no mounting, no Landlock. Root is without CAP_SYS_PTRACE: of processes that have it,
 * or are another user's, /proc shows it what it shows any user. What a security module (AppArmor,
 * SELinux) denies to the command's own profile alone is opened for it. /proc/sys/net is that of
 * the supervisor's network. A terminal is not taken over by merely opening it. Drivers that bind a
 * descriptor to the process that opened the device (InfiniBand verbs, ROCm) do not work.
 */
#ifndef SG_SUPERVISE_H
#define SG_SUPERVISE_H

#include "policy/policy.h"

struct sg_supervised_command {
    const struct sg_policy *policy;
    const char *name;
    /* Becomes the command, in a process of its own; returns an exit status when that failed. */
    int (*become)(void *ctx);
    void *ctx;
};

/* The exit status of the command, or 125 after a message. Call it with one thread. */
int sg_supervise(const struct sg_supervised_command *command);

#endif
