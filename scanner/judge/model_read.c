/* model_read.c - a model file, checked in every row before anything walks it. */
#include "judge/model.h"

#include <string.h>

struct cursor {
    const uint8_t *at;
    size_t left;
};

static bool word(struct cursor *c, uint32_t *out)
{
    if (c->left < 4)
        return false;
    *out = sg_le32(c->at);
    c->at += 4;
    c->left -= 4;
    return true;
}

static bool number(struct cursor *c, int32_t *out)
{
    uint32_t bits;

    if (!word(c, &bits))
        return false;
    *out = (int32_t)bits;
    return true;
}

static bool is_word(struct cursor *c, uint32_t wanted)
{
    uint32_t got;

    return word(c, &got) && got == wanted;
}

/* Sums ascend, and stay where an addition of all leaves cannot overflow. */
static bool read_curve(struct cursor *c, struct sg_point *curve)
{
    for (size_t i = 0; i < SG_CURVE_POINTS; i++) {
        if (!number(c, &curve[i].sum) || !number(c, &curve[i].thousandths))
            return false;
        if (curve[i].thousandths < 0 || curve[i].thousandths > 1000 ||
            (i > 0 &&
             (curve[i].sum <= curve[i - 1].sum || curve[i].thousandths < curve[i - 1].thousandths)))
            return false;
    }
    return true;
}

static bool read_head(struct cursor *c, struct sg_forest *forest)
{
    return word(c, &forest->node_count) && word(c, &forest->root_count) &&
           number(c, &forest->base) && forest->node_count <= SG_LEAF &&
           forest->root_count <= 4096 && forest->base > -(1 << 30) && forest->base < 1 << 30 &&
           read_curve(c, forest->curve);
}

static const void *take(struct cursor *c, size_t len)
{
    const void *at = c->at;
    size_t padded = (len + 7) & ~(size_t)7;

    if (padded > c->left)
        return NULL;
    c->at += padded;
    c->left -= padded;
    return at;
}

static bool sound(const struct sg_forest *forest, unsigned width)
{
    for (uint32_t i = 0; i < forest->node_count; i++) {
        const struct sg_node *node = &forest->nodes[i];

        if (node->feature == SG_LEAF)
            continue;
        if (node->feature >= width || node->left <= i || node->right <= i ||
            node->left >= forest->node_count || node->right >= forest->node_count)
            return false;
    }
    for (uint32_t i = 0; i < forest->root_count; i++)
        if (forest->roots[i] >= forest->node_count)
            return false;
    return true;
}

static bool read_rows(struct cursor *c, struct sg_forest *forest, unsigned width)
{
    forest->nodes = take(c, forest->node_count * sizeof(*forest->nodes));
    forest->roots = take(c, forest->root_count * sizeof(*forest->roots));
    return forest->nodes && forest->roots && sound(forest, width);
}

static bool read_heads(struct cursor *c, struct sg_model *model)
{
    return is_word(c, SG_MODEL_VERSION) && is_word(c, SG_FEATURE_HASH) &&
           is_word(c, SG_GRAM_SLOTS) && is_word(c, 0) && read_head(c, &model->site) &&
           read_head(c, &model->structure) && read_head(c, &model->outlier);
}

static bool read_all(struct cursor *c, struct sg_model *model)
{
    return read_heads(c, model) && is_word(c, 0) && read_rows(c, &model->site, SG_SITE_WIDTH) &&
           read_rows(c, &model->structure, SG_STREAM_WIDTH) &&
           read_rows(c, &model->outlier, SG_STREAM_WIDTH);
}

enum sg_status sg_model_read(const uint8_t *bytes, size_t len, struct sg_model *out)
{
    static const char magic[] = "SGMODEL\n";
    struct cursor c = {bytes, len};
    struct sg_model model;

    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || (uintptr_t)bytes % 8 != 0 || len < 8 ||
        memcmp(bytes, magic, 8) != 0)
        return SG_ERR_FORMAT;
    c.at += 8;
    c.left -= 8;
    if (!read_all(&c, &model))
        return SG_ERR_FORMAT;
    model.grams = take(&c, SG_GRAM_SLOTS);
    if (!model.grams || c.left != 0)
        return SG_ERR_FORMAT;
    *out = model;
    return SG_OK;
}
