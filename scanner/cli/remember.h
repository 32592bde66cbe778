/* remember.h - a file that remembers which files were clean, so that they need no second scan.
 *
 * What is remembered is bound to device, inode, size and times of a file, and to this program and
 * its policy: with another program or policy nothing is known. Only what was benign, completely
 * analysed and without any reason is remembered.
 */
#ifndef SG_REMEMBER_H
#define SG_REMEMBER_H

#include "ground/report.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct sg_remembered;

struct sg_remember {
    const char *path;
    uint64_t rules; /* fingerprint of program and policy */
    struct sg_remembered *slots;
    size_t count, cap; /* cap: a power of two, or 0 */
};

/* Reads the file; one that does not exist is empty, and so is one of another program or policy.
 * False after a message: it cannot be read, is no such file, or others may write to it. */
bool sg_remember_open(struct sg_remember *remember, const char *path,
                      const struct sg_policy *policy);

/* Fills in the report of a file that is known to be clean. */
bool sg_remember_find(const struct sg_remember *remember, const struct stat *file,
                      struct sg_report *report);

/* Keeps a report that is worth it; `remember` may be zeroed. A file that changed within the last
 * seconds is not kept: it may change again without its times telling. */
void sg_remember_keep(struct sg_remember *remember, const struct stat *file,
                      const struct sg_report *report);

/* Writes what is remembered and what is `fresh` in place of the old file. False after a message. */
bool sg_remember_save(struct sg_remember *remember, const struct sg_remember *fresh);

void sg_remember_free(struct sg_remember *remember);

#endif
