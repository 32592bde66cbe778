/* sha256.c - SHA-256 by libmd. */
#include "policy/sha256.h"

#include <sha2.h>
#include <string.h>

enum sg_status sg_sha256(const struct sg_source *source, void *window, size_t size,
                         uint8_t digest[SG_SHA256_SIZE])
{
    SHA2_CTX hash;
    size_t part;

    SHA256Init(&hash);
    for (uint64_t at = 0; at < source->size; at += part) {
        part = source->size - at < size ? (size_t)(source->size - at) : size;
        if (sg_source_exact(source, at, window, part) != SG_OK)
            return SG_ERR_IO;
        SHA256Update(&hash, window, part);
    }
    SHA256Final(digest, &hash);
    return SG_OK;
}

bool sg_sha256_matters(const struct sg_report *report, const char *path,
                       const struct sg_policy *policy)
{
    if (policy->deny_sha256.count && report->format && strcmp(report->format, "none") != 0)
        return true;
    return policy->allow_sha256.count && sg_policy_decide(report, path, NULL, policy) != SG_ALLOW;
}
