/* fuzz_model.c - any bytes as a model file, but for its first words and its weights of grams.
 *
 * Checked besides what the sanitizers see: a file that is taken walks to an end, and says
 * thousandths.
 */
#include "tests/fuzz/fuzzkit.h"

#include "judge/model.h"

static void walk(const struct sg_forest *forest, const int16_t *features)
{
    int32_t said = sg_model_thousandths(forest, sg_model_sum(forest, features));

    CHECK(said >= 0 && said <= 1000);
}

static void use(const struct sg_model *model, const uint8_t *data, size_t size)
{
    struct sg_stream_vector stream = {{0}};
    struct sg_site_vector site = {{0}};
    struct sg_grams grams;

    sg_grams_of((struct sg_text){(const char *)data, size}, SG_TEXT("name"), &grams);
    memcpy(&stream, data, size < sizeof(stream) ? size : sizeof(stream));
    memcpy(&site, data, size < sizeof(site) ? size : sizeof(site));
    site.at[SG_SITE_GRAMS] = sg_model_grams(model, &grams);
    walk(&model->site, site.at);
    walk(&model->structure, stream.at);
    walk(&model->outlier, stream.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint32_t words[] = {SG_MODEL_VERSION, SG_FEATURE_HASH, SG_GRAM_SLOTS, 0};
    size_t head = 8 + sizeof(words), len = head + size + SG_GRAM_SLOTS;
    uint8_t *bytes = calloc(1, len);
    struct sg_model model;

    CHECK(bytes);
    memcpy(bytes, "SGMODEL\n", 8);
    memcpy(bytes + 8, words, sizeof(words));
    memcpy(bytes + head, data, size);
    if (sg_model_read(bytes, len, &model) == SG_OK)
        use(&model, data, size);
    free(bytes);
    return 0;
}
