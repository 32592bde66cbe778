/* fdlink.c - /proc/self/fd, by raw system calls. */
#include "shim/fdlink.h"

#include "shim/raw.h"

#include "policy/phrase.h"

void sg_fdlink_name(int fd, char *into)
{
    struct sg_phrase phrase = sg_phrase_open(into, SG_FDLINK_SIZE);

    sg_phrase_string(&phrase, "/proc/self/fd/");
    sg_phrase_number(&phrase, (uint64_t)fd);
}

size_t sg_fdlink_read(int fd, char *into, size_t cap)
{
    char link[SG_FDLINK_SIZE];

    sg_fdlink_name(fd, link);
    long len = SG_RAW(SYS_readlinkat, AT_FDCWD, link, into, cap);
    if (len <= 0 || (size_t)len >= cap)
        return 0;
    into[len] = '\0';
    return (size_t)len;
}

int sg_fdlink_reopen(int fd)
{
    char link[SG_FDLINK_SIZE];

    sg_fdlink_name(fd, link);
    return (int)SG_RAW(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
}
