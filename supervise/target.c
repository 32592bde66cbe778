/* target.c - reads /proc of a supervised thread, and takes on its rights. */
#include "supervise/target.h"

#include "supervise/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define STATUS_MAX 16384u

static struct sg_target ours;
static struct stat our_root, our_mounts, our_users;
static _Atomic bool changed;
static __thread bool entered;

static bool read_file(const char *path, char *into, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t got = 1;

    while (fd >= 0 && len < cap - 1 && got > 0) {
        got = read(fd, into + len, cap - 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0)
        close(fd);
    into[len] = '\0';
    return len > 0;
}

static const char *field(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at ? at + strlen(name) : NULL;
}

static bool read_number(const char *text, const char *name, int base, uint64_t *into)
{
    const char *at = field(text, name);

    if (at)
        *into = strtoull(at, NULL, base);
    return at != NULL;
}

/* "Uid:\treal\teffective\tsaved\tfile system" */
static bool read_last_of_four(const char *text, const char *name, uint32_t *into)
{
    const char *at = field(text, name);
    unsigned ids[4];

    if (!at || sscanf(at, "%u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) != 4)
        return false;
    *into = ids[3];
    return true;
}

static bool read_groups(const char *text, struct sg_target *target)
{
    const char *at = field(text, "\nGroups:");

    target->group_count = 0;
    while (at && *at && *at != '\n') {
        char *end;
        unsigned long group = strtoul(at, &end, 10);
        if (end == at)
            break;
        if (target->group_count == SG_GROUPS_MAX)
            return false;
        target->groups[target->group_count++] = (gid_t)group;
        at = end + strspn(end, " \t");
    }
    return at != NULL;
}

/* The name, which a program chooses, stands first and holds no newline. */
bool sg_target_read(pid_t tid, struct sg_target *target)
{
    char path[64], text[STATUS_MAX];
    uint64_t pid = 0, threads = 0, mask = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
    if (!read_file(path, text, sizeof(text)) || !read_number(text, "\nTgid:", 10, &pid) ||
        !read_number(text, "\nThreads:", 10, &threads) ||
        !read_number(text, "\nUmask:", 8, &mask) ||
        !read_last_of_four(text, "\nUid:", &target->fsuid) ||
        !read_last_of_four(text, "\nGid:", &target->fsgid) || !read_groups(text, target))
        return false;
    target->pid = (pid_t)pid;
    target->threads = (pid_t)threads;
    target->umask = (mode_t)mask;
    return read_number(text, "\nCapEff:", 16, &target->caps) &&
           read_number(text, "\nSigPnd:", 16, &target->pending_thread) &&
           read_number(text, "\nShdPnd:", 16, &target->pending_process) &&
           read_number(text, "\nSigBlk:", 16, &target->blocked) &&
           read_number(text, "\nSigIgn:", 16, &target->ignored);
}

bool sg_target_start(void)
{
    return sg_target_read(getpid(), &ours) && stat("/", &our_root) == 0 &&
           stat("/proc/self/ns/mnt", &our_mounts) == 0 &&
           stat("/proc/self/ns/user", &our_users) == 0;
}

void sg_target_note_change(void)
{
    atomic_store(&changed, true);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int open_of(pid_t tid, const char *what, int flags)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)tid, what);
    int fd = open(path, flags | O_PATH | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* The same directory may be the root of two sets of mounts. */
static int open_root(struct sg_place *place)
{
    char path[64];
    struct stat mounts, root;

    snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)place->tid);
    if (stat(path, &mounts))
        return -errno;
    int fd = open_of(place->tid, "root", O_DIRECTORY);
    if (fd < 0)
        return fd;
    if (fstat(fd, &root) == 0 && same_file(&root, &our_root) && same_file(&mounts, &our_mounts)) {
        close(fd);
        fd = -1;
    }
    place->root = fd;
    return 0;
}

static int open_base(struct sg_place *place, int dir)
{
    char what[32] = "cwd";

    if (dir != AT_FDCWD)
        snprintf(what, sizeof(what), "fd/%d", dir);
    int fd = open_of(place->tid, what, O_DIRECTORY);
    if (fd < 0)
        return dir != AT_FDCWD && fd == -ENOENT ? -EBADF : fd;
    place->base = fd;
    return 0;
}

int sg_place_open(struct sg_place *place, pid_t tid, int dir, const char *path)
{
    int answer = 0;

    *place = (struct sg_place){.tid = tid, .root = -1, .base = AT_FDCWD};
    if (atomic_load(&changed))
        answer = open_root(place);
    if (answer == 0 && *path != '/')
        answer = open_base(place, dir);
    if (answer < 0)
        sg_place_close(place);
    return answer;
}

void sg_place_close(struct sg_place *place)
{
    if (place->root >= 0)
        close(place->root);
    if (place->base >= 0)
        close(place->base);
    place->root = -1;
    place->base = AT_FDCWD;
}

/* Of this thread alone: libc would set them for the whole process. */
static int set_caps(uint64_t effective)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data))
        return -errno;
    for (int i = 0; i < 2; i++)
        data[i].effective = data[i].permitted & (uint32_t)(effective >> 32 * i);
    return syscall(SYS_capset, &header, data) ? -errno : 0;
}

static int set_ids(const struct sg_target *target)
{
    if (syscall(SYS_setgroups, (size_t)target->group_count, target->groups))
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
           target->group_count == ours.group_count &&
           memcmp(target->groups, ours.groups, target->group_count * sizeof(gid_t)) == 0;
}

/* Capabilities of a namespace below ours are none over our files. */
static bool other_users(pid_t tid)
{
    char path[64];
    struct stat users;

    snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)tid);
    return stat(path, &users) || !same_file(&users, &our_users);
}

int sg_target_enter(pid_t tid)
{
    struct sg_target target;

    if (!atomic_load(&changed))
        return 0;
    if (!sg_target_read(tid, &target))
        return -EACCES;
    if (other_users(tid))
        target.caps = 0;
    if (same_ids(&target) && (target.caps & ours.caps) == ours.caps)
        return 0;
    entered = true;
    int answer = same_ids(&target) ? 0 : set_ids(&target);
    if (answer == 0)
        answer = set_caps(target.caps);
    if (answer < 0)
        sg_target_leave();
    return answer < 0 ? -EACCES : 0;
}

/* In the other order: the rights to change the groups are among the capabilities. */
void sg_target_leave(void)
{
    if (!entered)
        return;
    entered = false;
    if (set_caps(ours.caps) || (ours.caps >> CAP_SETGID & 1 && set_ids(&ours)) ||
        set_caps(ours.caps))
        abort(); /* a thread with the wrong rights must open nothing more */
}

/* "PID (NAME) STATE PPID PGRP SESSION TTY …"; the name may hold anything. */
static dev_t terminal_of(pid_t tid)
{
    char path[64], text[1024];
    int number = 0;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)tid);
    if (!read_file(path, text, sizeof(text)))
        return 0;
    const char *end = strrchr(text, ')');
    if (!end || sscanf(end + 1, " %*c %*d %*d %*d %d", &number) != 1)
        return 0;
    /* As the kernel packs it for old programs: 12 bits of major, 20 of minor, split. */
    unsigned packed = (unsigned)number;
    return makedev(packed >> 8 & 0xfff, (packed & 0xff) | (packed >> 12 & 0xfff00));
}

static void name_terminal(dev_t number, char *path, size_t cap)
{
    unsigned at = minor(number);

    if (major(number) >= 136 && major(number) <= 143)
        snprintf(path, cap, "/dev/pts/%u", (major(number) - 136) << 20 | at);
    else if (major(number) == 4 && at < 64)
        snprintf(path, cap, "/dev/tty%u", at);
    else if (major(number) == 4)
        snprintf(path, cap, "/dev/ttyS%u", at - 64);
    else
        snprintf(path, cap, "/dev/console");
}

int sg_target_terminal(const struct sg_place *place, int flags)
{
    struct sg_place root = {.tid = place->tid, .root = place->root, .base = AT_FDCWD};
    dev_t number = terminal_of(place->tid);
    struct stat found;
    char path[64];

    if (!number)
        return -ENXIO;
    name_terminal(number, path, sizeof(path));
    int at = sg_lookup(&root, path, true, 0);
    if (at < 0)
        return -ENXIO;
    int fd = -ENXIO;
    if (fstat(at, &found) == 0 && S_ISCHR(found.st_mode) && found.st_rdev == number)
        fd = sg_reopen(at, flags);
    close(at);
    return fd;
}
