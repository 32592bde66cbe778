/* cmd_help.c - what the verbs are, and a verb's page. */
#include "cli/cli.h"

#include <stdio.h>

void sg_verb_help(const struct sg_verb *verb)
{
    printf("safeguard %s %s\n\n%s\n\n", verb->name, verb->synopsis, verb->summary);
    sg_cmdline_help(verb->name, stdout);
    if (*verb->details)
        printf("\n%s", verb->details);
}

static void list_verbs(void)
{
    printf("safeguard VERB ...\n\n");
    for (const struct sg_verb *verb = sg_verbs; verb->name; verb++)
        printf("  %-9s %s\n", verb->name, verb->summary);
    printf("\nsafeguard help VERB explains one.\n");
}

int sg_cmd_help(const struct sg_verb *verb, const struct sg_cmdline *options, char **args)
{
    (void)verb;
    (void)options;
    if (!args[0]) {
        list_verbs();
        return SG_EXIT_OK;
    }
    const struct sg_verb *asked = sg_verb_find(args[0]);
    if (!asked)
        return SG_EXIT_TROUBLE;
    sg_verb_help(asked);
    return SG_EXIT_OK;
}
