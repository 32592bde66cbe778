/* hook_read.c - bytes of a descriptor come in: it is vetted then if it was not before, or if the
 * file is no longer the one that was vetted. */
#include "shim/guard.h"
#include "shim/hooks.h"
#include "shim/raw.h"

/* From a place of its own whatever stands there now is read, also in place of what was cleared:
 * the next look decides. */
static bool may_read_at(int fd, off_t at)
{
    return at >= 0 ? sg_guard_use_again(fd, SG_EVENT_READ) : sg_guard_use(fd, SG_EVENT_READ);
}

/* Reads, and looks back whether what was read is what was vetted. */
#define READING(fd, at, reads)                                                                     \
    __extension__({                                                                                \
        int left_ = SG_GUARD_READS_AGAIN;                                                          \
        ssize_t got_;                                                                              \
        do                                                                                         \
            got_ = may_read_at(fd, at) ? (reads) : -1;                                             \
        while (sg_guard_again(fd, at, &got_, &left_));                                             \
        got_;                                                                                      \
    })

#define AT_OFFSET ((off_t)-1)

/* copy_file_range and splice read at `*at`, or where the descriptor's offset is. What has gone
 * elsewhere cannot be looked at when it is done: a look before is all there is. */
static bool may_move_from(int fd, const off_t *at)
{
    if (SG_FD_STATE(sg_fd_word(fd)) >= SG_FD_STILL)
        return sg_guard_vet(fd, SG_EVENT_READ);
    return may_read_at(fd, at ? *at : 0);
}

static ssize_t moved(int fd, ssize_t count)
{
    return count < 0 || sg_guard_look_back_at_move(fd) ? count : -1;
}

SG_HOOK ssize_t read(int fd, void *into, size_t len)
{
    return READING(fd, AT_OFFSET, SG_REAL(read)(fd, into, len));
}

SG_HOOK ssize_t __read(int fd, void *into, size_t len)
{
    return READING(fd, AT_OFFSET, SG_REAL(__read)(fd, into, len));
}

SG_HOOK ssize_t __read_chk(int fd, void *into, size_t len, size_t room)
{
    return READING(fd, AT_OFFSET, SG_REAL(__read_chk)(fd, into, len, room));
}

SG_HOOK ssize_t readv(int fd, const struct iovec *into, int count)
{
    return READING(fd, AT_OFFSET, SG_REAL(readv)(fd, into, count));
}

SG_HOOK ssize_t pread(int fd, void *into, size_t len, off_t at)
{
    return READING(fd, at, SG_REAL(pread)(fd, into, len, at));
}

SG_HOOK ssize_t pread64(int fd, void *into, size_t len, off_t at)
{
    return READING(fd, at, SG_REAL(pread64)(fd, into, len, at));
}

SG_HOOK ssize_t __pread64(int fd, void *into, size_t len, off_t at)
{
    return READING(fd, at, SG_REAL(__pread64)(fd, into, len, at));
}

SG_HOOK ssize_t __pread_chk(int fd, void *into, size_t len, off_t at, size_t room)
{
    return READING(fd, at, SG_REAL(__pread_chk)(fd, into, len, at, room));
}

SG_HOOK ssize_t __pread64_chk(int fd, void *into, size_t len, off_t at, size_t room)
{
    return READING(fd, at, SG_REAL(__pread64_chk)(fd, into, len, at, room));
}

SG_HOOK ssize_t preadv(int fd, const struct iovec *into, int count, off_t at)
{
    return READING(fd, at, SG_REAL(preadv)(fd, into, count, at));
}

SG_HOOK ssize_t preadv64(int fd, const struct iovec *into, int count, off_t at)
{
    return READING(fd, at, SG_REAL(preadv64)(fd, into, count, at));
}

SG_HOOK ssize_t preadv2(int fd, const struct iovec *into, int count, off_t at, int flags)
{
    return READING(fd, at, SG_REAL(preadv2)(fd, into, count, at, flags));
}

SG_HOOK ssize_t preadv64v2(int fd, const struct iovec *into, int count, off_t at, int flags)
{
    return READING(fd, at, SG_REAL(preadv64v2)(fd, into, count, at, flags));
}

/* An allocator may map memory before the loader can look a name up: the kernel is then asked. */
SG_HOOK void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
    __typeof__(&mmap) real = sg_real_known(SG_HOOK_mmap);

    if (!(flags & MAP_ANONYMOUS) && !sg_guard_unseen(fd, SG_EVENT_MMAP, NULL))
        return MAP_FAILED;
    if (!real)
        return (void *)sg_raw_to_libc(SG_RAW(SYS_mmap, at, len, prot, flags, fd, offset));
    return real(at, len, prot, flags, fd, offset);
}

SG_HOOK void *mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
    __typeof__(&mmap64) real = sg_real_known(SG_HOOK_mmap64);

    if (!(flags & MAP_ANONYMOUS) && !sg_guard_unseen(fd, SG_EVENT_MMAP, NULL))
        return MAP_FAILED;
    if (!real)
        return (void *)sg_raw_to_libc(SG_RAW(SYS_mmap, at, len, prot, flags, fd, offset));
    return real(at, len, prot, flags, fd, offset);
}

SG_HOOK ssize_t sendfile(int out, int in, off_t *at, size_t len)
{
    return may_move_from(in, at) ? moved(in, SG_REAL(sendfile)(out, in, at, len)) : -1;
}

SG_HOOK ssize_t sendfile64(int out, int in, off_t *at, size_t len)
{
    return may_move_from(in, at) ? moved(in, SG_REAL(sendfile64)(out, in, at, len)) : -1;
}

SG_HOOK ssize_t copy_file_range(int in, off_t *in_at, int out, off_t *out_at, size_t len,
                                unsigned flags)
{
    if (!may_move_from(in, in_at))
        return -1;
    return moved(in, SG_REAL(copy_file_range)(in, in_at, out, out_at, len, flags));
}

SG_HOOK ssize_t splice(int in, off_t *in_at, int out, off_t *out_at, size_t len, unsigned flags)
{
    if (!may_move_from(in, in_at))
        return -1;
    return moved(in, SG_REAL(splice)(in, in_at, out, out_at, len, flags));
}

/* Only to ask where the offset is leads nowhere. */
static void going_elsewhere(int fd, off_t offset, int whence)
{
    if (whence != SEEK_CUR || offset != 0)
        sg_fd_refresh(fd);
}

SG_HOOK off_t lseek(int fd, off_t offset, int whence)
{
    going_elsewhere(fd, offset, whence);
    return SG_REAL(lseek)(fd, offset, whence);
}

SG_HOOK off_t lseek64(int fd, off_t offset, int whence)
{
    going_elsewhere(fd, offset, whence);
    return SG_REAL(lseek64)(fd, offset, whence);
}
