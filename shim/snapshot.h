/* snapshot.h - a private copy of a file, in place of the file. */
#ifndef SG_SNAPSHOT_H
#define SG_SNAPSHOT_H

#include "shim/libc.h"

/* A descriptor, open for reading only, of a copy that nobody else can write to: blocks shared by
 * the file system, else a sealed file in memory. Its size, mode and times are those of `st`. -1: it
 * would be longer than `most` bytes, or there is none to be had; sharing blocks knows no `most`. */
int sg_snapshot_take(int fd, const struct stat *st, uint64_t most);

/* Puts `copy` in the place of `fd`: its number, its flags, its offset. Closes
 * `copy`, in any case. */
bool sg_snapshot_put(int copy, int fd);

#endif
