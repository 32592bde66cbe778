/* snapshot.c - reflinks and sealed memory files. */
#include "shim/snapshot.h"

#include "shim/fdlink.h"
#include "shim/filesystem.h"
#include "shim/raw.h"

#include <limits.h>
#include <linux/fs.h>
#include <sys/resource.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

#define PIECE (1u << 30) /* at most as much as one sendfile does */
#define BUFFER (256u << 10)
#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define KEPT_FLAGS (O_APPEND | O_NONBLOCK | O_NOATIME)

static void close_fd(int fd)
{
    if (fd >= 0)
        (void)SG_RAW(SYS_close, fd);
}

/* Where the file system cannot hand its pages on, knows no size, or gives few bytes at a time,
 * which sendfile takes for the end. */
static bool copy_by_hand(int from, int to, uint64_t most)
{
    char *buffer = sg_raw_map(BUFFER);
    uint64_t at = 0;
    long got = buffer ? 1 : -ENOMEM;

    while (got > 0 && at <= most) {
        got = sg_raw_pread_all(from, buffer, BUFFER, at);
        for (long done = 0, put = 0; done < got; done += put) {
            put = SG_RAW(SYS_pwrite64, to, buffer + done, got - done, at + (uint64_t)done);
            if (put <= 0)
                got = put = -EIO;
        }
        at += got > 0 ? (uint64_t)got : 0;
    }
    if (buffer)
        sg_raw_unmap(buffer, BUFFER);
    return got == 0;
}

/* To the end, wherever that is by now: the copy is what counts. */
static bool copy_all(int from, int to, uint64_t told, uint64_t most)
{
    uint64_t at = 0;

    while (at <= most) {
        uint64_t left = most + 1 - at;
        off_t here = (off_t)at;
        long got = SG_RAW(SYS_sendfile, to, from, &here, left < PIECE ? left : PIECE);
        if (got == -EINTR)
            continue;
        if ((at == 0 && (got == -EINVAL || got == -ENOSYS)) || (got == 0 && (at == 0 || at < told)))
            return copy_by_hand(from, to, most);
        if (got <= 0)
            return got == 0;
        at += (uint64_t)got;
    }
    return false;
}

/* Beyond this size of a file the process would be sent a signal that ends it. */
static uint64_t size_limit(void)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

    (void)SG_RAW(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &limit);
    return limit.rlim_cur;
}

static int make_memory(void)
{
    static const char name[] = "safeguard";
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    long fd = SG_RAW(SYS_memfd_create, name, flags | MFD_NOEXEC_SEAL);

    if (fd == -EINVAL) /* before Linux 6.3 */
        fd = SG_RAW(SYS_memfd_create, name, flags);
    return (int)fd;
}

static void copy_times(int to, const struct stat *st)
{
    struct timespec times[2] = {st->st_atim, st->st_mtim};

    (void)SG_RAW(SYS_utimensat, to, NULL, times, 0);
}

static int copy_to_memory(int from, const struct stat *st, uint64_t most)
{
    uint64_t limit = size_limit();

    if (most >= limit)
        most = limit ? limit - 1 : 0;
    if ((uint64_t)st->st_size > most)
        return -1;
    int to = make_memory();
    if (to < 0)
        return -1;
    (void)SG_RAW(SYS_fchmod, to, st->st_mode & 0777);
    if (copy_all(from, to, (uint64_t)st->st_size, most)) {
        copy_times(to, st);
        if (SG_RAW(SYS_fcntl, to, F_ADD_SEALS, SEALS) == 0)
            return to;
    }
    close_fd(to);
    return -1;
}

/* In the file's own folder, without a name there. */
static int make_beside(int fd)
{
    char *path = sg_raw_map(PATH_MAX);
    int made = -1;

    if (!path)
        return -1;
    size_t len = sg_fdlink_read(fd, path, PATH_MAX);
    while (len > 0 && path[len - 1] != '/')
        path[--len] = '\0';
    if (len > 0)
        made =
            (int)SG_RAW(SYS_openat, AT_FDCWD, path, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    sg_raw_unmap(path, PATH_MAX);
    return made;
}

static int clone_file(int from, const struct stat *st)
{
    int to = sg_filesystem_clones(from) ? make_beside(from) : -1;

    if (to < 0)
        return -1;
    if (SG_RAW(SYS_ioctl, to, FICLONE, from) < 0) {
        close_fd(to);
        return -1;
    }
    copy_times(to, st);
    return to;
}

/* What was opened for writing goes; only a sealed copy may be handed out as it is where there is
 * no /proc. */
static int for_reading(int copy, bool sealed)
{
    int reading = sg_fdlink_reopen(copy);

    if (reading < 0 && sealed)
        return (int)SG_RAW(SYS_lseek, copy, 0, SEEK_SET) == 0 ? copy : -1;
    close_fd(copy);
    return reading;
}

int sg_snapshot_take(int fd, const struct stat *st, uint64_t most)
{
    /* Through O_DIRECT not every piece can be read. */
    bool direct = SG_RAW(SYS_fcntl, fd, F_GETFL) & O_DIRECT;
    int from = direct ? sg_fdlink_reopen(fd) : fd;

    if (from < 0)
        return -1;
    int copy = clone_file(from, st);
    bool sealed = copy < 0;
    if (copy < 0)
        copy = copy_to_memory(from, st, most);
    if (from != fd)
        close_fd(from);
    return copy < 0 ? -1 : for_reading(copy, sealed);
}

bool sg_snapshot_put(int copy, int fd)
{
    long flags = SG_RAW(SYS_fcntl, fd, F_GETFL), close_on_exec = SG_RAW(SYS_fcntl, fd, F_GETFD);
    long offset = SG_RAW(SYS_lseek, fd, 0, SEEK_CUR);
    bool put = flags >= 0 && close_on_exec >= 0 && offset >= 0 &&
               SG_RAW(SYS_lseek, copy, offset, SEEK_SET) == offset;

    if (put && flags & KEPT_FLAGS)
        (void)SG_RAW(SYS_fcntl, copy, F_SETFL, flags & KEPT_FLAGS);
    put = put && SG_RAW(SYS_dup3, copy, fd, close_on_exec & FD_CLOEXEC ? O_CLOEXEC : 0) == fd;
    close_fd(copy);
    return put;
}
