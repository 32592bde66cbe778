/* load.c - which policy files hold, and in which order. */
#include "policy/refusal.h"
#include "policy/site_file.h"

static enum sg_status no_memory(struct sg_policy_error *error, const char *file)
{
    *error = (struct sg_policy_error){.file = file};
    sg_refusal_say(error, 0, "no memory left");
    return SG_ERR_MEMORY;
}

/* SG_END when there is no such file. */
static enum sg_status apply_file(struct sg_policy *policy, const char *file,
                                 struct sg_policy_error *error)
{
    struct sg_text text;
    enum sg_status status = sg_site_file_read(file, policy->arena, &text, error);

    return status == SG_OK ? sg_policy_parse(policy, text, file, error) : status;
}

/* policy.d for policy.ini, policy.conf.d for policy.conf. */
static const char *folder_of(struct sg_arena *arena, const char *file)
{
    size_t len = strlen(file);
    size_t stem = len > 4 && !strcmp(file + len - 4, ".ini") ? len - 4 : len;
    char *folder = sg_arena_take(arena, stem + sizeof(".d"));

    if (folder) {
        memcpy(folder, file, stem);
        memcpy(folder + stem, ".d", sizeof(".d"));
    }
    return folder;
}

static enum sg_status apply_folder(struct sg_policy *policy, const char *file,
                                   struct sg_policy_error *error)
{
    struct sg_site_folder folder;
    const char *path = folder_of(policy->arena, file);
    enum sg_status status;

    if (!path)
        return no_memory(error, file);
    status = sg_site_folder_list(path, policy->arena, &folder, error);
    for (size_t i = 0; status == SG_OK && i < folder.count; i++) {
        status = apply_file(policy, folder.files[i], error);
        if (status == SG_END) /* gone since it was listed */
            status = SG_ERR_IO;
    }
    return status;
}

static enum sg_status apply(struct sg_policy *policy, const char *file, bool may_be_absent,
                            struct sg_policy_error *error)
{
    const char *kept = sg_arena_copy(policy->arena, file, strlen(file));
    enum sg_status status;

    if (!kept)
        return no_memory(error, file);
    status = apply_file(policy, kept, error);
    if (status == SG_OK)
        policy->file = kept;
    else if (status == SG_END)
        status = may_be_absent ? SG_OK : SG_ERR_IO;
    return status == SG_OK ? apply_folder(policy, kept, error) : status;
}

enum sg_status sg_policy_read(struct sg_policy *policy, const char *file,
                              struct sg_policy_error *error)
{
    struct sg_policy next = *policy;
    enum sg_status status = apply(&next, file, false, error);

    if (status == SG_OK)
        *policy = next;
    return status;
}

enum sg_status sg_policy_load(struct sg_policy *policy, const char *site, const char *chosen,
                              struct sg_policy_error *error)
{
    struct sg_policy next = *policy;
    enum sg_status status = apply(&next, site, true, error);
    bool choose = chosen && *chosen && strcmp(chosen, site) != 0;

    if (status == SG_OK && choose && next.locked) {
        next.ignored |= SG_IGNORED_POLICY;
    } else if (status == SG_OK && choose) {
        next = *policy;
        status = apply(&next, chosen, false, error);
    }
    if (status == SG_OK)
        *policy = next;
    return status;
}
