/* scanfile.h - one file of a command line, from its path to its result. */
#ifndef SG_SCANFILE_H
#define SG_SCANFILE_H

#include "cli/emit.h"
#include "cli/walk.h"
#include "ground/arena.h"
#include "policy/policy.h"

struct sg_scanned {
    struct sg_result result; /* refers to `report`, the job and the arena */
    struct sg_report report;
    bool found; /* at or above the level asked for, or denied by the policy */
};

/* Memory for one scan after the other; `base` is NULL when there is none. */
struct sg_arena sg_scanfile_arena(uint64_t size);
void sg_scanfile_drop(struct sg_arena *arena);

/* Scans what `job` names under `policy`, whose block_at is the level asked for. The arena must be
 * fresh; sg_scanfile_renew() makes it so again, once the result has been printed. */
void sg_scanfile(const struct sg_job *job, const struct sg_policy *policy, struct sg_arena *arena,
                 struct sg_scanned *scanned);
void sg_scanfile_renew(struct sg_arena *arena);

#endif
