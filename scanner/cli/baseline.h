/* baseline.h - findings that somebody has accepted, each with the reason.
 *
 *     # comment
 *     SHA-256 VERDICT REASON...
 *
 * A file with exactly these bytes is accepted up to that verdict, whatever its name. A line without
 * a reason is refused.
 */
#ifndef SG_BASELINE_H
#define SG_BASELINE_H

#include "ground/report.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>

struct sg_accepted;

struct sg_baseline {
    const char *path;
    struct sg_accepted *entries; /* by hash */
    size_t count, cap, known;    /* the first `known` stand in the file already */
};

/* Reads the file; with `may_lack` it need not exist. False after a message with file and line. */
bool sg_baseline_open(struct sg_baseline *baseline, const char *path, bool may_lack);

/* Why a file with that hash is accepted with such a verdict, or NULL. */
const char *sg_baseline_find(const struct sg_baseline *baseline,
                             const uint8_t sha256[SG_SHA256_SIZE], enum sg_verdict verdict);

/* Accepts it from now on. */
void sg_baseline_add(struct sg_baseline *baseline, const uint8_t sha256[SG_SHA256_SIZE],
                     enum sg_verdict verdict, const char *reason);

/* Appends what was added. False after a message. */
bool sg_baseline_save(const struct sg_baseline *baseline);

void sg_baseline_free(struct sg_baseline *baseline);

#endif
