/* terminal.h - the terminal that is /dev/tty to one session alone. */
#ifndef SG_TERMINAL_H
#define SG_TERMINAL_H

#include "shim/supervise/place.h"

/* The path of the terminal of that number. */
void sg_terminal_name(dev_t number, char *path, size_t cap);

/* Opens the controlling terminal of the thread; a negative errno. */
int sg_terminal_open(const struct sg_place *place, int flags);

#endif
