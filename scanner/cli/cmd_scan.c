/* cmd_scan.c - scans files and directories: what the options ask for. */
#include "cli/cli.h"
#include "cli/pathlist.h"
#include "cli/rules.h"
#include "cli/scancrew.h"
#include "cli/stopping.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS 80u /* where a terminal does not say how wide it is */

/* Of the terminal that the results go to; 0: none. */
static unsigned columns_of_output(void)
{
    struct winsize size;

    if (isatty(STDOUT_FILENO) != 1)
        return 0;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : COLUMNS;
}

static struct sg_emission emission_for(const struct sg_cmdline *options, char folder[PATH_MAX])
{
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
    unsigned columns = columns_of_output();

    return (struct sg_emission){.colour = columns && term && strcmp(term, "dumb") != 0 &&
                                          !(no_color && *no_color),
                                .verbose = options->verbose,
                                .baseline = options->baseline != NULL,
                                .columns = columns,
                                .folder = getcwd(folder, PATH_MAX)};
}

static int save(struct sg_remember *remember, struct sg_outcome *outcome,
                const struct sg_cmdline *options)
{
    return options->cache && !sg_remember_save(remember, &outcome->fresh) ? SG_EXIT_TROUBLE
                                                                          : outcome->status;
}

/* With the files that a scan keeps, and that it goes by. */
static int scan_with(struct sg_walk *walk, const struct sg_policy *policy,
                     struct sg_progress progress, const struct sg_cmdline *options)
{
    struct sg_remember remember = {0};
    struct sg_baseline baseline = {0};
    struct sg_outcome outcome = {0};
    char folder[PATH_MAX];
    struct sg_emission how = emission_for(options, folder);
    struct sg_orders orders = {.walk = walk,
                               .rules = {.policy = policy,
                                         .remember = options->cache ? &remember : NULL,
                                         .baseline = options->baseline ? &baseline : NULL},
                               .emit = sg_emit_of(options->format, how.columns > 0),
                               .how = how,
                               .progress = progress,
                               .accepting = options->accept ? &baseline : NULL,
                               .accept_why = options->accept,
                               .jobs = options->jobs};
    int status = SG_EXIT_TROUBLE;

    if ((!options->cache || sg_remember_open(&remember, options->cache, policy)) &&
        (!options->baseline ||
         sg_baseline_open(&baseline, options->baseline, options->accept != NULL))) {
        sg_crew_scan(&orders, &outcome);
        status = save(&remember, &outcome, options);
        if (outcome.signal)
            sg_stopping_die(outcome.signal);
        if (options->accept && !sg_baseline_save(&baseline))
            status = SG_EXIT_TROUBLE;
    }
    sg_remember_free(&outcome.fresh);
    sg_remember_free(&remember);
    sg_baseline_free(&baseline);
    return status;
}

/* NULL, or what is wrong with the options taken together. */
static const char *check_options(const struct sg_cmdline *options, struct sg_walk *walk)
{
    if (options->accept && !options->baseline)
        return "--accept needs --baseline, the file to write to";
    if (options->accept && strpbrk(options->accept, "\r\n"))
        return "--accept takes one line";
    if (options->since && !sg_walk_since(walk, options->since))
        return "--changed-since takes a date, as 2026-11-23 or 2026-11-23T17:30, or a file";
    return NULL;
}

/* False after a message when the list cannot be read. */
static bool add_all(struct sg_walk *walk, const struct sg_cmdline *options, char **args)
{
    struct sg_pathlist list = {0};
    const char *path, *problem = NULL;

    for (; *args; args++)
        sg_walk_add(walk, *args);
    if (options->files_from)
        problem = sg_pathlist_read(&list, options->files_from);
    while (!problem && (path = sg_pathlist_next(&list)))
        sg_walk_add_listed(walk, path);
    sg_pathlist_free(&list);
    if (problem)
        fprintf(stderr, "safeguard: scan: %s: %s\n", options->files_from, problem);
    return !problem;
}

int sg_cmd_scan(const struct sg_verb *verb, const struct sg_cmdline *options, char **args)
{
    struct sg_progress progress = sg_progress_begin();
    struct sg_walk walk = {.recursive = options->recursive,
                           .excludes = options->excludes,
                           .exclude_count = options->exclude_count,
                           .progress = &progress};
    struct sg_rules rules;
    const char *problem = check_options(options, &walk);
    int status = SG_EXIT_TROUBLE;

    if (problem) {
        fprintf(stderr, "safeguard: scan: %s\n", problem);
        return SG_EXIT_TROUBLE;
    }
    if (!args[0] && !options->files_from) {
        fprintf(stderr, "safeguard: scan what? see: safeguard help %s\n", verb->name);
        return SG_EXIT_TROUBLE;
    }
    if (!sg_rules_load(&rules, options->policy))
        return SG_EXIT_TROUBLE;
    /* The exit status is a decision as the guard makes it, at the level asked for. */
    rules.policy.mode = SG_BLOCK;
    rules.policy.block_at = options->fail_on;
    rules.policy.on_partial = SG_LOG;
    walk.apart = rules.policy.allow_paths.count || rules.policy.deny_paths.count;
    if (add_all(&walk, options, args))
        status = scan_with(&walk, &rules.policy, progress, options);
    sg_walk_free(&walk);
    sg_rules_free(&rules);
    return status;
}
