/* walk.h - from the paths of a command line to the files to scan. */
#ifndef SG_WALK_H
#define SG_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct sg_job {
    char *path;
    uint64_t size;       /* bytes, as far as is known yet */
    const char *problem; /* why it cannot be read, or NULL */
    bool named;          /* on the command line itself */
};

struct sg_walk {
    struct sg_job *jobs;
    size_t count;
    size_t cap;
    struct sg_seen *seen; /* directories that were gone into */
    size_t seen_count;
    size_t seen_cap; /* a power of two, or 0 */
    bool recursive;
};

/* Adds what `path` names: a file, or with `recursive` all regular files below a directory.
 * Symbolic links are followed, no directory is gone into twice, and file systems that the kernel
 * makes up (/proc, /sys, …) are left out. What cannot be read becomes a job with a problem;
 * what is no regular file is one only when it was named. */
void sg_walk_add(struct sg_walk *walk, const char *path);

/* Largest first, so that the last thread to finish has little left. */
void sg_walk_sort(struct sg_walk *walk);

void sg_walk_free(struct sg_walk *walk);

#endif
