/* profiles.h - the system calls that a [seccomp] profile refuses: one table, pure data.
 *
 * `no-bypass` takes what well-behaved software can do without and what goes round the guard's
 * hooks; `inference` takes more, for programs that only load models and compute. Each call fails
 * with the errno that makes software do without it: ENOSYS as on an older kernel, EPERM as for an
 * unprivileged user, EACCES as for a file or an address that is not for this user. Calls of
 * foreign ABIs (x32, i386, 32-bit Arm) all fail with ENOSYS.
 *
 * What each profile breaks (PR_SET_NO_NEW_PRIVS comes with both: sudo, su and other setuid
 * programs do not work from there on, and none of this can be taken back by the process):
 *
 *   no-bypass   gdb, strace, py-spy and perf inside the process tree; MPI's single-copy shared
 *               memory (it falls back); sharing CUDA expandable segments between processes;
 *               mounting, bubblewrap and containers in the container; 32-bit programs.
 *               Works: training and saving with torch, DataLoader workers, scikit-learn with
 *               n_jobs, multiprocessing, subprocess.
 *   inference   besides: every other program (subprocess, os.system, the spawn and forkserver
 *               methods of multiprocessing, loky, Jupyter, torch.compile's C++ compiler); every
 *               server that opens its own listening socket, as http.server, uvicorn and gunicorn
 *               do; UDP sockets with a fixed port; kernel keyrings.
 *               Works: loading and running models with torch and scikit-learn, threads, fork,
 *               outgoing connections, answering over pipes and inherited connections.
 *
 * What no profile stops: raw open(2), read(2) and mmap(2), since the kernel cannot tell them from
 * libc's; Linux AIO on descriptors that were opened elsewhere and passed in.
 *
 * A profile is in force only where the policy's mode is `block`: from the start of Python on, and
 * the programs around it are left as they are; under `safeguard run`, for the command and all that
 * it starts, but for the rows that are `only_started`, which hold from the start of Python on.
 */
#ifndef SG_PROFILES_H
#define SG_PROFILES_H

#include "policy/policy.h"

/* prctl(SG_PROFILE_ASK + profile) fails with EALREADY where that profile is in force, so that a
 * program started by a guarded one does not load the same filter again: the kernel takes a few
 * hundred. Without the profile it is EINVAL: no such operation. */
#define SG_PROFILE_ASK 0x53470000u

enum sg_denied_when {
    SG_DENIED_ALWAYS,
    SG_DENIED_EQUAL,    /* argument `arg` is `value` */
    SG_DENIED_AT_LEAST, /* argument `arg`, as an unsigned number, is `value` or more */
};

struct sg_denied {
    const char *call;
    enum sg_profile profile; /* the weakest that refuses it; stronger ones do as well */
    int error;               /* an errno */
    const char *error_name;
    enum sg_denied_when when;
    unsigned arg; /* 0..5 */
    uint64_t value;
    bool only_started; /* a program cannot be started under it: neither a container runtime's
                          profile nor `safeguard run` has it */
    const char *why;
};

extern const struct sg_denied sg_denied_calls[];
extern const size_t sg_denied_count;

/* Whether `profile` refuses what the row says. */
static inline bool sg_profile_denies(enum sg_profile profile, const struct sg_denied *row)
{
    return profile >= row->profile;
}

/* "off", "no-bypass", "inference". */
const char *sg_profile_name(enum sg_profile profile);

/* False when there is no profile of that name, or it is `off`. */
bool sg_profile_find(const char *name, enum sg_profile *profile);

/* The table for people, or the equivalent seccomp section of an OCI runtime configuration (also
 * what container engines take as a seccomp profile); each the length as of snprintf. */
size_t sg_profile_show(enum sg_profile profile, char *into, size_t cap);
size_t sg_profile_oci(enum sg_profile profile, char *into, size_t cap);

#endif
