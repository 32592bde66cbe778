/* terminal.c - /dev/tty, by the number that the kernel tells. */
#include "shim/supervise/terminal.h"

#include "shim/supervise/lookup.h"
#include "shim/supervise/proc_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define TERMINAL_FIELD 7 /* of /proc/PID/stat */

/* As the kernel packs it for old programs: 12 bits of major, 20 of minor, split. */
static dev_t terminal_of(pid_t tid)
{
    long packed = sg_proc_stat(tid, TERMINAL_FIELD);

    return packed <= 0 ? 0
                       : makedev((unsigned)packed >> 8 & 0xfff,
                                 (packed & 0xff) | ((unsigned)packed >> 12 & 0xfff00));
}

void sg_terminal_name(dev_t number, char *path, size_t cap)
{
    unsigned at = minor(number);

    if (major(number) >= 136 && major(number) <= 143)
        snprintf(path, cap, "/dev/pts/%u", (major(number) - 136) << 20 | at);
    else if (major(number) == 4 && at < 64)
        snprintf(path, cap, "/dev/tty%u", at);
    else if (major(number) == 4)
        snprintf(path, cap, "/dev/ttyS%u", at - 64);
    else
        snprintf(path, cap, "/dev/console");
}

int sg_terminal_open(const struct sg_place *place, int flags)
{
    struct sg_place root = {.tid = place->tid, .root = place->root, .base = AT_FDCWD};
    dev_t number = terminal_of(place->tid);
    struct stat found;
    char path[64];
    bool by_hand;

    if (!number)
        return -ENXIO;
    sg_terminal_name(number, path, sizeof(path));
    int at = sg_lookup(&root, path, true, 0, &by_hand);
    if (at < 0)
        return -ENXIO;
    int fd = -ENXIO;
    if (fstat(at, &found) == 0 && S_ISCHR(found.st_mode) && found.st_rdev == number)
        fd = sg_reopen(at, flags);
    close(at);
    return fd;
}
