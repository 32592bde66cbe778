/* learned.h - what the model says of calls and streams, beside what the rules say.
 *
 * A call weighs the larger of what its rule says and what the model says of it; a file weighs what
 * its worst call weighs: nothing that is added lowers it. What the model may say is bounded by what
 * the call is (learned.c): of what is known to be clean nothing, of a class that nothing is known
 * of little, of code carriers and of what is ordinary in itself not that it is malicious.
 * The structure of a stream only ever makes a file suspicious.
 */
#ifndef SG_JUDGE_LEARNED_H
#define SG_JUDGE_LEARNED_H

#include "judge/model.h"
#include "judge/sites.h"
#include "judge/tap.h"

#define SG_SEEN_SLOTS 128u
#define SG_SIGHTS 64u

/* The most a stream's structure can weigh. */
#define SG_STRUCTURE_MOST 0.70

/* A call whose result may still be used. */
struct sg_open_sight {
    const struct sg_machine *m;
    uint64_t id, offset;
    int room; /* that the model has (learned.c) */
    struct sg_site_vector vector;
};

struct sg_learned {
    const struct sg_model *model;
    const struct sg_tap *tap;  /* or NULL */
    bool known[SG_SEEN_SLOTS]; /* which of `seen` */
    struct {
        int32_t thousandths;
        struct sg_site_vector vector;
    } seen[SG_SEEN_SLOTS];                  /* most calls of a file look like one before */
    struct sg_open_sight sights[SG_SIGHTS]; /* by call */
};

void sg_learned_open(struct sg_learned *learned);

/* NULL: the embedded model; nobody listens. */
void sg_learned_consult(struct sg_learned *learned, const struct sg_model *model,
                        const struct sg_tap *tap);

/* Raises the weight of `site`, with rule and words, when the model says more of the call. */
void sg_learned_site(struct sg_learned *learned, struct sg_sight *sight, const char *member,
                     struct sg_site *site);

/* What the model says of a call once it is known what became of its result: 0, or the weight; then
 * `*offset` is the call's. */
double sg_learned_use(struct sg_learned *learned, const struct sg_machine *m, uint64_t id,
                      enum sg_use use, uint64_t *offset);

/* What the model says of a stream that begins so. */
double sg_learned_stream(const struct sg_learned *learned, const struct sg_stream_vector *vector,
                         const char **words);

#endif
