/* cmd_doctor.c - says whether the guard works here: library, policy, interpreters, a process.
 *
 * Nothing is concluded from versions alone: each interpreter is run under the guard and tries what
 * must be refused.
 */
#include "cli/cli.h"
#include "cli/doctor.h"
#include "cli/mapped.h"
#include "cli/outbuf.h"
#include "cli/rules.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WHY_MAX (2 * PATH_MAX + 512)

struct visit {
    const struct sg_preload *preload;
    const struct sg_policy *policy;
    unsigned covered, short_of; /* interpreters */
};

static void __attribute__((format(printf, 3, 4)))
say(const char *what, const char *state, const char *format, ...)
{
    struct sg_outbuf out = {0};
    char text[WHY_MAX + PATH_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    sg_out_format(&out, "%-12s %-5s ", what, state);
    sg_out_plain(&out, text);
    sg_out_text(&out, "\n");
    (void)sg_out_write(&out, STDOUT_FILENO);
    sg_out_free(&out);
}

static const char *mode_name(enum sg_action action)
{
    return action == SG_BLOCK ? "block" : action == SG_LOG ? "log" : "off";
}

static bool check_library(struct sg_preload *preload)
{
    char why[WHY_MAX], libc[64] = "";
    bool found = sg_preload_find(preload, why, sizeof(why));

    confstr(_CS_GNU_LIBC_VERSION, libc, sizeof(libc));
    if (found)
        say("library", "ok", "%s, version %s, %s here", preload->library, SG_VERSION,
            *libc ? libc : "another libc than glibc");
    else
        say("library", "no", "%s", why);
    return found;
}

/* The policy as a guarded program would have it; what it says is on standard error already when it
 * is not valid. */
static bool check_policy(struct sg_rules *rules, const char *file)
{
    struct sg_policy_error error;
    char text[1024];

    if (!sg_rules_load(rules, file)) {
        say("policy", "no", "it is not valid: a guarded program would not start");
        return false;
    }
    const struct sg_policy *policy = &rules->policy;
    if (sg_policy_environment(&rules->policy, getenv, &error)) {
        sg_policy_error_text(&error, text, sizeof(text));
        say("policy", "no", "%s", text);
        sg_rules_free(rules);
        return false;
    }
    say("policy", policy->mode == SG_BLOCK ? "ok" : "part",
        "%s: mode %s, find_class %s, effects %s", policy->file ? policy->file : "built in",
        mode_name(policy->mode), mode_name(policy->find_class), mode_name(policy->effects));
    return true;
}

/* A layer that the policy does not ask to block is not missed. */
static bool lacks(bool works, enum sg_action asked)
{
    return !works && asked == SG_BLOCK;
}

static const char *guarded(bool works)
{
    return works ? "guarded" : "not guarded";
}

static bool is_old(const char *version)
{
    return strncmp(version, "3.", 2) == 0 && strtol(version + 2, NULL, 10) < 8;
}

static void visit(void *ctx, const char *path)
{
    struct visit *visit = ctx;
    struct sg_layers layers;
    char why[WHY_MAX];

    if (!sg_doctor_probe(visit->preload, path, &layers, why, sizeof(why))) {
        visit->short_of++;
        say("interpreter", "no", "%s: %s", path, why);
        return;
    }
    bool covered = layers.files && !lacks(layers.names, visit->policy->find_class) &&
                   !lacks(layers.effects, visit->policy->effects);
    visit->covered += covered;
    visit->short_of += !covered;
    say("interpreter", covered ? "ok" : "part", "%s, Python %s: files %s, names %s, effects %s%s",
        path, layers.version, guarded(layers.files), guarded(layers.names), guarded(layers.effects),
        is_old(layers.version) ? "; what these need came with CPython 3.8" : "");
}

/* In the environment of a guarded program, in block mode and without a line in anybody's log. */
static int check_interpreters(const struct sg_preload *preload, const struct sg_policy *policy,
                              char **paths)
{
    struct visit visited = {.preload = preload, .policy = policy};

    sg_preload_set(preload);
    setenv("SAFEGUARD_MODE", "block", 1);
    setenv("SAFEGUARD_LOG", "stderr", 1);
    if (policy->file)
        setenv("SAFEGUARD_POLICY", policy->file, 1);
    for (char **path = paths; *path; path++)
        visit(&visited, *path);
    if (!*paths)
        sg_doctor_find(visit, &visited);
    say("summary", visited.short_of ? "part" : "ok", "interpreters: %u covered, %u not or in part",
        visited.covered, visited.short_of);
    return visited.short_of || !visited.covered ? SG_EXIT_FOUND : SG_EXIT_OK;
}

static int check_process(const struct sg_preload *preload, pid_t pid)
{
    char link[64], exe[PATH_MAX];

    errno = 0;
    enum sg_mapped seen = sg_mapped_look(pid, preload->library);
    int problem = errno;
    snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
    ssize_t len = readlink(link, exe, sizeof(exe) - 1);
    exe[len > 0 ? len : 0] = '\0';
    if (seen == SG_MAPPED_GUARDED) {
        say("process", "ok", "%d (%s): the library is in it", (int)pid, exe);
        return SG_EXIT_OK;
    }
    if (seen == SG_MAPPED_UNGUARDED) {
        say("process", "no", "%d (%s): the library is not in it", (int)pid, exe);
        return SG_EXIT_FOUND;
    }
    say("process", "?", "%d: %s", (int)pid,
        seen == SG_MAPPED_GONE ? "there is no such process"
        : problem              ? strerror(problem)
                               : "it has no C library of ours to look at");
    return SG_EXIT_TROUBLE;
}

int sg_cmd_doctor(const struct sg_verb *verb, const struct sg_cmdline *options, char **args)
{
    struct sg_preload preload;
    struct sg_rules rules;

    (void)verb;
    if (!check_library(&preload))
        return SG_EXIT_FOUND;
    if (options->pid)
        return check_process(&preload, options->pid);
    if (!check_policy(&rules, options->policy))
        return SG_EXIT_FOUND;
    int status = check_interpreters(&preload, &rules.policy, args);
    if (rules.policy.mode != SG_BLOCK)
        status = SG_EXIT_FOUND;
    sg_rules_free(&rules);
    return status;
}
