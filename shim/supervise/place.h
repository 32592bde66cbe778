/* place.h - where the paths of a supervised thread begin. */
#ifndef SG_PLACE_H
#define SG_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

struct sg_place {
    pid_t tid;
    int root; /* -1: the supervisor's own */
    int base; /* for relative paths; AT_FDCWD while there is none */
};

/* Before the first worker: remembers the supervisor's own. False (errno) without /proc, and with
 * one that has other numbers for processes. */
bool sg_place_start(void);

/* Opens `dir` (AT_FDCWD: the working directory) where a path is relative to it, and the root where
 * it is another than ours; 0 or a negative errno. */
int sg_place_open(struct sg_place *place, pid_t tid, int dir, bool relative);
void sg_place_close(struct sg_place *place);

#endif
