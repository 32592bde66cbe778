/* probe.h - whether a file could be a pickle carrier at all: the cheap look at its ends. */
#ifndef SG_PROBE_H
#define SG_PROBE_H

#include "shim/identity.h"

enum sg_probed {
    SG_PROBED_PLAIN,   /* no loader takes this for a pickle carrier */
    SG_PROBED_CARRIER, /* worth a scan */
    SG_PROBED_UNSIZED, /* of no size, and yet it can be read: so it may be in a FUSE file system */
    SG_PROBED_FAILED,  /* the file cannot be read */
};

/* Looks at an open regular file; touches neither its offset nor errno. */
enum sg_probed sg_probe(int fd, const struct sg_identity *identity);

#endif
