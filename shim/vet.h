/* vet.h - one file, one answer: scan, decide, tell. */
#ifndef SG_VET_H
#define SG_VET_H

#include "shim/record.h"

struct sg_subject {
    int fd;           /* a regular file, open for reading */
    const char *path; /* as the caller named it; NULL: not known */
    enum sg_event event;
    bool being_written; /* through fd, since it was vetted */
    struct stat st;     /* of fd; brought up to date when the file changes under the scan */
};

enum sg_vetted { SG_VETTED_PLAIN, SG_VETTED_CARRIER, SG_VETTED_REFUSED };

/* Looks into the file, scans it where it could be a carrier and does as the policy says: writes
 * the record, leaves the note for strerror(). Touches neither the descriptor nor errno. */
enum sg_vetted sg_vet(struct sg_subject *subject, const struct sg_policy *policy);

#endif
