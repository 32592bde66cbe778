/* openfile.h - a path on disk as a source for the scanner. */
#ifndef SG_OPENFILE_H
#define SG_OPENFILE_H

#include "sgscan.h"

#include <stdbool.h>
#include <sys/stat.h>

struct sg_openfile {
    struct sg_file file;
    struct stat before;
    struct sg_source source; /* refers to `file`: do not copy */
};

/* Opens the regular file at `path` (a symbolic link is followed) without ever waiting for one
 * that is none. NULL when it is open; else why not, in a few words. */
const char *sg_openfile_open(struct sg_openfile *file, const char *path);

/* Whether the file was written to since it was opened. */
bool sg_openfile_changed(const struct sg_openfile *file);

void sg_openfile_close(struct sg_openfile *file);

/* What a file that is not regular is: "not a regular file (FIFO)", … */
const char *sg_openfile_kind(mode_t mode);

#endif
