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

/* How much of a name a pattern that matches it writes out. */
static enum sg_said allowed_by(struct sg_text pattern, struct sg_text name)
{
    const char *dot = memrchr(name.at, '.', name.len);
    size_t letters = 0, before = dot ? (size_t)(dot - name.at) : 0;

    while (letters < pattern.len && !memchr("*?[", pattern.at[letters], 3))
        letters++;
    return letters == pattern.len ? SG_SAID_NAMED
           : letters > before     ? SG_SAID_FAMILY
                                  : SG_SAID_ALLOWED;
}

static enum sg_said said(const void *ctx, struct sg_text name)
{
    const struct sg_policy *policy = ctx;
    const struct sg_policy_list *allow = &policy->allow_globals, *deny = &policy->deny_globals;
    enum sg_said most = SG_SAID_NOTHING;

    for (size_t i = 0; i < deny->count; i++)
        if (sg_glob_match(deny->items[i], name, 0))
            return SG_SAID_DENIED;
    for (size_t i = 0; i < allow->count; i++) {
        enum sg_said by = allowed_by(allow->items[i], name);
        if (by > most && sg_glob_match(allow->items[i], name, 0))
            most = by;
    }
    return most;
}

struct sg_opinion sg_policy_opinion(const struct sg_policy *policy)
{
    if (policy->allow_globals.count + policy->deny_globals.count == 0)
        return (struct sg_opinion){0};
    return (struct sg_opinion){.of = said, .ctx = policy};
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
