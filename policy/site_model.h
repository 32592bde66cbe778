/* site_model.h - a model file that the policy names. */
#ifndef SG_SITE_MODEL_H
#define SG_SITE_MODEL_H

#include "policy/phrase.h"
#include "policy/policy.h"

/* Reads and checks the file; its bytes stay in the arena. SG_ERR_FORMAT, and `why`, where it cannot
 * be read or is no model file; SG_ERR_MEMORY: the arena is used up. */
SG_MUST_CHECK enum sg_status sg_site_model_read(const char *path, struct sg_arena *arena,
                                                const struct sg_model **model,
                                                struct sg_phrase *why);

#endif
