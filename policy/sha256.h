/* sha256.h - the hash by which a policy names exact files. */
#ifndef SG_SHA256_H
#define SG_SHA256_H

#include "ground/source.h"
#include "policy/policy.h"

/* SHA-256 of all bytes of `source`, read through a window of `size` bytes, which should be some
 * tens of thousands. SG_ERR_IO: it cannot be read, or is shorter than it says. */
SG_MUST_CHECK enum sg_status sg_sha256(const struct sg_source *source, void *window, size_t size,
                                       uint8_t digest[SG_SHA256_SIZE]);

/* Whether the hash of a file has a say in what becomes of it, by what is known without it. Reading
 * a file whole costs more than scanning it. */
bool sg_sha256_matters(const struct sg_report *report, const char *path,
                       const struct sg_policy *policy);

#endif
