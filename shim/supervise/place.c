/* place.c - opens the directories of a supervised thread through /proc. */
#include "shim/supervise/place.h"

#include "shim/supervise/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct stat our_root, our_mounts;

bool sg_place_start(void)
{
    char self[16] = "";

    if (readlink("/proc/self", self, sizeof(self) - 1) < 0)
        return false;
    errno = ESRCH; /* of another namespace of processes */
    return strtol(self, NULL, 10) == getpid() && stat("/", &our_root) == 0 &&
           stat("/proc/self/ns/mnt", &our_mounts) == 0;
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

int sg_place_open(struct sg_place *place, pid_t tid, int dir, bool relative)
{
    int answer = 0;

    *place = (struct sg_place){.tid = tid, .root = -1, .base = AT_FDCWD};
    if (sg_rights_may_differ())
        answer = open_root(place);
    if (answer == 0 && relative)
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
