/* case_ways.c - ways round the opening by path: what arrives otherwise, or changes afterwards. */
#include "hookcase.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

static ssize_t failed(void)
{
    errno = ECHILD;
    return -1;
}

/* The wanted bytes into another file, by no hook; its offset is then at the beginning. */
static bool copy_to(int fd, struct trial *trial)
{
    ssize_t len = raw_fill(raw_open(trial->path, O_RDONLY), trial);
    bool written = syscall(SYS_pwrite64, fd, trial->bytes, len, 0) == len;

    memset(trial->bytes, 0, sizeof(trial->bytes));
    return written;
}

static ssize_t by_memfd(struct trial *trial)
{
    int fd = memfd_create("model", 0);

    return copy_to(fd, trial) ? read_fill(fd, trial) : failed();
}

static ssize_t by_tmpfile(struct trial *trial)
{
    char folder[4096];

    snprintf(folder, sizeof(folder), "%s", trial->path);
    *strrchr(folder, '/') = '\0';
    int fd = open(folder, O_RDWR | O_TMPFILE, 0600);
    if (fd < 0)
        return errno = ENOTSUP, -1;
    return copy_to(fd, trial) ? read_fill(fd, trial) : failed();
}

static ssize_t by_socket(struct trial *trial)
{
    char byte = 0, room[CMSG_SPACE(sizeof(int))];
    struct iovec vector = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    int ends[2], fd = raw_open(trial->path, O_RDONLY);

    *head = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(head), &fd, sizeof(fd));
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0 || sendmsg(ends[0], &message, 0) != 1)
        return failed();
    raw_close(fd);
    if (recvmsg(ends[1], &message, 0) != 1)
        return failed();
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
    raw_close(ends[0]);
    raw_close(ends[1]);
    return read_fill(fd, trial);
}

static ssize_t by_o_path(struct trial *trial)
{
    char name[64];
    int handle = open(trial->path, O_PATH);

    if (handle < 0)
        return failed();
    snprintf(name, sizeof(name), "/proc/self/fd/%d", handle);
    int fd = open(name, O_RDONLY);
    raw_close(handle);
    return fd < 0 ? -1 : raw_fill(fd, trial);
}

static ssize_t by_hard_link(struct trial *trial)
{
    char name[4096];

    scratch_name(trial, name, sizeof(name));
    if (link(trial->path, name) != 0)
        return failed();
    int before = errno, fd = open(name, O_RDONLY);
    unlink(name);
    errno = fd < 0 ? errno : before;
    return fd < 0 ? -1 : raw_fill(fd, trial);
}

/* O_DIRECT asks for aligned memory, which our own look at the file must not stumble over. */
static ssize_t by_o_direct(struct trial *trial)
{
    int before = errno, fd = open(trial->path, O_RDONLY | O_DIRECT);

    if (fd < 0) {
        if (errno == EINVAL)
            errno = ENOTSUP;
        return -1;
    }
    fcntl(fd, F_SETFL, 0);
    errno = before;
    return raw_fill(fd, trial);
}

static int scratch_file(const struct trial *trial, const char *text, char *name, size_t cap)
{
    scratch_name(trial, name, cap);
    int fd = raw_open(name, O_RDWR | O_CREAT | O_TRUNC);
    (void)!syscall(SYS_write, fd, text, strlen(text));
    return fd;
}

/* Opened while it held `text`, read when it holds the wanted bytes. */
static ssize_t after_change(struct trial *trial, const char *text, int flags)
{
    char name[4096];
    int other = scratch_file(trial, text, name, sizeof(name));
    int fd = open(name, flags);

    unlink(name);
    if (fd < 0 || !copy_to(other, trial))
        return failed();
    raw_close(other);
    return read_fill(fd, trial);
}

static ssize_t by_rewritten(struct trial *trial)
{
    return after_change(trial, "text\n", O_RDONLY);
}

static ssize_t by_rewritten_model(struct trial *trial)
{
    return after_change(trial, "(lp0\nI1\na.", O_RDONLY);
}

static ssize_t by_grown(struct trial *trial)
{
    return after_change(trial, "", O_RDONLY);
}

static ssize_t by_grown_rdwr(struct trial *trial)
{
    return after_change(trial, "", O_RDWR);
}

/* Read once while harmless; then written through the same descriptor and read back. */
static ssize_t by_written_back(struct trial *trial)
{
    char name[4096], byte;

    raw_close(scratch_file(trial, "harmless", name, sizeof(name)));
    int fd = open(name, O_RDWR);
    unlink(name);
    if (fd < 0 || read(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1 || !copy_to(fd, trial))
        return failed();
    lseek(fd, 0, SEEK_SET);
    return read_fill(fd, trial);
}

static ssize_t by_seek_from_the_end(struct trial *trial)
{
    return after_seek(trial, lseek, SEEK_END);
}

static ssize_t by_seek_from_here(struct trial *trial)
{
    return after_seek(trial, lseek, SEEK_CUR);
}

/* A clean model was read in part when it was replaced in place. */
static ssize_t by_pread_of_rewritten(struct trial *trial)
{
    char name[4096], byte;
    int other = scratch_file(trial, "(lp0\nI1\na.", name, sizeof(name));
    int fd = open(name, O_RDONLY);

    unlink(name);
    if (fd < 0 || pread(fd, &byte, 1, 3) != 1 || !copy_to(other, trial))
        return failed();
    raw_close(other);
    ssize_t got = pread(fd, trial->bytes, sizeof(trial->bytes), 0);
    raw_close(fd);
    return got;
}

/* Opened and begun to be read when it was text, then replaced in place through `*other`, which
 * stays open; -1: one of that failed. */
static int open_replaced(struct trial *trial, int *other)
{
    char name[4096], byte;
    int fd;

    *other = scratch_file(trial, "text\n", name, sizeof(name));
    fd = open(name, O_RDONLY);
    unlink(name);
    if (fd < 0 || read(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1 || !copy_to(*other, trial))
        return -1;
    return fd;
}

/* Looked at when it was text; what is had then is not its beginning. */
static ssize_t by_pread_behind_the_head(struct trial *trial)
{
    int other, fd = open_replaced(trial, &other);

    if (fd < 0)
        return failed();
    raw_close(other);
    ssize_t got = pread(fd, trial->bytes + 1, sizeof(trial->bytes) - 1, 1);
    if (got > 0 && syscall(SYS_pread64, fd, trial->bytes, 1, 0) == 1)
        got++;
    raw_close(fd);
    return got;
}

static ssize_t by_mmap_of_rewritten(struct trial *trial)
{
    int other, fd = open_replaced(trial, &other);

    if (fd < 0)
        return failed();
    off_t len = lseek(other, 0, SEEK_END);
    raw_close(other);
    char *at = mmap(NULL, (size_t)len, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    raw_close(fd);
    if (at == MAP_FAILED)
        return -1;
    memcpy(trial->bytes, at, (size_t)len);
    munmap(at, (size_t)len);
    return len;
}

/* A vfork's child shares our memory, not our descriptors: what it does to its own numbers must
 * not speak for ours. */
static ssize_t by_vfork(struct trial *trial)
{
    volatile int fd = raw_open(trial->path, O_RDONLY);
    int ends[2];

    if (pipe(ends) != 0 || syscall(SYS_write, ends[1], "xy", 2) != 2)
        return failed();
    pid_t pid = vfork();
    if (pid == 0) {
        char byte;
        dup2(ends[0], fd);
        _exit(read(fd, &byte, 1) == 1 ? 0 : 1);
    }
    raw_close(ends[0]);
    raw_close(ends[1]);
    int status = 1;
    waitpid(pid, &status, 0);
    return status == 0 ? read_fill(fd, trial) : failed();
}

/* Beyond the table of descriptors. */
static ssize_t by_high_number(struct trial *trial)
{
    struct rlimit most = {20000, 20000};
    int fd = raw_open(trial->path, O_RDONLY), before = errno;

    setrlimit(RLIMIT_NOFILE, &most);
    int high = (int)syscall(SYS_fcntl, fd, F_DUPFD, 17000);
    raw_close(fd);
    errno = high < 0 ? ENOTSUP : before;
    return high < 0 ? -1 : read_fill(high, trial);
}

static ssize_t by_standard_input(struct trial *trial)
{
    int fd = raw_open(trial->path, O_RDONLY);

    if (fd != 0 && syscall(SYS_dup3, fd, 0, 0) == 0)
        raw_close(fd);
    return read_fill(0, trial);
}

#define ROW(way)                                                                                   \
    {                                                                                              \
#way, by_##way, CASE_WAY                                                                   \
    }
#define ROW_ALONE(way)                                                                             \
    {                                                                                              \
#way, by_##way, CASE_WAY | CASE_ALONE                                                      \
    }

const struct hookcase cases_ways[] = {
    ROW(memfd),
    ROW(tmpfile),
    ROW(socket),
    ROW(o_path),
    ROW(hard_link),
    ROW(o_direct),
    ROW(rewritten),
    ROW(rewritten_model),
    ROW(grown),
    ROW(grown_rdwr),
    ROW(written_back),
    ROW(seek_from_the_end),
    ROW(seek_from_here),
    ROW(pread_of_rewritten),
    ROW(pread_behind_the_head),
    ROW(mmap_of_rewritten),
    ROW_ALONE(vfork),
    ROW_ALONE(high_number),
    ROW_ALONE(standard_input),
    {NULL, NULL, 0},
};
