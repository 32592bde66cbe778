/* door.c - listens before a filter forbids it, and hands the socket on. */
#include "cli/door.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DOOR 3 /* where sd_listen_fds(3) has the first */
#define HOST_MAX 64

/* Takes "[::1]:80" apart. NULL where it is no such thing. */
static struct addrinfo *find(const char *address)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    const char *colon = strrchr(address, ':');
    char host[HOST_MAX];
    struct addrinfo *found;

    if (!colon || !colon[1] || colon == address)
        return NULL;
    size_t len = (size_t)(colon - address);
    bool brackets = len > 1 && *address == '[' && colon[-1] == ']';
    if (brackets) {
        address++;
        len -= 2;
    }
    if (!len || len >= sizeof(host) || (!brackets && memchr(address, ':', len)))
        return NULL;
    memcpy(host, address, len);
    host[len] = '\0';
    return getaddrinfo(host, colon + 1, &hints, &found) ? NULL : found;
}

static bool listens(int fd, const struct addrinfo *at)
{
    const int yes = 1;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
           bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0;
}

/* Descriptor 3, which the program inherits. */
static bool put_in_place(int fd)
{
    if (fd == DOOR)
        return fcntl(fd, F_SETFD, 0) == 0;
    return dup2(fd, DOOR) == DOOR && close(fd) == 0;
}

bool sg_door_open(const char *address, char *why, size_t cap)
{
    struct addrinfo *at = find(address);

    if (!at) {
        snprintf(why, cap, "no ADDRESS:PORT");
        return false;
    }
    bool is_free = fcntl(DOOR, F_GETFD) < 0;
    int fd = is_free ? socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    bool open = fd >= 0 && listens(fd, at) && put_in_place(fd);
    if (!open)
        snprintf(why, cap, "%s", is_free ? strerror(errno) : "descriptor 3 is in use already");
    freeaddrinfo(at);
    return open;
}

bool sg_door_tell(void)
{
    char pid[16];

    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    return setenv("LISTEN_PID", pid, 1) == 0 && setenv("LISTEN_FDS", "1", 1) == 0;
}
