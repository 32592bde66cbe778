/* proc_text.c - reads /proc without stdio's buffers. */
#include "shim/supervise/proc_text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_FIELD 2u /* of /proc/PID/stat, in brackets */

bool sg_proc_read(pid_t pid, const char *what, char *into, size_t cap)
{
    char path[64];
    size_t len = 0;
    ssize_t got = 1;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && len < cap - 1 && got > 0) {
        got = read(fd, into + len, cap - 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0)
        close(fd);
    into[len] = '\0';
    return len > 0;
}

const char *sg_proc_field(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at ? at + strlen(name) : NULL;
}

bool sg_proc_number(const char *text, const char *name, int base, uint64_t *into)
{
    const char *at = sg_proc_field(text, name);

    if (at)
        *into = strtoull(at, NULL, base);
    return at != NULL;
}

/* The name may hold anything, brackets too, but no later field does. */
long sg_proc_stat(pid_t pid, unsigned field)
{
    char text[1024], *end;

    if (!sg_proc_read(pid, "stat", text, sizeof(text)))
        return -1;
    const char *at = strrchr(text, ')');
    for (unsigned i = NAME_FIELD; at && i < field; i++)
        at = strchr(at + 1, ' ');
    if (!at)
        return -1;
    long number = strtol(at, &end, 10);
    return end == at ? -1 : number;
}
