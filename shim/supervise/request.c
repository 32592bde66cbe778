/* request.c - the kernel's notifications, with the memory behind their arguments. */
#include "shim/supervise/request.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096u

/* What the kernel takes from the arguments of open() and openat(); the rest it passes over. */
#define OPEN_FLAGS                                                                                 \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |          \
     O_DSYNC | O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME |           \
     O_CLOEXEC | O_PATH | O_TMPFILE)
#define MODE_BITS 07777

int sg_request_wait(int listener, struct sg_request *request)
{
    request->listener = listener;
    memset(&request->call, 0, sizeof(request->call));
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request->call) ? -errno : 0;
}

bool sg_request_is_valid(const struct sg_request *request)
{
    uint64_t id = request->call.id;

    return ioctl(request->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static int send_answer(const struct sg_request *request, long value, int error, uint32_t flags)
{
    struct seccomp_notif_resp answer = {
        .id = request->call.id, .val = value, .error = error, .flags = flags};

    return ioctl(request->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) ? -errno : 0;
}

int sg_request_fail(const struct sg_request *request, int error)
{
    return send_answer(request, 0, error, 0);
}

int sg_request_return(const struct sg_request *request, long value)
{
    return send_answer(request, value, 0, 0);
}

int sg_request_let_go_on(const struct sg_request *request)
{
    return send_answer(request, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

static int add_descriptor(const struct sg_request *request, int fd, uint32_t flags)
{
    struct seccomp_notif_addfd give = {
        .id = request->call.id,
        .flags = flags,
        .srcfd = (uint32_t)fd,
        .newfd_flags = request->how.flags & O_CLOEXEC ? O_CLOEXEC : 0,
    };
    int given = ioctl(request->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &give);
    int error = errno;

    close(fd);
    return given < 0 ? -error : given;
}

/* In one step the thread may run before we have closed our own: a program that was written would
 * be busy still, a device in use. */
int sg_request_give(const struct sg_request *request, int fd)
{
    struct stat given;
    bool harmless = (request->how.flags & O_ACCMODE) == O_RDONLY && fstat(fd, &given) == 0 &&
                    S_ISREG(given.st_mode);

    if (harmless)
        return add_descriptor(request, fd, SECCOMP_ADDFD_FLAG_SEND);
    int number = add_descriptor(request, fd, 0);
    return number < 0 ? number : sg_request_return(request, number);
}

static long read_memory(const struct sg_request *request, uint64_t from, void *into, size_t len)
{
    struct iovec mine = {into, len}, theirs = {(void *)(uintptr_t)from, len};
    long got = process_vm_readv((pid_t)request->call.pid, &mine, 1, &theirs, 1, 0);

    return got < 0 ? -errno : got;
}

long sg_request_write(const struct sg_request *request, uint64_t to, const void *from, size_t len)
{
    struct iovec mine = {(void *)(uintptr_t)from, len}, theirs = {(void *)(uintptr_t)to, len};
    long put = process_vm_writev((pid_t)request->call.pid, &mine, 1, &theirs, 1, 0);

    return put < 0 ? -errno : put;
}

/* Page by page: the one behind the path may not be there. */
static int read_path(struct sg_request *request, uint64_t at)
{
    size_t len = 0;

    while (len < sizeof(request->path)) {
        size_t most = PAGE - (at + len) % PAGE;
        if (most > sizeof(request->path) - len)
            most = sizeof(request->path) - len;
        long got = read_memory(request, at + len, request->path + len, most);
        if (got < 0)
            return (int)got;
        if (memchr(request->path + len, '\0', (size_t)got))
            return *request->path ? 0 : -ENOENT;
        len += (size_t)got;
    }
    return -ENAMETOOLONG;
}

/* The kernel looks at the flags before it looks for the path: without one it is they or EFAULT. */
static int check_how(const struct open_how *how)
{
    (void)syscall(SYS_openat2, AT_FDCWD, NULL, how, sizeof(*how));
    if (errno != EFAULT)
        return -errno;
    if (how->flags & O_PATH)
        return -ENOSYS; /* such a descriptor cannot be given, and openat() is there for it */
    /* Nothing is ever at hand that fast: such callers ask again without it. */
    return how->resolve & RESOLVE_CACHED ? -EAGAIN : 0;
}

static int read_how(struct sg_request *request, uint64_t at, uint64_t size)
{
    char bytes[PAGE] = {0};

    if (size < sizeof(request->how))
        return -EINVAL;
    if (size > sizeof(bytes))
        return -E2BIG;
    long got = read_memory(request, at, bytes, (size_t)size);
    if (got != (long)size)
        return got < 0 ? (int)got : -EFAULT;
    for (size_t i = sizeof(request->how); i < size; i++)
        if (bytes[i])
            return -E2BIG;
    memcpy(&request->how, bytes, sizeof(request->how));
    return check_how(&request->how);
}

/* A file without a name comes with O_DIRECTORY, which the filter lets through. */
static int take_how(struct sg_request *request, uint64_t flags, uint64_t mode)
{
    request->how = (struct open_how){.flags = flags & OPEN_FLAGS,
                                     .mode = flags & O_CREAT ? mode & MODE_BITS : 0};
    /* The kernel is particular about no other flag here. */
    return flags & (O_TMPFILE & ~O_DIRECTORY) ? check_how(&request->how) : 0;
}

int sg_request_read_open(struct sg_request *request)
{
    const uint64_t *args = (const uint64_t *)request->call.data.args;
    int answer = 0;

    request->dir = (int)args[0];
    switch (request->call.data.nr) {
#ifdef SYS_open
    case SYS_open:
        request->dir = AT_FDCWD;
        answer = take_how(request, (uint32_t)args[1], args[2]);
        return answer < 0 ? answer : read_path(request, args[0]);
#endif
    case SYS_openat:
        answer = take_how(request, (uint32_t)args[2], args[3]);
        return answer < 0 ? answer : read_path(request, args[1]);
    default: /* openat2 */
        answer = read_how(request, args[2], args[3]);
        return answer < 0 ? answer : read_path(request, args[1]);
    }
}
