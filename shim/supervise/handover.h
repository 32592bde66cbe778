/* handover.h - a descriptor goes from one process to another, over a socket. */
#ifndef SG_HANDOVER_H
#define SG_HANDOVER_H

#include <stdbool.h>

bool sg_handover_send(int to, int fd);

/* The descriptor, close-on-exec; -1: none came. */
int sg_handover_take(int from);

#endif
