/* target.c - reads /proc/TID/status. */
#include "shim/supervise/target.h"

#include "shim/supervise/proc_text.h"

#include <stdlib.h>
#include <string.h>

/* "Uid:\treal\teffective\tsaved\tfile system" */
static bool read_last_of_four(const char *text, const char *name, uint32_t *into)
{
    const char *at = sg_proc_field(text, name);
    char *end;

    for (int i = 0; at && i < 4; i++) {
        *into = (uint32_t)strtoul(at, &end, 10);
        at = end == at ? NULL : end;
    }
    return at != NULL;
}

static bool read_groups(const char *text, struct sg_target *target)
{
    const char *at = sg_proc_field(text, "\nGroups:");

    target->group_count = 0;
    while (at && *at && *at != '\n') {
        char *end;
        unsigned long group = strtoul(at, &end, 10);
        if (end == at)
            break;
        if (target->group_count == SG_GROUPS_MAX)
            return false;
        target->groups[target->group_count++] = (gid_t)group;
        at = end + strspn(end, " \t");
    }
    return at != NULL;
}

/* The name, which a program chooses, stands first and holds no newline. */
bool sg_target_read(pid_t tid, struct sg_target *target)
{
    char text[SG_PROC_TEXT_MAX];
    uint64_t pid = 0, threads = 0, mask = 0;

    if (!sg_proc_read(tid, "status", text, sizeof(text)) ||
        !sg_proc_number(text, "\nTgid:", 10, &pid) ||
        !sg_proc_number(text, "\nThreads:", 10, &threads) ||
        !sg_proc_number(text, "\nUmask:", 8, &mask) ||
        !read_last_of_four(text, "\nUid:", &target->fsuid) ||
        !read_last_of_four(text, "\nGid:", &target->fsgid) || !read_groups(text, target))
        return false;
    target->pid = (pid_t)pid;
    target->threads = (pid_t)threads;
    target->umask = (mode_t)mask;
    return sg_proc_number(text, "\nCapEff:", 16, &target->caps) &&
           sg_proc_number(text, "\nSigPnd:", 16, &target->pending_thread) &&
           sg_proc_number(text, "\nShdPnd:", 16, &target->pending_process) &&
           sg_proc_number(text, "\nSigBlk:", 16, &target->blocked) &&
           sg_proc_number(text, "\nSigIgn:", 16, &target->ignored);
}
