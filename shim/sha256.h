/* sha256.h - the hash by which a policy names exact files (FIPS 180-4). */
#ifndef SG_SHA256_H
#define SG_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sg_sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[64];
};

void sg_sha256_begin(struct sg_sha256 *hash);
void sg_sha256_feed(struct sg_sha256 *hash, const void *bytes, size_t len);
void sg_sha256_end(struct sg_sha256 *hash, uint8_t digest[32]);

/* Of all bytes of an open file; false when it cannot be read. Leaves its offset. */
bool sg_sha256_file(int fd, uint8_t digest[32]);

#endif
