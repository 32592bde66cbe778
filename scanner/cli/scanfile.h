/* scanfile.h - one file of a command line, from its path to its result. */
#ifndef SG_SCANFILE_H
#define SG_SCANFILE_H

#include "cli/baseline.h"
#include "cli/emit.h"
#include "cli/remember.h"
#include "cli/walk.h"
#include "ground/arena.h"
#include "policy/policy.h"

struct sg_scanned {
    struct sg_result result; /* refers to `report`, the job and the arena */
    struct sg_report report;
    struct stat identity; /* of the file that was opened */
    bool fresh;           /* scanned now, not remembered */
    bool hashed;
    uint8_t
        sha256[SG_SHA256_SIZE]; /* when hashed: of what has a finding, where there is a baseline */
};

/* What a scan goes by. */
struct sg_scan_rules {
    const struct sg_policy *policy;     /* its block_at is the level asked for */
    const struct sg_remember *remember; /* or NULL */
    const struct sg_baseline *baseline; /* or NULL */
};

/* Memory for one scan after the other; `base` is NULL when there is none. */
struct sg_arena sg_scanfile_arena(uint64_t size);
void sg_scanfile_drop(struct sg_arena *arena);

/* Scans what `job` names. sg_scanfile_renew() makes the arena as good as new, once the result has
 * been printed. */
void sg_scanfile(const struct sg_job *job, const struct sg_scan_rules *rules,
                 struct sg_arena *arena, struct sg_scanned *scanned);
void sg_scanfile_renew(struct sg_arena *arena);

#endif
