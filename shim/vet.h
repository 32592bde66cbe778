/* vet.h - one file, one answer: scan, decide, tell. */
#ifndef SG_VET_H
#define SG_VET_H

#include "shim/identity.h"
#include "shim/record.h"

struct sg_subject {
    int fd;           /* a regular file, open for reading */
    const char *path; /* as the caller named it; NULL: not known */
    enum sg_event event;
    bool being_written;                            /* through fd, since it was vetted */
    const char *exe;                               /* of who opened it */
    uint32_t pid, tid;                             /* the same; 0: this thread */
    void (*introduce)(struct sg_subject *subject); /* fills these in for a record; NULL: they are */
    struct stat st; /* of fd; brought up to date when the file changes under the scan */
    bool copied;    /* fd is a copy of `original`, whose name is told */
    int original;
    bool inert;  /* answered: it is no pickle carrier, or of a format that is not analysed */
    bool unkept; /* the verdict is not to be remembered, nor is one that was */
    const struct sg_identity *as; /* under which it is; NULL: as fd's own */
};

enum sg_vetted { SG_VETTED_PLAIN, SG_VETTED_CARRIER, SG_VETTED_REFUSED };

/* Looks into the file, scans it where it could be a carrier and does as the policy says: writes
 * the record, leaves the note for strerror(). Touches neither the descriptor nor errno. */
enum sg_vetted sg_vet(struct sg_subject *subject, const struct sg_policy *policy);

/* The same for a file that is not to be scanned because of `rule` and `detail`: of coverage
 * partial. */
enum sg_vetted sg_vet_failed(struct sg_subject *subject, const struct sg_policy *policy,
                             const char *rule, const char *detail);

#endif
