/* walk_proc.h - a path, component by component, with "self" meaning a supervised thread. */
#ifndef SG_WALK_PROC_H
#define SG_WALK_PROC_H

#include "shim/supervise/place.h"

#include <limits.h>

/* As sg_lookup(), at many times its cost. `magic`: links that lead to a thing whatever their text
 * says are followed too. */
int sg_walk(const struct sg_place *place, const char *path, bool follow, bool magic);

/* The folder in which the last name of `path` is, or would be made; `end` is that name, which at
 * this moment is no link where `follow` says to follow it. No name: the end is a link that leads
 * to a thing whatever its text says. */
int sg_walk_to_end(const struct sg_place *place, const char *path, bool follow,
                   char end[NAME_MAX + 1]);

/* Whether it is the supervisor's own folder in /proc, or lies in it: the supervisor would open it
 * as its own. */
bool sg_walk_is_ours(int fd);

#endif
