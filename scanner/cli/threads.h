/* threads.h - how many threads a scan has. */
#ifndef SG_THREADS_H
#define SG_THREADS_H

#include <stddef.h>
#include <stdint.h>

#define SG_THREADS_MAX 256u

/* `asked`, or where that is 0, one for each processor that this process may use, as far as half of
 * the memory (of the machine, or of the container) holds `memory` bytes for each. Never more than
 * there are jobs; at least 1. */
unsigned sg_threads_for(unsigned asked, size_t jobs, uint64_t memory);

#endif
