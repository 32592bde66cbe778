/* log_send.c - appends to files, sends to sockets, writes lines to standard error. */
#include "shim/log_send.h"

#include "shim/raw.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define KERNEL_SIGSET 8 /* bytes of a signal set, as the kernel counts */

static atomic_bool own_stderr;

/* A write into a pipe that nobody reads, or beyond the longest file that is allowed, would kill
 * the program: the signal is held back, and taken away unless one was waiting before. */
static bool write_quietly(int fd, const char *text, size_t len)
{
    uint64_t deadly = 1ull << (SIGPIPE - 1) | 1ull << (SIGXFSZ - 1), before = 0, waiting = 0;
    struct timespec at_once = {0, 0};

    (void)SG_RAW(SYS_rt_sigprocmask, SIG_BLOCK, &deadly, &before, KERNEL_SIGSET);
    (void)SG_RAW(SYS_rt_sigpending, &waiting, KERNEL_SIGSET);
    long done = SG_RAW(SYS_write, fd, text, len);
    uint64_t ours = deadly & ~waiting;
    if ((done == -EPIPE || done == -EFBIG) && ours)
        (void)SG_RAW(SYS_rt_sigtimedwait, &ours, NULL, &at_once, KERNEL_SIGSET);
    (void)SG_RAW(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, KERNEL_SIGSET);
    return done == (long)len;
}

/* Whether what is there ends in the middle of a line: a disk was full, or a process was killed,
 * whose write then ends with a page. So it may also seem while another process appends; to look for
 * a hole takes the lock that writers hold, so after it such a file has grown. */
static bool ends_in_a_line(const char *path, long fd)
{
    struct stat st = {0}, later = {0};
    char last = '\n';

    if (sg_raw_stat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
        return false;
    long again = SG_RAW(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (again < 0)
        return false;
    (void)SG_RAW(SYS_pread64, again, &last, 1, st.st_size - 1);
    if (last != '\n')
        (void)SG_RAW(SYS_lseek, again, 0, SEEK_HOLE);
    (void)SG_RAW(SYS_close, again);
    return last != '\n' && sg_raw_stat(fd, &later) == 0 && later.st_size == st.st_size;
}

bool sg_send_file(const char *path, const char *text, size_t len)
{
    long fd = SG_RAW(SYS_openat, AT_FDCWD, path,
                     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);

    if (fd < 0)
        return false;
    size_t skip = ends_in_a_line(path, fd) ? 0 : 1;
    bool done = write_quietly((int)fd, text + skip, len - skip);
    (void)SG_RAW(SYS_close, fd);
    return done;
}

static long send_as(int type, const struct sockaddr_un *to, const char *text, size_t len)
{
    long fd = SG_RAW(SYS_socket, AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return fd;
    long sent = SG_RAW(SYS_connect, fd, to, sizeof(*to));
    if (sent == 0)
        sent = SG_RAW(SYS_sendto, fd, text, len, MSG_NOSIGNAL, NULL, 0);
    (void)SG_RAW(SYS_close, fd);
    return sent;
}

bool sg_send_socket(const char *path, char *text, size_t len)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    memcpy(to.sun_path, path, strlen(path) + 1);
    long sent = send_as(SOCK_DGRAM, &to, text, len);
    if (sent == -EPROTOTYPE) {
        text[len++] = '\0';
        sent = send_as(SOCK_STREAM, &to, text, len);
    }
    return sent == (long)len;
}

void sg_send_stderr_is(bool own)
{
    atomic_store_explicit(&own_stderr, own, memory_order_relaxed);
}

/* Somebody closed standard error, and a data file has got its number. */
static bool is_data(void)
{
    struct stat st = {0};

    return atomic_load_explicit(&own_stderr, memory_order_relaxed) &&
           sg_raw_stat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode) &&
           !(SG_RAW(SYS_fcntl, STDERR_FILENO, F_GETFL) & O_APPEND);
}

bool sg_send_stderr(char *text, size_t len)
{
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    struct timespec at_once = {0, 0};

    if (len > PIPE_BUF) {
        len = PIPE_BUF;
        memcpy(text + len - 4, "...\n", 4);
    }
    if (is_data() || SG_RAW(SYS_ppoll, &ready, 1, &at_once, NULL, 0) != 1 ||
        !(ready.revents & POLLOUT))
        return false;
    return write_quietly(STDERR_FILENO, text, len);
}
