/* test_model.c - walks through tables, and model files whole, cut short and damaged. */
#include "reader_cases.h"

#include "judge/model.h"

#include <stdio.h>

#define HEAD_SIZE 256u /* magic, words and the heads of three forests */

/* Two trees: one asks feature 3, then feature 0; the other is a leaf. */
static const struct sg_node nodes[] = {
    {3, 10, 1, 2},       {SG_LEAF, -100, 0, 0}, {0, -1, 3, 4},
    {SG_LEAF, 50, 0, 0}, {SG_LEAF, 200, 0, 0},  {SG_LEAF, 7, 0, 0},
};
static const uint16_t roots[] = {0, 5};
static const struct sg_forest forest = {
    .nodes = nodes,
    .roots = roots,
    .node_count = COUNT(nodes),
    .root_count = COUNT(roots),
    .base = 1000,
    .curve = {{900, 0},
              {1000, 100},
              {1100, 500},
              {1200, 900},
              {1300, 1000},
              {1400, 1000},
              {1500, 1000},
              {1600, 1000}},
};

static void a_walk_goes_left_up_to_the_value_and_right_above_it(void **state)
{
    int16_t features[] = {0, 0, 0, 10};

    (void)state;
    assert_int_equal(sg_model_sum(&forest, features), 1000 - 100 + 7);
    features[3] = 11;
    assert_int_equal(sg_model_sum(&forest, features), 1000 + 200 + 7);
    features[0] = -1;
    assert_int_equal(sg_model_sum(&forest, features), 1000 + 50 + 7);
}

static void a_curve_is_straight_between_its_points_and_flat_outside(void **state)
{
    static const struct {
        int32_t sum, thousandths;
    } rows[] = {{-99999, 0}, {900, 0},    {950, 50},   {1000, 100},  {1050, 300},  {1100, 500},
                {1199, 896}, {1200, 900}, {1250, 950}, {1300, 1000}, {99999, 1000}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(sg_model_thousandths(&forest, rows[i].sum), rows[i].thousandths);
}

static void put_word(uint8_t **at, uint32_t word)
{
    memcpy(*at, &word, 4);
    *at += 4;
}

static void put_head(uint8_t **at, const struct sg_forest *f)
{
    put_word(at, f->node_count);
    put_word(at, f->root_count);
    put_word(at, (uint32_t)f->base);
    for (size_t i = 0; i < SG_CURVE_POINTS; i++) {
        put_word(at, (uint32_t)f->curve[i].sum);
        put_word(at, (uint32_t)f->curve[i].thousandths);
    }
}

static void put_rows(uint8_t **at, const struct sg_forest *f)
{
    size_t size = f->root_count * sizeof(*f->roots);

    memcpy(*at, f->nodes, f->node_count * sizeof(*f->nodes));
    *at += f->node_count * sizeof(*f->nodes);
    memset(*at, 0, (size + 7) & ~(size_t)7);
    memcpy(*at, f->roots, size);
    *at += (size + 7) & ~(size_t)7;
}

/* The forest above three times, as a file; the length. */
static size_t make_file(uint8_t *bytes)
{
    uint8_t *at = bytes + 8;

    memcpy(bytes, "SGMODEL\n", 8);
    put_word(&at, SG_MODEL_VERSION);
    put_word(&at, SG_FEATURE_HASH);
    put_word(&at, SG_GRAM_SLOTS);
    put_word(&at, 0);
    for (int i = 0; i < 3; i++)
        put_head(&at, &forest);
    put_word(&at, 0);
    assert_int_equal(at - bytes, HEAD_SIZE);
    for (int i = 0; i < 3; i++)
        put_rows(&at, &forest);
    memset(at, 3, SG_GRAM_SLOTS);
    return (size_t)(at - bytes) + SG_GRAM_SLOTS;
}

/* The bytes end at the guard page; they stay aligned to 8, as the reader wants them. */
static enum sg_status read_at_guard(struct desk *desk, const uint8_t *bytes, size_t len,
                                    struct sg_model *out)
{
    uint8_t *at = desk->guarded + CASE_MAX - len;

    if (len % 8 != 0)
        at = desk->guarded + CASE_MAX - ((len + 7) & ~(size_t)7);
    memcpy(at, bytes, len);
    return sg_model_read(at, len, out);
}

static void a_model_file_gives_what_was_put_in(void **state)
{
    static uint8_t bytes[HEAD_SIZE + 1024 + SG_GRAM_SLOTS] __attribute__((aligned(8)));
    static const int16_t features[SG_STREAM_WIDTH] = {[3] = 11};
    struct sg_grams grams = {.count = 2, .at = {1, SG_GRAM_SLOTS - 1}};
    struct sg_model model;

    assert_int_equal(read_at_guard(*state, bytes, make_file(bytes), &model), SG_OK);
    assert_int_equal(sg_model_sum(&model.site, features), 1207);
    assert_int_equal(sg_model_sum(&model.outlier, features), 1207);
    assert_int_equal(sg_model_thousandths(&model.structure, 1050), 300);
    assert_int_equal(sg_model_grams(&model, &grams), 6);
}

static void a_model_file_cut_short_or_too_long_is_refused(void **state)
{
    static uint8_t bytes[HEAD_SIZE + 1024 + SG_GRAM_SLOTS] __attribute__((aligned(8)));
    size_t len = make_file(bytes);
    struct sg_model model = {.grams = (const int8_t *)bytes};

    for (size_t cut = 0; cut < len; cut += cut < 600 ? 1 : 97)
        assert_int_equal(read_at_guard(*state, bytes, cut, &model), SG_ERR_FORMAT);
    assert_int_equal(read_at_guard(*state, bytes, len + 8, &model), SG_ERR_FORMAT);
    assert_ptr_equal(model.grams, bytes); /* untouched */
}

static void walk_all(const struct sg_model *model)
{
    static const int16_t low[SG_STREAM_WIDTH];
    int16_t high[SG_STREAM_WIDTH];
    const struct sg_forest *forests[] = {&model->site, &model->structure, &model->outlier};

    memset(high, 0x7f, sizeof(high));
    for (size_t i = 0; i < COUNT(forests); i++) {
        int32_t a = sg_model_thousandths(forests[i], sg_model_sum(forests[i], low));
        int32_t b = sg_model_thousandths(forests[i], sg_model_sum(forests[i], high));

        assert_in_range(a, 0, 1000);
        assert_in_range(b, 0, 1000);
    }
}

/* Every 16-bit word of heads and rows, with values that point astray. */
static void a_damaged_model_file_is_refused_or_harmless(void **state)
{
    static uint8_t bytes[HEAD_SIZE + 1024 + SG_GRAM_SLOTS] __attribute__((aligned(8)));
    static const uint16_t values[] = {0, 1, 2, 5, 6, 0x7fff, 0x8000, 0xfffe, 0xffff};
    size_t len = make_file(bytes), refused = 0;
    struct sg_model model;

    for (size_t at = 0; at < len - SG_GRAM_SLOTS; at += 2) {
        for (size_t i = 0; i < COUNT(values); i++) {
            uint16_t kept;

            memcpy(&kept, bytes + at, 2);
            memcpy(bytes + at, &values[i], 2);
            if (read_at_guard(*state, bytes, len, &model) == SG_OK)
                walk_all(&model);
            else
                refused++;
            memcpy(bytes + at, &kept, 2);
        }
    }
    assert_true(refused > 1000);
}

static void a_row_whose_child_is_not_behind_it_is_refused(void **state)
{
    static uint8_t bytes[HEAD_SIZE + 1024 + SG_GRAM_SLOTS] __attribute__((aligned(8)));
    size_t len = make_file(bytes);
    struct sg_model model;

    bytes[HEAD_SIZE + 4] = 0; /* the left child of the first row: itself */
    assert_int_equal(read_at_guard(*state, bytes, len, &model), SG_ERR_FORMAT);
}

static void the_embedded_tables_are_sound(void **state)
{
    const struct sg_model *model = &sg_model_embedded;
    const struct sg_forest *forests[] = {&model->site, &model->structure, &model->outlier};
    const unsigned widths[] = {SG_SITE_WIDTH, SG_STREAM_WIDTH, SG_STREAM_WIDTH};

    (void)state;
    walk_all(model);
    for (size_t f = 0; f < COUNT(forests); f++)
        for (uint32_t i = 0; i < forests[f]->node_count; i++) {
            const struct sg_node *node = &forests[f]->nodes[i];

            assert_true(node->feature == SG_LEAF ||
                        (node->feature < widths[f] && node->left > i && node->right > i &&
                         node->left < forests[f]->node_count &&
                         node->right < forests[f]->node_count));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_goes_left_up_to_the_value_and_right_above_it),
        cmocka_unit_test(a_curve_is_straight_between_its_points_and_flat_outside),
        cmocka_unit_test(a_model_file_gives_what_was_put_in),
        cmocka_unit_test(a_model_file_cut_short_or_too_long_is_refused),
        cmocka_unit_test(a_damaged_model_file_is_refused_or_harmless),
        cmocka_unit_test(a_row_whose_child_is_not_behind_it_is_refused),
        cmocka_unit_test(the_embedded_tables_are_sound),
    };

    return cmocka_run_group_tests_name("model", tests, desk_setup, desk_teardown);
}
