/* tap.h - who listens to a judge learns what the model sees: for the trainer. */
#ifndef SG_JUDGE_TAP_H
#define SG_JUDGE_TAP_H

#include "judge/features.h"

struct sg_site_row {
    const struct sg_machine *m;
    uint64_t call_id; /* with `m`: which call; what becomes of its result is told later */
    uint64_t offset;
    const char *member;
    struct sg_text module, qualname; /* what the callee is called */
    double weight;                   /* by the rules */
    const char *rule;
    bool open; /* whether the model may raise the weight */
    const struct sg_site_vector *vector;
    const struct sg_grams *grams;
};

/* All are valid during the call only. */
struct sg_tap {
    void *ctx;
    void (*site)(void *ctx, const struct sg_site_row *row);
    void (*use)(void *ctx, const struct sg_machine *m, uint64_t call_id, enum sg_use use);
    void (*stream)(void *ctx, const char *member, const struct sg_stream_vector *vector);
};

#endif
