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

/* "Groups:\t4 24 27 \n" */
static bool read_groups(const char *text, struct sg_target *target)
{
    const char *at = sg_proc_field(text, "\nGroups:");

    at = at ? at + strspn(at, " \t") : NULL;
    target->group_count = 0;
    while (at && *at != '\n') {
        char *end;
        unsigned long group = strtoul(at, &end, 10);
        if (end == at)
            return false;
        if (target->group_count == SG_GROUPS_MAX)
            return false;
        target->groups[target->group_count++] = (gid_t)group;
        at = end + strspn(end, " \t");
    }
    return at != NULL;
}

enum { PID, THREADS, UMASK, CAPS, PENDING_THREAD, PENDING_PROCESS, BLOCKED, IGNORED, NUMBERS };

static const struct {
    const char *name;
    int base;
} numbers[NUMBERS] = {
    [PID] = {"\nTgid:", 10},
    [THREADS] = {"\nThreads:", 10},
    [UMASK] = {"\nUmask:", 8},
    [CAPS] = {"\nCapEff:", 16},
    [PENDING_THREAD] = {"\nSigPnd:", 16},
    [PENDING_PROCESS] = {"\nShdPnd:", 16},
    [BLOCKED] = {"\nSigBlk:", 16},
    [IGNORED] = {"\nSigIgn:", 16},
};

/* The name, which a program chooses, stands first and holds no newline. */
bool sg_target_parse(const char *text, struct sg_target *target)
{
    uint64_t found[NUMBERS];

    for (unsigned i = 0; i < NUMBERS; i++)
        if (!sg_proc_number(text, numbers[i].name, numbers[i].base, &found[i]))
            return false;
    target->pid = (pid_t)found[PID];
    target->threads = (pid_t)found[THREADS];
    target->umask = (mode_t)found[UMASK];
    target->caps = found[CAPS];
    target->pending_thread = found[PENDING_THREAD];
    target->pending_process = found[PENDING_PROCESS];
    target->blocked = found[BLOCKED];
    target->ignored = found[IGNORED];
    return read_last_of_four(text, "\nUid:", &target->fsuid) &&
           read_last_of_four(text, "\nGid:", &target->fsgid) && read_groups(text, target);
}

bool sg_target_read(pid_t tid, struct sg_target *target)
{
    char text[SG_PROC_TEXT_MAX];

    return sg_proc_read(tid, "status", text, sizeof(text)) && sg_target_parse(text, target);
}
