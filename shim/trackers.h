/* trackers.h - processes that libraries start while a clean object is rebuilt. */
#ifndef SG_TRACKERS_H
#define SG_TRACKERS_H

#include "shim/libc.h"

/* Whether the program is this interpreter running the resource tracker of multiprocessing or loky
 * (semaphores and shared memory want it), or torch's manager of shared memory. */
bool sg_trackers_is(const char *program, char *const argv[]);

#endif
