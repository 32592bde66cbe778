/* profiles.c - one row for each system call that a profile refuses. */
#include "policy/profiles.h"

#include <errno.h>
#include <string.h>

#define NO_BYPASS .profile = SG_PROFILE_NO_BYPASS
#define INFERENCE .profile = SG_PROFILE_INFERENCE
#define FAILS(errno_) .error = (errno_), .error_name = #errno_

const struct sg_denied sg_denied_calls[] = {
    {"io_uring_setup", NO_BYPASS, FAILS(ENOSYS), .why = "opens and reads files past the hooks"},
    {"io_uring_enter", NO_BYPASS, FAILS(ENOSYS), .why = "drives a ring that was passed in"},
    {"io_uring_register", NO_BYPASS, FAILS(ENOSYS), .why = "gives files to a ring"},
    {"openat2", NO_BYPASS, FAILS(ENOSYS),
     .why = "no libc function stands for it: opens files past the hooks"},
    {"open_by_handle_at", NO_BYPASS, FAILS(EPERM), .why = "opens files without a path"},
    {"pidfd_getfd", NO_BYPASS, FAILS(EPERM), .why = "takes open files out of other processes"},
    {"process_vm_readv", NO_BYPASS, FAILS(EPERM), .why = "reads the memory of other processes"},
    {"process_vm_writev", NO_BYPASS, FAILS(EPERM), .why = "writes the memory of other processes"},
    {"ptrace", NO_BYPASS, FAILS(EPERM), .why = "steers other processes past their guard"},
    {"userfaultfd", NO_BYPASS, FAILS(ENOSYS),
     .why = "changes memory between the check and its use"},
    {"memfd_secret", NO_BYPASS, FAILS(ENOSYS), .why = "memory that no scan can read"},
    {"bpf", NO_BYPASS, FAILS(EPERM), .why = "programs the kernel"},
    {"perf_event_open", NO_BYPASS, FAILS(EPERM), .why = "watches other processes"},
    {"init_module", NO_BYPASS, FAILS(EPERM), .why = "loads code into the kernel"},
    {"finit_module", NO_BYPASS, FAILS(EPERM), .why = "loads code into the kernel"},
    {"delete_module", NO_BYPASS, FAILS(EPERM), .why = "takes code out of the kernel"},
    {"kexec_load", NO_BYPASS, FAILS(EPERM), .why = "replaces the kernel"},
    {"kexec_file_load", NO_BYPASS, FAILS(EPERM), .why = "replaces the kernel"},
    {"mount", NO_BYPASS, FAILS(EPERM), .why = "puts other files where vetted ones were"},
    {"umount2", NO_BYPASS, FAILS(EPERM), .why = "uncovers other files under a path"},
    {"pivot_root", NO_BYPASS, FAILS(EPERM), .why = "changes what every path means"},
    {"open_tree", NO_BYPASS, FAILS(EPERM), .why = "copies mounts"},
    {"move_mount", NO_BYPASS, FAILS(EPERM), .why = "puts other files where vetted ones were"},
    {"mount_setattr", NO_BYPASS, FAILS(EPERM), .why = "makes read-only mounts writable"},
    {"fsopen", NO_BYPASS, FAILS(EPERM), .why = "the first step of a mount"},
    {"fspick", NO_BYPASS, FAILS(EPERM), .why = "changes how a file system is mounted"},
    {"fsconfig", NO_BYPASS, FAILS(EPERM), .why = "changes how a file system is mounted"},
    {"fsmount", NO_BYPASS, FAILS(EPERM), .why = "the last step of a mount"},
    {"prctl", NO_BYPASS, FAILS(EALREADY), .when = SG_DENIED_EQUAL,
     .value = SG_PROFILE_ASK + SG_PROFILE_NO_BYPASS, .only_started = true,
     .why = "answers that no-bypass is in force"},

    {"execve", INFERENCE, FAILS(EACCES), .only_started = true, .why = "starts another program"},
    {"execveat", INFERENCE, FAILS(EACCES), .only_started = true, .why = "starts another program"},
    {"listen", INFERENCE, FAILS(EACCES), .why = "opens a door for connections from outside"},
    /* The kernel takes an Internet address of 16 bytes or more; name look-up binds netlink sockets,
     * whose addresses have 12. */
    {"bind", INFERENCE, FAILS(EACCES), .when = SG_DENIED_AT_LEAST, .arg = 2, .value = 16,
     .why = "takes a port; addresses shorter than an Internet one may be bound"},
    {"add_key", INFERENCE, FAILS(ENOSYS), .why = "stores keys in the kernel"},
    {"request_key", INFERENCE, FAILS(ENOSYS), .why = "starts a program that fetches keys"},
    {"keyctl", INFERENCE, FAILS(ENOSYS), .why = "reads the user's keys"},
    {"prctl", INFERENCE, FAILS(EALREADY), .when = SG_DENIED_EQUAL,
     .value = SG_PROFILE_ASK + SG_PROFILE_INFERENCE, .only_started = true,
     .why = "answers that inference is in force"},
};

const size_t sg_denied_count = sizeof(sg_denied_calls) / sizeof(sg_denied_calls[0]);

static const char *const names[] = {[SG_PROFILE_OFF] = "off",
                                    [SG_PROFILE_NO_BYPASS] = "no-bypass",
                                    [SG_PROFILE_INFERENCE] = "inference"};

const char *sg_profile_name(enum sg_profile profile)
{
    return names[profile];
}

bool sg_profile_find(const char *name, enum sg_profile *profile)
{
    for (unsigned i = SG_PROFILE_OFF + 1; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            *profile = (enum sg_profile)i;
            return true;
        }
    }
    return false;
}
