/* case_read.c - bytes of a descriptor that came by a way no hook saw. */
#include "hookcase.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

ssize_t __read(int fd, void *into, size_t len);
ssize_t __read_chk(int fd, void *into, size_t len, size_t room);
ssize_t __pread64(int fd, void *into, size_t len, off_t at);
ssize_t __pread_chk(int fd, void *into, size_t len, off_t at, size_t room);
ssize_t __pread64_chk(int fd, void *into, size_t len, off_t at, size_t room);

#define READS(symbol, ...)                                                                         \
    static ssize_t by_##symbol(struct trial *trial)                                                \
    {                                                                                              \
        int fd = raw_open(trial->path, O_RDONLY);                                                  \
        struct iovec vector = {trial->bytes, sizeof(trial->bytes)};                                \
        (void)vector;                                                                              \
        ssize_t got = symbol(fd, __VA_ARGS__);                                                     \
        raw_close(fd);                                                                             \
        return got;                                                                                \
    }

#define INTO trial->bytes, sizeof(trial->bytes)

READS(read, INTO)
READS(__read, INTO)
READS(__read_chk, INTO, sizeof(trial->bytes))
READS(readv, &vector, 1)
READS(pread, INTO, 0)
READS(pread64, INTO, 0)
READS(__pread64, INTO, 0)
READS(__pread_chk, INTO, 0, sizeof(trial->bytes))
READS(__pread64_chk, INTO, 0, sizeof(trial->bytes))
READS(preadv, &vector, 1, 0)
READS(preadv64, &vector, 1, 0)
READS(preadv2, &vector, 1, 0, 0)
READS(preadv64v2, &vector, 1, 0, 0)

static ssize_t after_mmap(struct trial *trial, void *(*map)(void *, size_t, int, int, int, off_t))
{
    int fd = raw_open(trial->path, O_RDONLY);
    struct stat st;

    fstat(fd, &st);
    size_t len = (size_t)st.st_size;
    void *at = map(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    raw_close(fd);
    if (at == MAP_FAILED)
        return -1;
    memcpy(trial->bytes, at, len);
    munmap(at, len);
    return (ssize_t)len;
}

static ssize_t by_mmap(struct trial *trial)
{
    return after_mmap(trial, mmap);
}

static ssize_t by_mmap64(struct trial *trial)
{
    return after_mmap(trial, mmap64);
}

enum mover { SENDFILE, SENDFILE64, COPY_FILE_RANGE, SPLICE };

static ssize_t move(enum mover mover, int in, int out)
{
    off_t at = 0;

    switch (mover) {
    case SENDFILE:
        return sendfile(out, in, NULL, TRIAL_BYTES / 2);
    case SENDFILE64:
        return sendfile64(out, in, &at, TRIAL_BYTES / 2);
    case COPY_FILE_RANGE:
        return copy_file_range(in, &at, out, NULL, TRIAL_BYTES / 2, 0);
    default:
        return splice(in, &at, out, NULL, TRIAL_BYTES / 2, 0);
    }
}

/* Into a pipe, or for copy_file_range into a file, and from there by raw reads. */
static ssize_t after_move(struct trial *trial, enum mover mover)
{
    char name[4096];
    int in = raw_open(trial->path, O_RDONLY), ends[2];

    if (mover == COPY_FILE_RANGE) {
        scratch_name(trial, name, sizeof(name));
        ends[1] = raw_open(name, O_RDWR | O_CREAT | O_TRUNC);
        ends[0] = raw_open(name, O_RDONLY);
        unlink(name);
    } else if (pipe(ends) != 0) {
        return -1;
    }
    int before = errno;
    if (move(mover, in, -1) != -1 || (errno != EBADF && errno != EACCES))
        return errno = EPROTO, -1;
    errno = before;
    ssize_t moved = move(mover, in, ends[1]);
    int why = errno;
    raw_close(in);
    raw_close(ends[1]);
    ssize_t got = raw_fill(ends[0], trial);
    errno = why;
    return moved < 0 ? -1 : got;
}

static ssize_t by_sendfile(struct trial *trial)
{
    return after_move(trial, SENDFILE);
}

static ssize_t by_sendfile64(struct trial *trial)
{
    return after_move(trial, SENDFILE64);
}

static ssize_t by_copy_file_range(struct trial *trial)
{
    return after_move(trial, COPY_FILE_RANGE);
}

static ssize_t by_splice(struct trial *trial)
{
    return after_move(trial, SPLICE);
}

ssize_t after_seek(struct trial *trial, off_t (*seek)(int, off_t, int), int whence)
{
    char name[4096], byte;
    int from = raw_open(trial->path, O_RDONLY);
    ssize_t len = raw_fill(from, trial);

    scratch_name(trial, name, sizeof(name));
    int other = raw_open(name, O_RDWR | O_CREAT | O_TRUNC);
    (void)!syscall(SYS_write, other, "text\n", 5);
    int fd = open(name, O_RDONLY);
    unlink(name);
    if (fd < 0 || read(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
        return errno = ECHILD, -1;
    (void)!syscall(SYS_pwrite64, other, trial->bytes, len, 0);
    raw_close(other);
    memset(trial->bytes, 0, sizeof(trial->bytes));
    off_t back = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? -2 : -len;
    return seek(fd, back, whence) == 0 ? read_fill(fd, trial) : (errno = ECHILD, -1);
}

static ssize_t by_lseek(struct trial *trial)
{
    return after_seek(trial, lseek, SEEK_SET);
}

static ssize_t by_lseek64(struct trial *trial)
{
    return after_seek(trial, lseek64, SEEK_SET);
}

#define ROW(symbol)                                                                                \
    {                                                                                              \
#symbol, by_##symbol, 0                                                                    \
    }

const struct hookcase cases_read[] = {
    ROW(read),     ROW(__read),     ROW(__read_chk),      ROW(readv),         ROW(pread),
    ROW(pread64),  ROW(__pread64),  ROW(__pread_chk),     ROW(__pread64_chk), ROW(preadv),
    ROW(preadv64), ROW(preadv2),    ROW(preadv64v2),      ROW(mmap),          ROW(mmap64),
    ROW(sendfile), ROW(sendfile64), ROW(copy_file_range), ROW(splice),        ROW(lseek),
    ROW(lseek64),  {NULL, NULL, 0},
};
