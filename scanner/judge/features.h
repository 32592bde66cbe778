/* features.h - what the model sees of a call site and of a stream: vectors of small integers.
 *
 * The one implementation: `safeguard features` prints these vectors, and the trainer in
 * scripts/train learns from what it prints.
 */
#ifndef SG_JUDGE_FEATURES_H
#define SG_JUDGE_FEATURES_H

#include "judge/argument_flags.h"
#include "judge/feature_list.h"
#include "judge/grams.h"
#include "judge/knowledge.h"
#include "machine/machine.h"

#define SG_FEATURE_ID(id, kind, what) SG_SITE_##id,
enum sg_site_feature { SG_SITE_FEATURES(SG_FEATURE_ID) SG_SITE_WIDTH };
#undef SG_FEATURE_ID

#define SG_FEATURE_ID(id, kind, what) SG_STREAM_##id,
enum sg_stream_feature { SG_STREAM_FEATURES(SG_FEATURE_ID) SG_STREAM_OPCODE };
#undef SG_FEATURE_ID

#define SG_STREAM_WIDTH (SG_STREAM_OPCODE + SG_OPCODES_COUNTED)

struct sg_feature {
    const char *name; /* as in the list */
    const char *kind, *what;
};

extern const struct sg_feature sg_site_features[SG_SITE_WIDTH];
extern const struct sg_feature sg_stream_features[SG_STREAM_OPCODE];

struct sg_site_vector {
    int16_t at[SG_SITE_WIDTH];
};

struct sg_stream_vector {
    int16_t at[SG_STREAM_WIDTH];
};

/* A call and what is known about it. */
struct sg_sight {
    const struct sg_machine *m;
    const struct sg_call *call;
    const struct sg_global *global; /* the callee, or what it was made from; or NULL */
    const struct sg_name *name;     /* of that; or NULL */
    struct sg_glance *glance;
    bool nested;
};

/* What the callee is called: a name of a global, or of a method; empty where it has none. */
struct sg_spoken {
    struct sg_text module, qualname;
    char text[128];
};
void sg_sight_name(const struct sg_sight *sight, struct sg_spoken *out);

/* All but GRAMS and what becomes of the result. */
void sg_site_features_fill(const struct sg_sight *sight, const struct sg_spoken *spoken,
                           struct sg_site_vector *out);

/* The beginning of a stream. */
void sg_stream_features_fill(const uint8_t *head, size_t len, struct sg_stream_vector *out);

/* The name of the opcode that the i-th share is of. */
const char *sg_stream_opcode(size_t i);

#endif
