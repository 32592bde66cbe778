/* target.h - what /proc tells of a supervised thread. */
#ifndef SG_TARGET_H
#define SG_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SG_GROUPS_MAX 1024u /* supplementary groups; of a thread with more nothing is opened */

struct sg_target {
    pid_t pid, threads;
    mode_t umask;
    uid_t fsuid;
    gid_t fsgid;
    uint32_t group_count;
    gid_t groups[SG_GROUPS_MAX];
    uint64_t caps;                                              /* effective */
    uint64_t pending_thread, pending_process, blocked, ignored; /* signals: bit N - 1 */
};

/* Reads /proc/TID/status. False when there is none, or it is not understood. */
bool sg_target_read(pid_t tid, struct sg_target *target);

/* The same, of the text of that file. */
bool sg_target_parse(const char *text, struct sg_target *target);

#endif
