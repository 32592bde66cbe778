/* cmd_version.c - the version. */
#include "cli/cli.h"

#include <stdio.h>

int sg_cmd_version(const struct sg_verb *verb, const struct sg_cmdline *options, char **args)
{
    (void)verb;
    (void)options;
    if (args[0]) {
        fprintf(stderr, "safeguard: version takes no arguments\n");
        return SG_EXIT_TROUBLE;
    }
    printf("safeguard %s\n", SG_VERSION);
    return SG_EXIT_OK;
}
