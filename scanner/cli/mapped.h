/* mapped.h - whether the guard's library is in a process, from its memory map. */
#ifndef SG_MAPPED_H
#define SG_MAPPED_H

#include <sys/types.h>

enum sg_mapped {
    SG_MAPPED_GUARDED,
    SG_MAPPED_UNGUARDED, /* the C library is there, and ours is not */
    SG_MAPPED_EARLY,     /* neither is there yet, or the map may not be read (errno) */
    SG_MAPPED_GONE,      /* there is no such process */
};

/* Looks for exactly the file `library`. One look is no snapshot: what is mapped behind its back is
 * not seen. */
enum sg_mapped sg_mapped_look(pid_t pid, const char *library);

#endif
