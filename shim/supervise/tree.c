/* tree.c - kills generation by generation: an orphan comes to us as a child. */
#include "shim/supervise/tree.h"

#include "shim/supervise/proc_text.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARENT_FIELD 4 /* of /proc/PID/stat */

bool sg_tree_adopt(void)
{
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

static void kill_children(void)
{
    DIR *folder = opendir("/proc");
    const struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        int pid = atoi(entry->d_name); /* NOLINT(cert-err34-c): a name that is none is 0 */
        if (pid > 0 && sg_proc_stat(pid, PARENT_FIELD) == getpid())
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
