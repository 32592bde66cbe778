/* rights.c - a thread of the supervisor takes on the rights of a supervised one. */
#include "shim/supervise/rights.h"

#include "shim/supervise/target.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WITHHELD (UINT64_C(1) << CAP_SYS_PTRACE)

static struct sg_target ours;
static struct __user_cap_data_struct our_caps[2];
static struct stat our_users;
static _Atomic bool changed;
static __thread bool entered, as_another; /* with other capabilities; and with other ids */

/* Of this thread alone: libc would set them for the whole process. */
static bool cap_call(long call, struct __user_cap_data_struct data[2])
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

    return syscall(call, &header, data) == 0;
}

/* No program gets back what it may not have: no_new_privs comes with the filter. */
bool sg_rights_give_up_tracing(void)
{
    struct __user_cap_data_struct data[2];

    if (!cap_call(SYS_capget, data))
        return false;
    if (!((data[0].permitted | data[0].inheritable) & WITHHELD))
        return true; /* where a sandbox around us refuses to set any */
    data[0].effective &= (uint32_t)~WITHHELD;
    data[0].permitted &= (uint32_t)~WITHHELD;
    data[0].inheritable &= (uint32_t)~WITHHELD;
    return cap_call(SYS_capset, data);
}

bool sg_rights_start(void)
{
    return cap_call(SYS_capget, our_caps) && sg_target_read(getpid(), &ours) &&
           stat("/proc/self/ns/user", &our_users) == 0;
}

void sg_rights_note_change(void)
{
    atomic_store(&changed, true);
}

bool sg_rights_may_differ(void)
{
    return atomic_load(&changed);
}

static int set_caps(uint64_t effective)
{
    struct __user_cap_data_struct data[2];

    memcpy(data, our_caps, sizeof(data));
    for (int i = 0; i < 2; i++)
        data[i].effective = data[i].permitted & (uint32_t)(effective >> 32 * i);
    return cap_call(SYS_capset, data) ? 0 : -errno;
}

static bool same_groups(const gid_t *groups, long count, const struct sg_target *target)
{
    return count == (long)target->group_count &&
           memcmp(groups, target->groups, target->group_count * sizeof(gid_t)) == 0;
}

/* Who may not set groups may still have several users to be. */
static int set_ids(const struct sg_target *target)
{
    gid_t now[SG_GROUPS_MAX];

    if (!same_groups(now, syscall(SYS_getgroups, SG_GROUPS_MAX, now), target) &&
        syscall(SYS_setgroups, (size_t)target->group_count, target->groups))
        return -errno;
    syscall(SYS_setfsgid, target->fsgid);
    syscall(SYS_setfsuid, target->fsuid);
    if (syscall(SYS_setfsgid, -1) != (long)target->fsgid ||
        syscall(SYS_setfsuid, -1) != (long)target->fsuid)
        return -EPERM;
    return 0;
}

static bool same_ids(const struct sg_target *target)
{
    return target->fsuid == ours.fsuid && target->fsgid == ours.fsgid &&
           same_groups(ours.groups, ours.group_count, target);
}

/* Capabilities of a namespace below ours are none over our files. */
static bool other_users(pid_t tid)
{
    char path[64];
    struct stat users;

    snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)tid);
    return stat(path, &users) || users.st_ino != our_users.st_ino;
}

int sg_rights_enter(pid_t tid)
{
    struct sg_target target;
    uint64_t lent = ours.caps & ~WITHHELD;
    bool other_ids = false;

    if (atomic_load(&changed)) {
        if (!sg_target_read(tid, &target))
            return -EACCES;
        lent = other_users(tid) ? 0 : target.caps & ~WITHHELD;
        other_ids = !same_ids(&target);
    }
    if (!other_ids && (lent & ours.caps) == ours.caps)
        return 0;
    entered = true;
    as_another = other_ids;
    int answer = other_ids ? set_ids(&target) : 0;
    if (answer == 0)
        answer = set_caps(lent);
    if (answer < 0)
        sg_rights_leave();
    return answer < 0 ? -EACCES : 0;
}

/* The capabilities first, the rights to change the groups are among them; and once more, since
 * changing the user takes some. */
void sg_rights_leave(void)
{
    if (!entered)
        return;
    entered = false;
    if (set_caps(ours.caps) || (as_another && (set_ids(&ours) || set_caps(ours.caps))))
        abort(); /* a thread with the wrong rights must open nothing more */
}
