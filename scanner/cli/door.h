/* door.h - a listening socket for a command that may open none itself. */
#ifndef SG_DOOR_H
#define SG_DOOR_H

#include <stdbool.h>
#include <stddef.h>

/* Listens at `address`, a numeric ADDRESS:PORT, with brackets for IPv6 ([::1]:80), on descriptor 3.
 * False with the reason in `why` (`cap` bytes). */
bool sg_door_open(const char *address, char *why, size_t cap);

/* Sets LISTEN_FDS and LISTEN_PID for the program that this process becomes: sd_listen_fds(3). */
bool sg_door_tell(void);

#endif
