/* site_model.c - a model file that the policy names: read once, checked, and kept
 * with the policy. */
#include "policy/site_model.h"

#include "policy/site_file.h"

enum sg_status sg_site_model_read(const char *path, struct sg_arena *arena,
                                  const struct sg_model **model, struct sg_phrase *why)
{
    struct sg_policy_error error;
    struct sg_text text;
    enum sg_status status = sg_site_file_read(path, arena, &text, &error);

    if (status == SG_ERR_MEMORY)
        return status;
    if (status != SG_OK) {
        sg_phrase_quote(why, sg_text_of(path));
        sg_phrase_string(why, ": ");
        sg_phrase_string(why, error.message);
        return SG_ERR_FORMAT;
    }
    status = sg_model_open((const uint8_t *)text.at, text.len, arena, model);
    if (status != SG_ERR_FORMAT)
        return status;
    sg_phrase_quote(why, sg_text_of(path));
    sg_phrase_string(why, ": no model file of this version of safeguard, or damaged");
    return SG_ERR_FORMAT;
}

const struct sg_model *sg_policy_model(const struct sg_policy *policy)
{
    return policy->model.path ? policy->model.tables : NULL;
}
