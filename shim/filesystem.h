/* filesystem.h - what can be relied on where an open file lies. */
#ifndef SG_FILESYSTEM_H
#define SG_FILESYSTEM_H

#include "shim/libc.h"

enum sg_filesystem {
    SG_FS_UNKNOWN, /* nothing: a network, FUSE, overlay (a mapping there is no opening for it) */
    SG_FS_KERNELS, /* proc, sys and their like: "files" that are no bytes at rest */
    SG_FS_FIXED,   /* an image that nobody writes to: squashfs, erofs, iso9660, cramfs */
    SG_FS_LEASED,  /* leases are refused while a file is open, or mapped, for writing: tmpfs */
    SG_FS_STAMPED, /* besides, no byte changes before a new time stamp is there: ext4, xfs, btrfs */
};

enum sg_filesystem sg_filesystem_of(int fd);

/* Whether it may share blocks between files. */
bool sg_filesystem_clones(int fd);

#endif
