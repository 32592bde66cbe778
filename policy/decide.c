/* decide.c - from a report to what becomes of the file. Pure. */
#include "policy/glob.h"
#include "policy/options.h"

static enum sg_action weaker(enum sg_action a, enum sg_action b)
{
    return a < b ? a : b;
}

static enum sg_action stricter(enum sg_action a, enum sg_action b)
{
    return a > b ? a : b;
}

bool sg_policy_process_match(const struct sg_policy *policy, const char *name)
{
    struct sg_text rest = policy->processes, word;

    while (sg_option_next_word(&rest, &word))
        if (sg_glob_match(word, sg_text_of(name), 0))
            return true;
    return false;
}

static bool lists_global(const struct sg_policy_list *list, struct sg_text module,
                         struct sg_text qualname)
{
    struct sg_glob glob;

    for (size_t i = 0; i < list->count; i++) {
        sg_glob_begin(&glob, list->items[i], 0);
        sg_glob_feed(&glob, module);
        sg_glob_feed(&glob, SG_TEXT("."));
        sg_glob_feed(&glob, qualname);
        if (sg_glob_matched(&glob))
            return true;
    }
    return false;
}

bool sg_policy_global_denied(const struct sg_policy *policy, struct sg_text module,
                             struct sg_text qualname)
{
    return lists_global(&policy->deny_globals, module, qualname);
}

bool sg_policy_global_allowed(const struct sg_policy *policy, struct sg_text module,
                              struct sg_text qualname)
{
    return lists_global(&policy->allow_globals, module, qualname) &&
           !lists_global(&policy->deny_globals, module, qualname);
}

static bool lists_path(const struct sg_policy_list *list, const char *path)
{
    for (size_t i = 0; path && i < list->count; i++)
        if (sg_glob_match(list->items[i], sg_text_of(path), '/'))
            return true;
    return false;
}

static bool lists_sha256(const struct sg_policy_list *list, const uint8_t *sha256)
{
    for (size_t i = 0; sha256 && i < list->count; i++)
        if (memcmp(list->items[i].at, sha256, list->items[i].len) == 0)
            return true;
    return false;
}

/* Not `>=`: no number is at or above every threshold. */
static enum sg_verdict by_score(double score, double suspicious, double malicious)
{
    if (!(score < malicious))
        return SG_MALICIOUS;
    return score < suspicious ? SG_BENIGN : SG_SUSPICIOUS;
}

enum sg_verdict sg_policy_verdict(const struct sg_report *report, const struct sg_policy *policy)
{
    enum sg_verdict verdict = by_score(report->score, policy->suspicious, policy->malicious);
    enum sg_verdict usual = by_score(report->score, SG_POLICY_SUSPICIOUS, SG_POLICY_MALICIOUS);

    return report->verdict > usual && report->verdict > verdict ? report->verdict : verdict;
}

static enum sg_action by_verdict(const struct sg_report *report, const struct sg_policy *policy)
{
    enum sg_verdict verdict = sg_policy_verdict(report, policy);
    enum sg_action action = verdict == SG_BENIGN ? SG_ALLOW : SG_LOG;

    if (verdict >= policy->block_at)
        action = SG_BLOCK;
    if (report->coverage == SG_PARTIAL)
        action = stricter(action, policy->on_partial);
    if (report->coverage == SG_NONE)
        action = stricter(action, SG_LOG);
    return action;
}

/* A text file in a denied folder is nobody's model. */
static bool denied(const struct sg_report *report, const char *path, const uint8_t *sha256,
                   const struct sg_policy *policy)
{
    if (report->format && !strcmp(report->format, "none"))
        return false;
    return lists_path(&policy->deny_paths, path) || lists_sha256(&policy->deny_sha256, sha256);
}

static bool allowed(const char *path, const uint8_t *sha256, const struct sg_policy *policy)
{
    if (lists_sha256(&policy->allow_sha256, sha256))
        return true;
    return path && sg_path_is_settled(sg_text_of(path)) && lists_path(&policy->allow_paths, path);
}

enum sg_action sg_policy_decide(const struct sg_report *report, const char *path,
                                const uint8_t *sha256, const struct sg_policy *policy)
{
    enum sg_action action = by_verdict(report, policy);

    if (denied(report, path, sha256, policy))
        action = SG_BLOCK;
    else if (allowed(path, sha256, policy))
        action = SG_ALLOW;
    return weaker(action, policy->mode);
}
