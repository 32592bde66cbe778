/* case_open.c - a path becomes a descriptor. */
#include "hookcase.h"

int __open(const char *path, int flags, ...);
int __open64(const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);

#define OPENS(symbol, ...)                                                                         \
    static ssize_t by_##symbol(struct trial *trial)                                                \
    {                                                                                              \
        int fd = symbol(__VA_ARGS__);                                                              \
        return fd < 0 ? -1 : raw_fill(fd, trial);                                                  \
    }

OPENS(open, trial->path, O_RDONLY | O_CLOEXEC)
OPENS(open64, trial->path, O_RDWR)
OPENS(__open, trial->path, O_RDONLY)
OPENS(__open64, trial->path, O_RDONLY | O_CREAT, 0600)
OPENS(__open_2, trial->path, O_RDONLY)
OPENS(__open64_2, trial->path, O_RDONLY)
OPENS(openat, AT_FDCWD, trial->path, O_RDONLY | O_NONBLOCK)
OPENS(openat64, AT_FDCWD, trial->path, O_RDWR | O_APPEND)
OPENS(__openat_2, AT_FDCWD, trial->path, O_RDONLY)
OPENS(__openat64_2, AT_FDCWD, trial->path, O_RDONLY)

/* A creat() whose number the guard knew as another, cleared file's must make it forget that. */
static ssize_t after_creat(struct trial *trial, int (*create)(const char *, mode_t))
{
    char name[4096];
    int before = cleared_fd(trial);

    scratch_name(trial, name, sizeof(name));
    raw_close(before);
    int fd = create(name, 0600);
    unlink(name);
    if (fd != before)
        return errno = ECHILD, -1;
    raw_close(fd);
    fd = raw_open(trial->path, O_RDONLY);
    return fd == before ? read_fill(fd, trial) : (errno = ECHILD, -1);
}

static ssize_t by_creat(struct trial *trial)
{
    return after_creat(trial, creat);
}

static ssize_t by_creat64(struct trial *trial)
{
    return after_creat(trial, creat64);
}

static ssize_t by_open_by_handle_at(struct trial *trial)
{
    struct {
        struct file_handle head;
        char rest[MAX_HANDLE_SZ];
    } handle = {.head = {.handle_bytes = MAX_HANDLE_SZ}};
    int before = errno, mount_id;

    if (name_to_handle_at(AT_FDCWD, trial->path, &handle.head, &mount_id, 0) != 0)
        return errno = ENOTSUP, -1;
    int mount = raw_open(trial->path, O_RDONLY);
    int fd = open_by_handle_at(mount, &handle.head, O_RDONLY);
    raw_close(mount);
    if (fd < 0 && errno != EACCES)
        errno = ENOTSUP; /* not everybody may */
    if (fd < 0)
        return -1;
    errno = before;
    return raw_fill(fd, trial);
}

#define ROW(symbol)                                                                                \
    {                                                                                              \
#symbol, by_##symbol, 0                                                                    \
    }
#define ROW_ALONE(symbol)                                                                          \
    {                                                                                              \
#symbol, by_##symbol, CASE_ALONE                                                           \
    }

const struct hookcase cases_open[] = {
    ROW(open),
    ROW(open64),
    ROW(__open),
    ROW(__open64),
    ROW(__open_2),
    ROW(__open64_2),
    ROW(openat),
    ROW(openat64),
    ROW(__openat_2),
    ROW(__openat64_2),
    ROW_ALONE(creat),
    ROW_ALONE(creat64),
    ROW(open_by_handle_at),
    {NULL, NULL, 0},
};
