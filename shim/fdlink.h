/* fdlink.h - /proc/self/fd: the name of what a descriptor is open on, and another opening of it. */
#ifndef SG_FDLINK_H
#define SG_FDLINK_H

#include "shim/libc.h"

#define SG_FDLINK_SIZE sizeof("/proc/self/fd/2147483647")

/* "/proc/self/fd/7"; `into` holds SG_FDLINK_SIZE bytes. */
void sg_fdlink_name(int fd, char *into);

/* The kernel's name of the file, and its length; 0: it is not known, or does not fit. */
size_t sg_fdlink_read(int fd, char *into, size_t cap);

/* Another descriptor of the same file, for reading; a negative errno. */
int sg_fdlink_reopen(int fd);

#endif
