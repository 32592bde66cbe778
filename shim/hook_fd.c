/* hook_fd.c - descriptors' numbers change hands; the table is kept honest. */
#include "shim/fdtable.h"
#include "shim/hooks.h"
#include "shim/log_send.h"
#include "shim/raw.h"

/* Before the real close: afterwards the number may already be another thread's. */
SG_HOOK int close(int fd)
{
    sg_fd_forget(fd);
    return SG_REAL(close)(fd);
}

SG_HOOK int __close(int fd)
{
    sg_fd_forget(fd);
    return SG_REAL(__close)(fd);
}

static void forget_range(unsigned first, unsigned last)
{
    for (unsigned fd = first; fd <= last && fd < SG_FD_MAX; fd++)
        sg_fd_forget((int)fd);
}

/* New in glibc 2.34: on an older one the kernel, or the loop that it stands for, does it. */
SG_HOOK int close_range(unsigned first, unsigned last, int flags)
{
    __typeof__(&close_range) real = SG_REAL(close_range);

    if (!(flags & CLOSE_RANGE_CLOEXEC))
        forget_range(first, last);
    if (real)
        return real(first, last, flags);
    return (int)sg_raw_to_libc(SG_RAW(SYS_close_range, first, last, flags));
}

SG_HOOK void closefrom(int first)
{
    __typeof__(&closefrom) real = SG_REAL(closefrom);
    unsigned from = first < 0 ? 0 : (unsigned)first;

    forget_range(from, SG_FD_MAX);
    if (real)
        real(first);
    else if (SG_RAW(SYS_close_range, from, ~0u, 0) < 0)
        for (long fd = from, most = sysconf(_SC_OPEN_MAX); fd < most; fd++)
            (void)SG_RAW(SYS_close, fd);
}

static int copied(int from, int to)
{
    if (to >= 0 && to != from)
        sg_fd_copy(from, to);
    if (to == STDERR_FILENO)
        sg_send_stderr_is(false);
    return to;
}

SG_HOOK int dup(int fd)
{
    return copied(fd, SG_REAL(dup)(fd));
}

SG_HOOK int dup2(int from, int to)
{
    return copied(from, SG_REAL(dup2)(from, to));
}

SG_HOOK int __dup2(int from, int to)
{
    return copied(from, SG_REAL(__dup2)(from, to));
}

SG_HOOK int dup3(int from, int to, int flags)
{
    return copied(from, SG_REAL(dup3)(from, to, flags));
}

/* Every command takes one word or none, and libc itself reads one whatever the command is. */
#define WORD_AFTER(command)                                                                        \
    __extension__({                                                                                \
        va_list rest_;                                                                             \
        va_start(rest_, command);                                                                  \
        void *word_ = va_arg(rest_, void *);                                                       \
        va_end(rest_);                                                                             \
        word_;                                                                                     \
    })

static int controlled(int fd, int command, int result)
{
    bool duplicates = command == F_DUPFD || command == F_DUPFD_CLOEXEC;

    return duplicates ? copied(fd, result) : result;
}

SG_HOOK int fcntl(int fd, int command, ...)
{
    void *word = WORD_AFTER(command);

    return controlled(fd, command, SG_REAL(fcntl)(fd, command, word));
}

SG_HOOK int fcntl64(int fd, int command, ...)
{
    void *word = WORD_AFTER(command);

    return controlled(fd, command, SG_REAL(fcntl64)(fd, command, word));
}

SG_HOOK int __fcntl(int fd, int command, ...)
{
    void *word = WORD_AFTER(command);

    return controlled(fd, command, SG_REAL(__fcntl)(fd, command, word));
}
