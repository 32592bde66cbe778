/* cmd_explain.c - what would happen if a file were loaded, and what speaks against it. */
#include "cli/cli.h"
#include "cli/explain.h"
#include "cli/openfile.h"
#include "cli/rules.h"
#include "cli/scanfile.h"
#include "judge/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int complain(const char *path, const char *problem)
{
    struct sg_outbuf out = {0};

    sg_out_text(&out, "safeguard: explain: ");
    sg_out_plain(&out, path);
    sg_out_format(&out, ": %s\n", problem);
    (void)sg_out_write(&out, STDERR_FILENO);
    sg_out_free(&out);
    return SG_EXIT_TROUBLE;
}

static bool has_member(const struct sg_explained *what)
{
    for (size_t i = 0; i < what->story->chapter_count; i++)
        if (strcmp(what->story->chapters[i].member, what->member) == 0)
            return true;
    return false;
}

static int tell(const struct sg_explained *what, enum sg_format format)
{
    struct sg_outbuf out = {0};

    if (format == SG_HTML)
        sg_explain_html(&out, what);
    else if (format == SG_DOT)
        sg_explain_dot(&out, what);
    else
        sg_explain_text(&out, what);
    bool written = sg_out_write(&out, STDOUT_FILENO);
    sg_out_free(&out);
    return written ? SG_EXIT_OK : complain(what->path, strerror(errno));
}

/* The lists of paths and hashes are the guard's and `scan`'s affair: here it is
 * what the file is. */
static int explain_report(struct sg_explained *what, const struct sg_policy *policy,
                          enum sg_format format)
{
    int status;

    what->action = sg_policy_decide(what->report, NULL, NULL, policy);
    what->note = policy->mode == SG_BLOCK ? NULL : "the policy's mode is not to block";
    if (what->member && !has_member(what))
        status = complain(what->path, "there is no such member with pickles in it");
    else
        status = tell(what, format);
    return status == SG_EXIT_OK && what->report->coverage != SG_COMPLETE ? SG_EXIT_TROUBLE : status;
}

static int explain(const char *path, const char *member, const struct sg_policy *policy,
                   const struct sg_cmdline *options)
{
    const struct sg_model *own = sg_policy_model(policy);
    struct sg_openfile file;
    struct sg_story story;
    struct sg_report report;
    const char *problem = sg_openfile_open(&file, path);

    if (problem)
        return complain(path, problem);
    struct sg_arena arena = sg_scanfile_arena(policy->limits.max_memory);
    sg_story_begin(&story, own ? own : &sg_model_embedded, options->every);
    struct sg_options scan = {.limits = policy->limits,
                              .opinion = sg_policy_opinion(policy),
                              .model = own,
                              .tap = &story.tap,
                              .onlooker = &story.onlooker};
    enum sg_status status =
        arena.base ? sg_scan(&file.source, &scan, &arena, &report) : SG_ERR_MEMORY;
    int exit;
    if (status) {
        exit = complain(path, sg_status_text(status));
    } else {
        struct sg_explained what = {
            .path = path, .report = &report, .story = &story, .member = member};
        report.verdict = sg_policy_verdict(&report, policy);
        sg_story_end(&story, &report);
        exit = explain_report(&what, policy, options->format);
    }
    sg_story_free(&story);
    sg_scanfile_drop(&arena);
    sg_openfile_close(&file);
    return exit;
}

/* FILE or FILE:MEMBER; a file that has a colon in its own name comes first. */
static int explain_target(char *target, const struct sg_policy *policy,
                          const struct sg_cmdline *options)
{
    char *colon = access(target, F_OK) == 0 ? NULL : strchr(target, ':');

    for (; colon; colon = strchr(colon + 1, ':')) {
        *colon = '\0';
        if (access(target, F_OK) == 0)
            return explain(target, colon + 1, policy, options);
        *colon = ':';
    }
    return explain(target, NULL, policy, options);
}

int sg_cmd_explain(const struct sg_verb *verb, const struct sg_cmdline *options, char **args)
{
    struct sg_rules rules;

    if (!args[0] || args[1]) {
        fprintf(stderr, "safeguard: explain takes: %s\n", verb->synopsis);
        return SG_EXIT_TROUBLE;
    }
    if (!sg_rules_load(&rules, options->policy))
        return SG_EXIT_TROUBLE;
    int status = explain_target(args[0], &rules.policy, options);
    sg_rules_free(&rules);
    return status;
}
