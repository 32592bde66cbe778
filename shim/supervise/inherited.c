/* inherited.c - goes through /proc/self/fd before the command begins. */
#include "shim/supervise/inherited.h"

#include "shim/supervise/vetting.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether bytes of a file can be had through it, opened with `flags`, by whoever has it after an
 * execve(). */
static bool is_readable_file(int fd, int flags, struct stat *found)
{
    return !(fcntl(fd, F_GETFD) & FD_CLOEXEC) && !(flags & (O_PATH | O_WRONLY)) &&
           fstat(fd, found) == 0 && S_ISREG(found->st_mode);
}

/* Who opened it nobody knows: we have it. */
static void introduce(struct sg_subject *subject)
{
    static char exe[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

    exe[len > 0 ? len : 0] = '\0';
    subject->exe = exe;
}

const char *sg_inherited_fault(const struct sg_policy *policy)
{
    static char fault[128];
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    bool refused = false;

    if (!folder) {
        snprintf(fault, sizeof(fault), "what is open already cannot be listed: %s",
                 strerror(errno));
        return fault;
    }
    while (!refused && (entry = readdir(folder))) {
        int fd = atoi(entry->d_name); /* NOLINT(cert-err34-c): names that the kernel made */
        int flags = fcntl(fd, F_GETFL);
        struct sg_subject subject = {.fd = fd, .event = SG_EVENT_OPEN, .introduce = introduce};
        if (entry->d_name[0] == '.' || !is_readable_file(fd, flags, &subject.st))
            continue;
        snprintf(fault, sizeof(fault), "/dev/fd/%d is open already, and refused", fd);
        refused = !sg_vetting(&subject, policy, flags);
    }
    closedir(folder);
    return refused ? fault : NULL;
}

static bool close_but(int a, int b, int c)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;

    if (!folder)
        return false;
    while ((entry = readdir(folder))) {
        int fd = atoi(entry->d_name); /* NOLINT(cert-err34-c): names that the kernel made */
        if (fd > STDERR_FILENO && fd != a && fd != b && fd != c && fd != dirfd(folder))
            close(fd);
    }
    closedir(folder);
    return true;
}

bool sg_inherited_close(int keep, int keep_too, int keep_also)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool done = null >= 0 && dup2(null, STDIN_FILENO) == STDIN_FILENO &&
                dup2(null, STDOUT_FILENO) == STDOUT_FILENO;

    return close_but(keep, keep_too, keep_also) && done;
}
