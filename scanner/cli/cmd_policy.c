/* cmd_policy.c - prints the policy in force, or says what is wrong with one. */
#include "cli/cli.h"
#include "cli/heap.h"
#include "cli/rules.h"
#include "cli/suggest.h"
#include "policy/profiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(const struct sg_verb *verb)
{
    fprintf(stderr, "safeguard: %s takes: %s\n", verb->name, verb->synopsis);
    return SG_EXIT_TROUBLE;
}

static void print_policy(const struct sg_policy *policy, bool json)
{
    size_t (*write)(const struct sg_policy *, char *, size_t) =
        json ? sg_policy_show_json : sg_policy_show;
    size_t len = write(policy, NULL, 0);
    char *text = sg_heap_grow(NULL, len + 1);

    write(policy, text, len + 1);
    fwrite(text, 1, len, stdout);
    free(text);
}

static int show(const char *file, bool json)
{
    struct sg_rules rules;
    struct sg_policy_error error;
    char text[1024];

    if (!(file ? sg_rules_check(&rules, file) : sg_rules_load(&rules, NULL)))
        return SG_EXIT_TROUBLE;
    /* Without a file it is what a guarded program would go by, environment and all. */
    if (!file && sg_policy_environment(&rules.policy, getenv, &error)) {
        sg_policy_error_text(&error, text, sizeof(text));
        fprintf(stderr, "safeguard: %s\n", text);
        sg_rules_free(&rules);
        return SG_EXIT_TROUBLE;
    }
    print_policy(&rules.policy, json);
    sg_rules_free(&rules);
    return SG_EXIT_OK;
}

/* The profile of that name, or that of the policy in force. */
static bool choose_profile(const char *name, enum sg_profile *profile)
{
    struct sg_rules rules;

    if (name && sg_profile_find(name, profile))
        return true;
    if (name) {
        fprintf(stderr,
                "safeguard: policy: there is no profile '%s'; there are no-bypass and "
                "inference\n",
                name);
        return false;
    }
    if (!sg_rules_load(&rules, NULL))
        return false;
    *profile = rules.policy.seccomp;
    sg_rules_free(&rules);
    if (*profile == SG_PROFILE_OFF)
        fprintf(stderr, "safeguard: policy: no profile is in force; name one: no-bypass or "
                        "inference\n");
    return *profile != SG_PROFILE_OFF;
}

static int show_seccomp(const char *name, bool json)
{
    enum sg_profile profile;

    if (!choose_profile(name, &profile))
        return SG_EXIT_TROUBLE;
    size_t (*write)(enum sg_profile, char *, size_t) = json ? sg_profile_oci : sg_profile_show;
    size_t len = write(profile, NULL, 0);
    char *text = sg_heap_grow(NULL, len + 1);
    write(profile, text, len + 1);
    fwrite(text, 1, len, stdout);
    free(text);
    return SG_EXIT_OK;
}

static int check(const char *file)
{
    struct sg_rules rules;

    if (!sg_rules_check(&rules, file))
        return SG_EXIT_TROUBLE;
    printf("safeguard: %s: valid\n", file);
    sg_rules_free(&rules);
    return SG_EXIT_OK;
}

int sg_cmd_policy(const struct sg_verb *verb, const struct sg_cmdline *options, char **args)
{
    bool json = options->format == SG_JSON;

    if (!args[0] || ((options->seccomp || json) && strcmp(args[0], "show") != 0))
        return usage(verb);
    if (strcmp(args[0], "show") == 0 && !(args[1] && args[2]))
        return options->seccomp ? show_seccomp(args[1], json) : show(args[1], json);
    if (strcmp(args[0], "check") == 0 && args[1] && !args[2])
        return check(args[1]);
    struct sg_suggestion near = sg_suggest_begin(args[0]);
    sg_suggest_offer(&near, "show");
    sg_suggest_offer(&near, "check");
    if (!near.best || near.distance == 0)
        return usage(verb);
    fprintf(stderr, "safeguard: policy: there is no '%s'; did you mean '%s'?\n", args[0],
            near.best);
    return SG_EXIT_TROUBLE;
}
