/* case_fd.c - numbers change hands: what was cleared under one says nothing of the next file. */
#include "hookcase.h"

int __close(int fd);
int __dup2(int from, int to);
int __fcntl(int fd, int command, ...);
int close_range(unsigned first, unsigned last, int flags);
void closefrom(int first);

static ssize_t reuse(struct trial *trial, int before)
{
    int fd = raw_open(trial->path, O_RDONLY);

    return fd == before ? read_fill(fd, trial) : (errno = ECHILD, -1);
}

static ssize_t by_close(struct trial *trial)
{
    int fd = cleared_fd(trial);

    close(fd);
    return reuse(trial, fd);
}

static ssize_t by___close(struct trial *trial)
{
    int fd = cleared_fd(trial);

    __close(fd);
    return reuse(trial, fd);
}

static ssize_t by_close_range(struct trial *trial)
{
    int fd = cleared_fd(trial);

    /* Marked, it stays what it was. */
    if (close_range((unsigned)fd, (unsigned)fd, 1U << 2) || fcntl(fd, F_GETFD) != FD_CLOEXEC)
        return errno = EPROTO, -1;
    close_range((unsigned)fd, (unsigned)fd, 0);
    return reuse(trial, fd);
}

static ssize_t by_closefrom(struct trial *trial)
{
    int fd = cleared_fd(trial);

    closefrom(fd);
    return reuse(trial, fd);
}

static ssize_t duplicate(struct trial *trial, int from, int to)
{
    raw_close(from);
    return to < 0 ? -1 : read_fill(to, trial);
}

/* The number that dup() gives, the lowest, was another's: closed by a way no hook sees. */
static ssize_t by_dup(struct trial *trial)
{
    int before = cleared_fd(trial), from = raw_open(trial->path, O_RDONLY);

    raw_close(before);
    int to = dup(from);
    if (to != before)
        return errno = ECHILD, -1;
    return duplicate(trial, from, to);
}

static ssize_t by_dup2(struct trial *trial)
{
    int to = cleared_fd(trial), from = raw_open(trial->path, O_RDONLY);

    int before = errno;

    if (dup2(from, -1) != -1 || errno != EBADF)
        return errno = EPROTO, -1;
    errno = before;
    return duplicate(trial, from, dup2(from, to));
}

static ssize_t by___dup2(struct trial *trial)
{
    int to = cleared_fd(trial), from = raw_open(trial->path, O_RDONLY);

    return duplicate(trial, from, __dup2(from, to));
}

static ssize_t by_dup3(struct trial *trial)
{
    int to = cleared_fd(trial), from = raw_open(trial->path, O_RDONLY);

    return duplicate(trial, from, dup3(from, to, O_CLOEXEC));
}

/* The same with F_DUPFD. */
static ssize_t after_dupfd(struct trial *trial, int (*control)(int, int, ...), int command)
{
    int before = cleared_fd(trial), from = raw_open(trial->path, O_RDONLY);

    raw_close(before);
    int to = control(from, command, before);
    if (to != before)
        return errno = ECHILD, -1;
    return duplicate(trial, from, to);
}

static ssize_t by_fcntl(struct trial *trial)
{
    return after_dupfd(trial, fcntl, F_DUPFD);
}

static ssize_t by_fcntl64(struct trial *trial)
{
    return after_dupfd(trial, fcntl64, F_DUPFD_CLOEXEC);
}

static ssize_t by___fcntl(struct trial *trial)
{
    return after_dupfd(trial, __fcntl, F_DUPFD);
}

#define ROW_ALONE(symbol)                                                                          \
    {                                                                                              \
#symbol, by_##symbol, CASE_ALONE                                                           \
    }

const struct hookcase cases_fd[] = {
    ROW_ALONE(close), ROW_ALONE(__close),   ROW_ALONE(close_range),   ROW_ALONE(closefrom),
    ROW_ALONE(dup),   {"dup2", by_dup2, 0}, {"__dup2", by___dup2, 0}, {"dup3", by_dup3, 0},
    ROW_ALONE(fcntl), ROW_ALONE(fcntl64),   ROW_ALONE(__fcntl),       {NULL, NULL, 0},
};
