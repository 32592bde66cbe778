/* walk.h - from the paths of a command line to the files to scan. */
#ifndef SG_WALK_H
#define SG_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct sg_progress;

struct sg_job {
    char *path;
    uint64_t size;       /* bytes, as far as is known yet */
    const char *problem; /* why it cannot be read, or NULL */
    bool named;          /* on the command line itself */
    bool linked;         /* `path` is a symbolic link */
    char **also;         /* the file's other names */
    size_t also_count;
};

struct sg_seen_table {
    struct sg_seen *slots;
    size_t count;
    size_t cap; /* a power of two, or 0 */
};

struct sg_walk {
    struct sg_job *jobs;
    size_t count;
    size_t cap;
    struct sg_seen_table directories; /* that were gone into */
    struct sg_seen_table files;       /* that were come across */
    uint64_t left_out;                /* files, by the fields below */
    bool recursive;
    bool apart;                  /* every name of a file is a job of its own: names matter */
    const char *const *excludes; /* patterns of glob.h: with a '/' of paths, else of names */
    size_t exclude_count;
    int64_t since;                /* seconds since 1970; files that are older are left out */
    struct sg_progress *progress; /* is told how many there are so far; or NULL */
};

/* Reads `when`: a date, with or without a time ("2026-11-23", "2026-11-23T17:30", local time), or
 * the path of a file, whose time it is. False when it is neither. */
bool sg_walk_since(struct sg_walk *walk, const char *when);

/* Adds what `path` names: a file, or with `recursive` all regular files below a directory.
 * Symbolic links are followed, no directory is gone into twice, and file systems that the kernel
 * makes up (/proc, /sys, …) are left out. A file that is come across by a link too, as in the
 * caches of model hubs, is one job of several names; there a snapshot's name comes first, as blobs
 * are named by their hash. What cannot be read becomes a job with a problem;
 * what is no regular file is one only when it was named. */
void sg_walk_add(struct sg_walk *walk, const char *path);

/* The same for a path of a list, which nobody typed: `excludes` are about it too. */
void sg_walk_add_listed(struct sg_walk *walk, const char *path);

/* Largest first, so that the last thread to finish has little left. */
void sg_walk_sort(struct sg_walk *walk);

void sg_walk_free(struct sg_walk *walk);

#endif
