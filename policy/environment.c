/* environment.c - what the environment may change in a policy. */
#include "policy/edits.h"
#include "policy/refusal.h"

static enum sg_status set_mode(struct sg_policy *policy, struct sg_text value,
                               struct sg_policy_error *error)
{
    const struct sg_option *option = sg_option_find("guard", "mode");
    struct sg_policy wanted = *policy;
    char words[256];
    struct sg_phrase why = sg_phrase_open(words, sizeof(words));

    if (sg_option_set(option, &wanted, value, &why) != SG_OK) {
        sg_refusal_value(error, 0, NULL, value, words);
        return SG_ERR_ARG;
    }
    if (policy->locked && wanted.mode < policy->mode)
        policy->ignored |= SG_IGNORED_MODE;
    else
        policy->mode = wanted.mode;
    return SG_OK;
}

/* What is wrong with the name of a log; NULL when nothing is. A word that is nearly a target is
 * taken for a slip, not for a file of that name. */
static const char *log_fault(struct sg_text value)
{
    if (value.len > SG_LOG_PATH_MAX)
        return "path longer than 4095 bytes";
    for (size_t i = 0; i < value.len; i++)
        if ((uint8_t)value.at[i] < ' ' || value.at[i] == 0x7f)
            return "path with a control character";
    if (memchr(value.at, '/', value.len))
        return NULL;
    for (enum sg_log_target target = SG_LOG_STDERR; target < SG_LOG_FILE; target++) {
        unsigned edits = sg_edits(value.at, sg_log_target_name(target));
        if (edits == 1 || edits == 2)
            return "expected stderr, syslog, journald or a path; write './' before a file's name";
    }
    return NULL;
}

static enum sg_status set_log(struct sg_policy *policy, struct sg_text value,
                              struct sg_policy_error *error)
{
    const char *fault = log_fault(value);
    struct sg_phrase nobody = {0};

    if (fault) {
        sg_refusal_value(error, 0, NULL, value, fault);
        return SG_ERR_ARG;
    }
    if (policy->locked) {
        policy->ignored |= SG_IGNORED_LOG;
        return SG_OK;
    }
    char *kept = sg_arena_copy(policy->arena, value.at, value.len);
    if (!kept) {
        sg_refusal_value(error, 0, NULL, value, "no memory left");
        return SG_ERR_MEMORY;
    }
    /* A relative path, which no policy file may hold, is as good as any here. */
    if (sg_option_set(sg_option_find("guard", "log"), policy, (struct sg_text){kept, value.len},
                      &nobody) != SG_OK)
        policy->log = (struct sg_policy_log){.target = SG_LOG_FILE, .path = kept};
    return SG_OK;
}

enum sg_status sg_policy_environment(struct sg_policy *policy, char *(*get)(const char *name),
                                     struct sg_policy_error *error)
{
    static const struct {
        const char *name;
        enum sg_status (*set)(struct sg_policy *, struct sg_text, struct sg_policy_error *);
    } variables[] = {{"SAFEGUARD_MODE", set_mode}, {"SAFEGUARD_LOG", set_log}};
    struct sg_policy next = *policy;

    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *value = get(variables[i].name);
        *error = (struct sg_policy_error){.file = variables[i].name};
        if (!value || !*value)
            continue;
        enum sg_status status = variables[i].set(&next, sg_text_of(value), error);
        if (status != SG_OK)
            return status;
    }
    *policy = next;
    return SG_OK;
}
