/* cmdline.h - the options of all verbs, read by getopt_long from one table.
 *
 * An option is one row in cmdline.c and, when it has a value, one field here.
 */
#ifndef SG_CMDLINE_H
#define SG_CMDLINE_H

#include "ground/report.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

enum sg_format {
    SG_TEXT_LINES,
    SG_JSON,
    SG_JSONL,
    SG_SARIF,
    SG_HTML,
    SG_PROMETHEUS,
    SG_DOT,
    SG_JUNIT
};

#define SG_EXCLUDES_MAX 64u

struct sg_cmdline {
    bool help;
    bool recursive;
    bool verbose;
    bool seccomp;
    bool supervise;
    bool every;
    pid_t pid;     /* 0: none */
    unsigned jobs; /* 0: one for each processor */
    enum sg_format format;
    enum sg_verdict fail_on; /* SG_SUSPICIOUS or SG_MALICIOUS */
    const char *policy;      /* a path, or NULL */
    const char *mode;        /* "block", "log" or NULL */
    const char *excludes[SG_EXCLUDES_MAX];
    size_t exclude_count;
    const char *since;      /* a date or a path, or NULL */
    const char *files_from; /* a path, "-" or NULL */
    const char *cache;      /* a path, or NULL */
    const char *baseline;   /* a path, or NULL */
    const char *accept;     /* why, or NULL */
    const char *kernel;     /* names, a folder; or NULL */
    const char *name;
    const char *prefix;
    const char *log;    /* a path or a known word, or NULL */
    const char *listen; /* ADDRESS:PORT, or NULL */
};

/* Reads the options of `verb` from argv[1..argc-1] (argv[0] is the verb) and points `*args` at
 * what is left. False after a message on standard error. */
bool sg_cmdline_parse(const char *verb, int argc, char **argv, struct sg_cmdline *options,
                      char ***args);

/* Prints the options of `verb`, one or more lines each. */
void sg_cmdline_help(const char *verb, FILE *out);

#endif
