/* target.h - what is known of a supervised thread from /proc: whose it is and what it sees.
 *
 * A program starts with the supervisor's own rights, root directory and namespaces. Only when one
 * of the tree has made a call that can change them (sg_target_note_change) are they looked up at
 * each open.
 */
#ifndef SG_TARGET_H
#define SG_TARGET_H

#include <limits.h>
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
    uint64_t caps; /* effective */
    uint64_t pending_thread, pending_process, blocked, ignored; /* signals: bit N - 1 */
};

/* Reads /proc/TID/status. False when there is none, or it is not understood. */
bool sg_target_read(pid_t tid, struct sg_target *target);

/* Where its paths begin. The descriptors are the caller's to close; -1: none. */
struct sg_place {
    pid_t tid;
    int root; /* -1: the supervisor's own */
    int base; /* for relative paths; AT_FDCWD while there is none */
};

/* Opens what `path` is relative to, and the root where it is another than ours; 0 or a negative
 * errno. */
int sg_place_open(struct sg_place *place, pid_t tid, int dir, const char *path);
void sg_place_close(struct sg_place *place);

/* Before the first target: remembers what the supervisor itself is. False without /proc. */
bool sg_target_start(void);
void sg_target_note_change(void);

/* Makes the calling thread open files with the target's rights, where they may be others than
 * its own; 0 or a negative errno: they cannot be had. sg_target_leave() takes them back. */
int sg_target_enter(pid_t tid);
void sg_target_leave(void);

/* Opens the target's controlling terminal, which is /dev/tty to it alone. */
int sg_target_terminal(const struct sg_place *place, int flags);

#endif
