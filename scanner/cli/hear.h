/* hear.h - what another program prints. */
#ifndef SG_HEAR_H
#define SG_HEAR_H

#include <stdbool.h>
#include <stddef.h>

/* Runs `become` in a new process; it takes `out` for its output and does not return. What is
 * written there comes into `said` (`cap` bytes, NUL-terminated; what is more is left out), the
 * status of waitpid() into `*status`. False (errno) when no process could be started. */
bool sg_hear(void (*become)(const void *ctx, int out), const void *ctx, char *said, size_t cap,
             int *status);

#endif
