/* limits.h - how far a scan may go. Set where only bombs reach them. */
#ifndef SG_LIMITS_H
#define SG_LIMITS_H

#include <stdint.h>

struct sg_limits {
    uint32_t max_depth;   /* archives and payloads inside one another */
    uint64_t max_inflate; /* decompressed bytes looked at, per file */
    uint64_t max_memory;  /* bytes of arena a scan may use */
};

#define SG_LIMITS_DEFAULT                                                                          \
    ((struct sg_limits){.max_depth = 6, .max_inflate = 16ULL << 30, .max_memory = 256ULL << 20})

#endif
