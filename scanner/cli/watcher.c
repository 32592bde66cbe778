/* watcher.c - a process that reads /proc/PID/maps of the one that started it. */
#include "cli/watcher.h"

#include "cli/mapped.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define LOOK_EVERY_MS 1

struct watched {
    pid_t pid;
    int pidfd; /* -1 on kernels without */
    const char *library;
};

static void stop(const struct watched *watched)
{
    long failed = -1;

#ifdef SYS_pidfd_send_signal
    if (watched->pidfd >= 0)
        failed = syscall(SYS_pidfd_send_signal, watched->pidfd, SIGKILL, NULL, 0);
#endif
    if (failed && watched->pidfd < 0)
        failed = kill(watched->pid, SIGKILL);
    fprintf(stderr, "safeguard: run: %s is not in process %d: %s\n", watched->library,
            (int)watched->pid, failed ? strerror(errno) : "killed");
}

static void watch(const struct watched *watched)
{
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
    int without = 0;

    for (int waited = 0; waited < PATIENCE_MS; waited += LOOK_EVERY_MS) {
        enum sg_mapped seen = sg_mapped_look(watched->pid, watched->library);
        if (seen == SG_MAPPED_GUARDED || seen == SG_MAPPED_GONE)
            return;
        /* One look is no snapshot: ours may have been mapped behind its back. The loader maps
         * ours before the C library, so a second look that finds the same is certain. */
        without = seen == SG_MAPPED_UNGUARDED ? without + 1 : 0;
        if (without == 2)
            break;
        nanosleep(&pause, NULL);
    }
    stop(watched);
}

/* Pipes that came from our caller must not stay open because of us. */
static void close_others(int keep, int keep_too)
{
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        int fd = atoi(entry->d_name); /* NOLINT(cert-err34-c): names the kernel made; "." is 0 */
        if (fd != STDERR_FILENO && fd != keep && fd != keep_too && fd != dirfd(folder))
            close(fd);
    }
    if (folder)
        closedir(folder);
}

/* The pipe ends without a byte when the program is executed, or when we are gone. */
static bool wait_for_exec(int fd)
{
    char byte;
    ssize_t got;

    do
        got = read(fd, &byte, 1);
    while (got < 0 && errno == EINTR);
    return got == 0;
}

static void be_watcher(const struct watched *watched, int fd)
{
    /* Not hit by what the terminal sends to the program. */
    setsid();
    close_others(fd, watched->pidfd);
    if (wait_for_exec(fd))
        watch(watched);
}

static int open_self(void)
{
#ifdef SYS_pidfd_open
    int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
#else
    return -1;
#endif
}

bool sg_watcher_start(struct sg_watcher *watcher, const char *library)
{
    struct watched watched = {.pid = getpid(), .pidfd = open_self(), .library = library};
    int pipes[2];

    if (pipe(pipes))
        return false;
    fcntl(pipes[1], F_SETFD, FD_CLOEXEC);
    pid_t child = fork();
    if (child == 0) {
        close(pipes[1]);
        /* Twice, so that the program does not come to have a child that it does not know. */
        pid_t grandchild = fork();
        if (grandchild == 0)
            be_watcher(&watched, pipes[0]);
        _exit(grandchild < 0 ? errno : 0);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    close(pipes[0]);
    if (watched.pidfd >= 0)
        close(watched.pidfd);
    watcher->fd = pipes[1];
    if (child > 0 && status == 0)
        return true;
    close(pipes[1]);
    errno = child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : EAGAIN;
    return false;
}

void sg_watcher_cancel(struct sg_watcher *watcher)
{
    if (write(watcher->fd, "x", 1) == 1)
        close(watcher->fd);
}
