/* cli.h - the verbs of the command line and what they share.
 *
 * A verb is one row in main.c, one file cmd_NAME.c, and its options as rows in cmdline.c.
 */
#ifndef SG_CLI_H
#define SG_CLI_H

#include "cli/cmdline.h"

#ifndef SG_VERSION
#define SG_VERSION "0.1.0"
#endif

enum sg_exit {
    SG_EXIT_OK = 0,
    SG_EXIT_FOUND = 1,     /* scan: something at or above --fail-on */
    SG_EXIT_TROUBLE = 2,   /* bad usage; scan: something could not be read or fully analysed */
    SG_EXIT_REFUSED = 125, /* run: the command would go on unprotected */
    SG_EXIT_NO_EXEC = 126, /* run: the command cannot be run */
    SG_EXIT_NOT_FOUND = 127,
};

struct sg_verb {
    const char *name;
    const char *synopsis; /* what follows the name */
    const char *summary;  /* one line */
    const char *details;  /* further lines of help */
    int (*run)(const struct sg_verb *verb, const struct sg_cmdline *options, char **args);
};

/* All verbs; the last one has no name. */
extern const struct sg_verb sg_verbs[];

/* The verb of that name, or NULL after a message that names the nearest one. */
const struct sg_verb *sg_verb_find(const char *name);

/* `args`: what is left of the command line after the options, NULL-terminated. The answer is
 * the exit status. */
int sg_cmd_scan(const struct sg_verb *verb, const struct sg_cmdline *options, char **args);
int sg_cmd_run(const struct sg_verb *verb, const struct sg_cmdline *options, char **args);
int sg_cmd_policy(const struct sg_verb *verb, const struct sg_cmdline *options, char **args);
int sg_cmd_features(const struct sg_verb *verb, const struct sg_cmdline *options, char **args);
int sg_cmd_report(const struct sg_verb *verb, const struct sg_cmdline *options, char **args);
int sg_cmd_explain(const struct sg_verb *verb, const struct sg_cmdline *options, char **args);
int sg_cmd_jupyter(const struct sg_verb *verb, const struct sg_cmdline *options, char **args);
int sg_cmd_doctor(const struct sg_verb *verb, const struct sg_cmdline *options, char **args);
int sg_cmd_version(const struct sg_verb *verb, const struct sg_cmdline *options, char **args);
int sg_cmd_help(const struct sg_verb *verb, const struct sg_cmdline *options, char **args);

/* Prints a verb's page on standard output. */
void sg_verb_help(const struct sg_verb *verb);

#endif
