/* filter.c - the rows of the filter; built by libseccomp, loaded by hand to get the listener. */
#include "shim/supervise/filter.h"

#include "policy/profiles_filter.h"
#include "shim/supervised.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILTER_MAX 4096u /* instructions the kernel takes */

/* Linux 5.19: what the supervisor has taken up is not begun anew for a signal. Otherwise a file
 * made with O_EXCL would be there already, and a long scan under a profiler's timer never end. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define NOT_READ (O_PATH | O_DIRECTORY | O_TRUNC)
#define LOOKED_AT (O_ACCMODE | NOT_READ | O_CREAT | O_EXCL)

/* Calls that are told and let go on. */
static const struct {
    const char *call;
    uint64_t mask, value; /* of the first argument; no mask: always */
} changes[] = {
    {"setuid", 0, 0},
    {"setgid", 0, 0},
    {"setreuid", 0, 0},
    {"setregid", 0, 0},
    {"setresuid", 0, 0},
    {"setresgid", 0, 0},
    {"setfsuid", 0, 0},
    {"setfsgid", 0, 0},
    {"setgroups", 0, 0},
    {"capset", 0, 0},
    {"chroot", 0, 0},
    {"setns", 0, 0},
    {"unshare", CLONE_NEWUSER, CLONE_NEWUSER},
    {"unshare", CLONE_NEWNS, CLONE_NEWNS},
    {"unshare", CLONE_NEWPID, CLONE_NEWPID},
    {"clone", CLONE_NEWUSER, CLONE_NEWUSER},
    {"clone", CLONE_NEWNS, CLONE_NEWNS},
    {"clone", CLONE_NEWPID, CLONE_NEWPID},
    {"prctl", UINT32_MAX, PR_CAPBSET_DROP},
    {"prctl", UINT32_MAX, PR_SET_SECUREBITS},
    {"prctl", UINT32_MAX, PR_CAP_AMBIENT},
};

/* A ruleset of Landlock binds the thread that makes it, and would not bind the supervisor, who
 * opens for it: so there is none to be had, as where Landlock is not switched on. */
static const struct {
    const char *call;
    int error;
} refused[] = {{"clone3", ENOSYS},
               {"fanotify_init", EPERM},
               {"landlock_create_ruleset", EOPNOTSUPP},
               {"landlock_restrict_self", EOPNOTSUPP}};

struct rows {
    scmp_filter_ctx filter;
    int error; /* negative: of what could not be added */
};

static void add(struct rows *rows, uint32_t action, const char *call,
                const struct scmp_arg_cmp *condition)
{
    int answer = seccomp_rule_add_array(rows->filter, action, seccomp_syscall_resolve_name(call),
                                        condition != NULL, condition);

    if (answer < 0)
        rows->error = answer;
}

static void add_masked(struct rows *rows, const char *call, unsigned arg, uint64_t mask,
                       uint64_t value)
{
    struct scmp_arg_cmp condition = {
        .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};

    add(rows, SCMP_ACT_NOTIFY, call, &condition);
}

/* What can read, and what is there already. */
static void add_opens(struct rows *rows, const char *call, unsigned arg)
{
    static const unsigned access[] = {O_RDONLY, O_RDWR, O_ACCMODE};
    static const unsigned makes[] = {0, O_CREAT, O_EXCL};

    for (size_t i = 0; i < 9; i++)
        add_masked(rows, call, arg, LOOKED_AT, access[i / 3] | makes[i % 3]);
}

static void add_changes(struct rows *rows)
{
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        if (changes[i].mask)
            add_masked(rows, changes[i].call, 0, changes[i].mask, changes[i].value);
        else
            add(rows, SCMP_ACT_NOTIFY, changes[i].call, NULL);
    }
}

/* openat2() is refused by the profile because no hook sees it: here it is seen. */
static void add_refused(struct rows *rows)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        add(rows, SCMP_ACT_ERRNO((uint32_t)refused[i].error), refused[i].call, NULL);
    for (size_t i = 0; i < sg_denied_count; i++) {
        const struct sg_denied *row = &sg_denied_calls[i];
        int answer = 0;
        if (sg_profile_denies(SG_PROFILE_NO_BYPASS, row) && strcmp(row->call, "openat2") != 0)
            answer = sg_profile_add(rows->filter, row);
        if (answer < 0)
            rows->error = answer;
    }
}

static int fill(scmp_filter_ctx filter)
{
    struct rows rows = {.filter = filter};

    rows.error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
    add_opens(&rows, "openat", 2);
    add_opens(&rows, "open", 1);
    add(&rows, SCMP_ACT_NOTIFY, "openat2", NULL);
    add_masked(&rows, "prctl", 0, UINT32_MAX, SG_SUPERVISED_WHY);
    add_changes(&rows);
    add_refused(&rows);
    return rows.error;
}

/* Through a pipe, which holds more than the kernel takes as a filter. */
static int export(scmp_filter_ctx filter, struct sock_filter *code, size_t cap)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return -errno;
    int answer = seccomp_export_bpf(filter, ends[1]);
    if (answer >= 0)
        answer = (int)read(ends[0], code, cap);
    close(ends[0]);
    close(ends[1]);
    return answer > 0 && (size_t)answer < cap ? answer : -EFBIG;
}

static int load(scmp_filter_ctx filter, const char **step)
{
    static struct sock_filter code[FILTER_MAX];

    *step = "the filter cannot be written";
    int bytes = export(filter, code, sizeof(code));
    if (bytes < 0)
        return bytes;
    struct sock_fprog program = {.len = (unsigned short)((size_t)bytes / sizeof(code[0])),
                                 .filter = code};
    *step = "the kernel does not let system calls be supervised";
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* without it the filter is refused */
    long listener = syscall(
        SYS_seccomp, SECCOMP_SET_MODE_FILTER,
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
    return listener < 0 ? -errno : (int)listener;
}

int sg_filter_load(const char **step)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    *step = "no memory for the filter";
    if (!filter)
        return -ENOMEM;
    *step = "the kernel does not let system calls be supervised";
    int answer = fill(filter);
    if (answer >= 0)
        answer = load(filter, step);
    seccomp_release(filter);
    return answer;
}
