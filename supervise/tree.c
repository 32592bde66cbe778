/* tree.c - kills generation by generation: an orphan comes to us as a child. */
#include "supervise/tree.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

bool sg_tree_adopt(void)
{
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

static int parent_of(const char *pid)
{
    char path[64], text[512];
    int parent = -1;

    snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = '\0';
    const char *end = strrchr(text, ')');
    return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : -1;
}

static void kill_children(void)
{
    DIR *folder = opendir("/proc");
    const struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        int pid = atoi(entry->d_name); /* NOLINT(cert-err34-c): a name that is none is 0 */
        if (pid > 0 && parent_of(entry->d_name) == getpid())
            kill(pid, SIGKILL);
    }
    if (folder)
        closedir(folder);
}

/* One that was forked while its parent was killed comes in the next round. */
void sg_tree_kill(void)
{
    pid_t ended;

    do {
        kill_children();
        ended = waitpid(-1, NULL, 0);
    } while (ended > 0 || errno == EINTR);
}
