/* model.h - what was learned, as tables of integers, and the walk through them.
 *
 * A forest is rows {feature, value, left, right}: at a row, go left where the feature is at most
 * the value, else right; a leaf adds its value. Children stand after their parent, so every walk
 * ends. What a forest adds up to becomes thousandths by a curve of straight pieces. The trainer
 * (scripts/train) computes the same sums from the same tables: a test holds every vector against
 * it.
 *
 * The embedded tables are in model_data.c. A model file is made by `scripts/train/train --out`:
 *
 *     magic "SGMODEL\n", then little-endian 32-bit words: version, SG_FEATURE_HASH, SG_GRAM_SLOTS;
 *     for each of three forests (site, structure, outlier): rows, roots, base, then 8 points of its
 *     curve (sum, thousandths); then the rows of each forest (four 16-bit words each), its roots
 *     (16-bit words, padded to a multiple of 8 bytes), and last the weights of the grams (bytes).
 *
 * The bytes must be aligned to 8 and outlive the model, which points into them. On hosts that are
 * not little-endian no file can be read.
 */
#ifndef SG_JUDGE_MODEL_H
#define SG_JUDGE_MODEL_H

#include "ground/status.h"
#include "judge/features.h"

#ifndef SG_FEATURE_HASH
#error "the Makefile defines SG_FEATURE_HASH: cksum of feature_list.h"
#endif

#define SG_MODEL_VERSION 1u
#define SG_LEAF 0xffffu
#define SG_CURVE_POINTS 8u

struct sg_node {
    uint16_t feature; /* or SG_LEAF */
    int16_t value;
    uint16_t left, right;
};

struct sg_point {
    int32_t sum, thousandths;
};

struct sg_forest {
    const struct sg_node *nodes;
    const uint16_t *roots; /* a tree each */
    uint32_t node_count, root_count;
    int32_t base;
    struct sg_point curve[SG_CURVE_POINTS]; /* sums ascend */
};

struct sg_model {
    struct sg_forest site, structure, outlier;
    const int8_t *grams; /* SG_GRAM_SLOTS weights */
};

extern const struct sg_model sg_model_embedded;

/* What the letters and words of a name add up to. */
int16_t sg_model_grams(const struct sg_model *model, const struct sg_grams *grams);

/* Sum over the trees of a forest. */
int32_t sg_model_sum(const struct sg_forest *forest, const int16_t *features);

/* 0..1000 */
int32_t sg_model_thousandths(const struct sg_forest *forest, int32_t sum);

/* A model file: SG_ERR_FORMAT when it is none, damaged, of another version or of other
 * features. */
SG_MUST_CHECK enum sg_status sg_model_read(const uint8_t *bytes, size_t len, struct sg_model *out);

#endif
