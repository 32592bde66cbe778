/* lookup.h - from a path, as a supervised thread means it, to the file it names.
 *
 * The kernel resolves by itself what is the same for everybody. What depends on who asks, links
 * below /proc ("self", fd/N, cwd), is walked by hand in the name of the thread.
 */
#ifndef SG_LOOKUP_H
#define SG_LOOKUP_H

#include "shim/supervise/place.h"

#include <linux/openat2.h>
#include <stdint.h>

/* A descriptor (O_PATH) of what is there, a symbolic link itself where it is not to be followed;
 * or a negative errno. `resolve`: of openat2(). `*by_hand`: the kernel could not be asked. */
int sg_lookup(const struct sg_place *place, const char *path, bool follow, uint64_t resolve,
              bool *by_hand);

/* Makes a file, or opens it if it is there; `how` is the thread's own. -ELOOP: it is behind a link
 * of /proc, and there. */
int sg_lookup_create(const struct sg_place *place, const char *path, const struct open_how *how,
                     bool by_hand);

/* The file behind a descriptor once more, as open() would; a negative errno. */
int sg_reopen(int fd, int flags);

/* Whether it lies below /proc. */
bool sg_lookup_is_proc(int fd);

#endif
