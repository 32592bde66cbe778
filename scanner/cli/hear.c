/* hear.c - a child at the other end of a pipe. */
#include "cli/hear.h"

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t read_all(int fd, char *said, size_t most)
{
    size_t len = 0;

    while (len < most) {
        ssize_t got = read(fd, said + len, most - len);
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        len += got > 0 ? (size_t)got : 0;
    }
    return len;
}

bool sg_hear(void (*become)(const void *ctx, int out), const void *ctx, char *said, size_t cap,
             int *status)
{
    int pipes[2];

    if (pipe2(pipes, O_CLOEXEC))
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        become(ctx, pipes[1]);
        _exit(SG_EXIT_NO_EXEC);
    }
    int problem = errno;
    close(pipes[1]);
    said[pid > 0 ? read_all(pipes[0], said, cap - 1) : 0] = '\0';
    close(pipes[0]);
    while (pid > 0 && waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    errno = problem;
    return pid > 0;
}
