/* watcher.h - looks, after this process has become another program, whether the guard is in it.
 *
 *     sg_watcher_start(&watcher, library);
 *     execv(…);
 *     sg_watcher_cancel(&watcher); -- it could not be executed
 *
 * The watcher is a process of its own, no child of this one. It reads the memory map of the
 * program and ends as soon as the library stands in it. A program that has its C library mapped
 * without ours, or none of them after 10 s, is killed, with a line on standard error.
 */
#ifndef SG_WATCHER_H
#define SG_WATCHER_H

#include <stdbool.h>

struct sg_watcher {
    int fd; /* open until the program is executed */
};

/* False (errno) when it could not be started. */
bool sg_watcher_start(struct sg_watcher *watcher, const char *library);
void sg_watcher_cancel(struct sg_watcher *watcher);

#endif
