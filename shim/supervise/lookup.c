/* lookup.c - lets the kernel resolve a path where it can only come out right. */
#include "shim/supervise/lookup.h"

#include "shim/fdlink.h"
#include "shim/supervise/walk_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The path ends where the base does, whatever the root is. */
#define BOUNDED (RESOLVE_BENEATH | RESOLVE_IN_ROOT)

int sg_reopen(int fd, int flags)
{
    char path[SG_FDLINK_SIZE];

    sg_fdlink_name(fd, path);
    /* No terminal may become the supervisor's own. */
    int opened = open(path, (flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW)) | O_CLOEXEC | O_NOCTTY);
    return opened < 0 ? -errno : opened;
}

bool sg_lookup_is_proc(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static int ask_kernel(const struct sg_place *place, const char *path, struct open_how how)
{
    int base = place->base;

    if (place->root >= 0 && !(how.resolve & BOUNDED)) { /* for an absolute path: sg_lookup() */
        base = place->root;
        how.resolve |= RESOLVE_IN_ROOT;
    }
    how.flags |= O_CLOEXEC | (how.flags & O_PATH ? 0 : O_NOCTTY);
    long fd = syscall(SYS_openat2, base, path, &how, sizeof(how));
    return fd < 0 ? -errno : (int)fd;
}

/* Another's root bounds what is resolved by hand or from that root on, nothing else. */
static bool must_walk(const struct sg_place *place, const char *path, uint64_t resolve)
{
    return place->root >= 0 && *path != '/' && !(resolve & BOUNDED);
}

/* No link followed: true for everybody. Else: no link that is more than a text, and the end is
 * not in /proc, where the text could have been "self". */
static int look(const struct sg_place *place, const char *path, struct open_how how, bool *sure)
{
    uint64_t asked = how.resolve;

    *sure = true;
    how.resolve = asked | RESOLVE_NO_SYMLINKS;
    int fd = ask_kernel(place, path, how);
    if (fd != -ELOOP || asked & RESOLVE_NO_SYMLINKS)
        return fd;
    how.resolve = asked | RESOLVE_NO_MAGICLINKS;
    fd = ask_kernel(place, path, how);
    *sure = fd >= 0 && !sg_lookup_is_proc(fd);
    return fd;
}

int sg_lookup(const struct sg_place *place, const char *path, bool follow, uint64_t resolve,
              bool *by_hand)
{
    struct open_how how = {.flags = O_PATH | (follow ? 0 : O_NOFOLLOW), .resolve = resolve};
    struct stat found;
    bool sure = false;
    int fd = -1;

    *by_hand = false;
    if (!must_walk(place, path, resolve)) {
        fd = look(place, path, how, &sure);
        if (resolve && fd < 0)
            return fd;
        if (!sure && fd >= 0)
            close(fd);
    }
    *by_hand = !sure;
    if (!sure)
        fd = resolve & ~(uint64_t)RESOLVE_NO_MAGICLINKS ? -EACCES
                                                        : sg_walk(place, path, follow, !resolve);
    if (fd >= 0 && (fstat(fd, &found) ||
                    (major(found.st_dev) == 0 && sg_lookup_is_proc(fd) && sg_walk_is_ours(fd)))) {
        close(fd);
        return -EACCES;
    }
    return fd;
}

/* The last name alone is the kernel's to open: a link there may lead anywhere. */
static int create_by_hand(const struct sg_place *place, const char *path, struct open_how how)
{
    struct sg_place folder = {.root = -1};
    char end[NAME_MAX + 1];

    folder.base = sg_walk_to_end(place, path, !(how.flags & O_NOFOLLOW), end);
    if (folder.base < 0)
        return folder.base;
    how.resolve = RESOLVE_NO_SYMLINKS;
    int fd = *end ? ask_kernel(&folder, end, how) : -ELOOP;
    close(folder.base);
    return fd;
}

int sg_lookup_create(const struct sg_place *place, const char *path, const struct open_how *how,
                     bool by_hand)
{
    struct open_how mine = *how;

    if (by_hand)
        return how->resolve ? -EACCES : create_by_hand(place, path, *how);
    mine.resolve |= RESOLVE_NO_MAGICLINKS;
    return ask_kernel(place, path, mine);
}
