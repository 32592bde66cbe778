/* limits.h - how far a scan may go. Set where only bombs reach them. */
#ifndef SG_LIMITS_H
#define SG_LIMITS_H

#include <stdint.h>

struct sg_limits {
    uint32_t max_depth;   /* archives and payloads inside one another */
    uint64_t max_inflate; /* decompressed bytes looked at, per file */
    uint64_t max_memory;  /* bytes of arena a scan may use */
};

#ifdef __cplusplus
#define SG_LIMITS(...) (sg_limits{__VA_ARGS__})
#else
#define SG_LIMITS(...) ((struct sg_limits){__VA_ARGS__})
#endif

#define SG_LIMITS_DEFAULT                                                                          \
    SG_LIMITS(6 /* max_depth */, 16ULL << 30 /* max_inflate */, 256ULL << 20 /* max_memory */)

#endif
