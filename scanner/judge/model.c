/* model.c - walks the tables. */
#include "judge/model.h"

_Static_assert(SG_GRAMS_MAX * 128 <= INT16_MAX, "what grams add up to fits a feature");

int16_t sg_model_grams(const struct sg_model *model, const struct sg_grams *grams)
{
    int sum = 0;

    for (size_t i = 0; i < grams->count; i++)
        sum += model->grams[grams->at[i]];
    return (int16_t)sum;
}

int32_t sg_model_sum(const struct sg_forest *forest, const int16_t *features)
{
    int32_t sum = forest->base;

    for (uint32_t i = 0; i < forest->root_count; i++) {
        const struct sg_node *node = &forest->nodes[forest->roots[i]];

        while (node->feature != SG_LEAF)
            node =
                &forest->nodes[features[node->feature] <= node->value ? node->left : node->right];
        sum += node->value;
    }
    return sum;
}

int32_t sg_model_thousandths(const struct sg_forest *forest, int32_t sum)
{
    const struct sg_point *p = forest->curve;

    if (sum <= p[0].sum)
        return p[0].thousandths;
    for (size_t i = 1; i < SG_CURVE_POINTS; i++) {
        int64_t wide = (int64_t)p[i].sum - p[i - 1].sum;

        if (sum < p[i].sum)
            return (int32_t)(p[i - 1].thousandths + ((int64_t)sum - p[i - 1].sum) *
                                                        (p[i].thousandths - p[i - 1].thousandths) /
                                                        wide);
    }
    return p[SG_CURVE_POINTS - 1].thousandths;
}
