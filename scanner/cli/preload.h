/* preload.h - the guard's library, and whether a program's loader would map it. */
#ifndef SG_PRELOAD_H
#define SG_PRELOAD_H

#include "cli/program.h"

struct sg_preload {
    char library[PATH_MAX]; /* absolute, without symbolic links */
    struct sg_elf elf;
};

/* Looks for libsafeguard.so beside this executable, then in ../lib/safeguard and ../lib. False
 * with what is wrong in `why` (`cap` bytes). */
bool sg_preload_find(struct sg_preload *preload, char *why, size_t cap);

/* Puts the library first in this process's LD_PRELOAD. */
void sg_preload_set(const struct sg_preload *preload);

/* Whether the program, run in this process's environment, would have the library mapped before
 * its first instruction. False with the reason in `why`. */
bool sg_preload_reaches(const struct sg_preload *preload, const struct sg_program *program,
                        char *why, size_t cap);

#endif
