/* case_load.c - entries that matter while a pickle is loaded: elsewhere they are what they were. */
#include "hookcase.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static ssize_t get(struct trial *trial)
{
    int fd = open(trial->path, O_RDONLY);

    return fd < 0 ? -1 : read_fill(fd, trial);
}

/* A local socket without a name in the file system is connected to, and answers. */
static ssize_t by_connect(struct trial *trial)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(name);
    int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);

    if (bind(server, (struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path)) ||
        listen(server, 1) || getsockname(server, (struct sockaddr *)&name, &len) ||
        connect(client, (struct sockaddr *)&name, len))
        return errno = EPROTO, -1;
    raw_close(server);
    raw_close(client);
    return get(trial);
}

struct answer {
    struct trial *trial;
    ssize_t got;
    int why;
};

static void *run(void *at)
{
    struct answer *answer = at;

    answer->got = get(answer->trial);
    answer->why = errno;
    return answer;
}

static ssize_t by_pthread_create(struct trial *trial)
{
    struct answer answer = {.trial = trial};
    pthread_t thread;
    void *result;

    if (pthread_create(&thread, NULL, run, &answer) || pthread_join(thread, &result) ||
        result != &answer)
        return errno = EPROTO, -1;
    if (answer.got < 0)
        errno = answer.why;
    return answer.got;
}

static ssize_t by_pthread_sigmask(struct trial *trial)
{
    sigset_t set, before, now;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    if (pthread_sigmask(SIG_BLOCK, &set, &before) || sigprocmask(SIG_BLOCK, NULL, &now) ||
        !sigismember(&now, SIGUSR2) || pthread_sigmask(SIG_SETMASK, &before, NULL))
        return errno = EPROTO, -1;
    return get(trial);
}

const struct hookcase cases_load[] = {
    {"connect", by_connect, 0},
    {"pthread_create", by_pthread_create, CASE_ELSEWHERE},
    {"pthread_sigmask", by_pthread_sigmask, 0},
    {NULL, NULL, 0},
};
