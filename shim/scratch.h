/* scratch.h - temporary and cache folders, where a load may write. */
#ifndef SG_SCRATCH_H
#define SG_SCRATCH_H

#include "shim/libc.h"

/* Notes the folders, once, from the environment that the process began with. */
void sg_scratch_start(void);

/* Whether `path` (from `dir`, an open folder or AT_FDCWD) lies in one, or is no file at all, links
 * resolved; the last part only where `follow`. */
bool sg_scratch_holds(int dir, const char *path, bool follow);

/* Whether `path` is there, and surely in none of them. */
bool sg_scratch_lacks(const char *path);

#endif
