/* cmdline.c - one row for each option. */
#include "cli/cmdline.h"

#include "cli/suggest.h"
#include "policy/glob.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define JOBS_MAX 256
#define NAME_WIDTH 21

struct row {
    const char *verbs[5]; /* none: every verb */
    char letter;
    const char *name;
    const char *value; /* what stands for the value in help, or NULL */
    const char *help;
    bool (*set)(struct sg_cmdline *options, const struct row *row, const char *value);
    size_t field; /* of set_flag and set_text */
};

/* The fields that set_flag() and set_text() fill in: by their place in struct sg_cmdline. */
#define FIELD(name) offsetof(struct sg_cmdline, name)

static bool set_flag(struct sg_cmdline *options, const struct row *row, const char *value)
{
    (void)value;
    *(bool *)((char *)options + row->field) = true;
    return true;
}

static bool set_text(struct sg_cmdline *options, const struct row *row, const char *value)
{
    *(const char **)((char *)options + row->field) = value;
    return *value != '\0';
}

static bool set_exclude(struct sg_cmdline *options, const struct row *row, const char *value)
{
    (void)row;
    if (options->exclude_count == SG_EXCLUDES_MAX || sg_glob_fault(sg_text_of(value)))
        return false;
    options->excludes[options->exclude_count++] = value;
    return true;
}

static bool set_jobs(struct sg_cmdline *options, const struct row *row, const char *value)
{
    (void)row;
    char *end;

    errno = 0;
    long jobs = strtol(value, &end, 10);
    if (errno || end == value || *end || jobs < 1 || jobs > JOBS_MAX)
        return false;
    options->jobs = (unsigned)jobs;
    return true;
}

/* `allowed`: a bit for each format that the verb has. */
static bool set_format_of(struct sg_cmdline *options, const char *value, unsigned allowed)
{
    static const char *const names[] = {
        [SG_TEXT_LINES] = "text", [SG_JSON] = "json",  [SG_JSONL] = "jsonl",
        [SG_SARIF] = "sarif",     [SG_HTML] = "html",  [SG_PROMETHEUS] = "prometheus",
        [SG_DOT] = "dot",         [SG_JUNIT] = "junit"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (allowed >> i & 1 && strcmp(value, names[i]) == 0) {
            options->format = (enum sg_format)i;
            return true;
        }
    }
    return false;
}

static bool set_format(struct sg_cmdline *options, const struct row *row, const char *value)
{
    (void)row;
    return set_format_of(options, value,
                         1u << SG_TEXT_LINES | 1u << SG_JSON | 1u << SG_JSONL | 1u << SG_SARIF |
                             1u << SG_JUNIT);
}

static bool set_policy_format(struct sg_cmdline *options, const struct row *row, const char *value)
{
    (void)row;
    return set_format_of(options, value, 1u << SG_TEXT_LINES | 1u << SG_JSON);
}

static bool set_report_format(struct sg_cmdline *options, const struct row *row, const char *value)
{
    (void)row;
    return set_format_of(options, value, 1u << SG_TEXT_LINES | 1u << SG_HTML | 1u << SG_PROMETHEUS);
}

static bool set_explain_format(struct sg_cmdline *options, const struct row *row, const char *value)
{
    (void)row;
    return set_format_of(options, value, 1u << SG_TEXT_LINES | 1u << SG_HTML | 1u << SG_DOT);
}

static bool set_html(struct sg_cmdline *options, const struct row *row, const char *value)
{
    (void)row;
    (void)value;
    options->format = SG_HTML;
    return true;
}

static bool set_fail_on(struct sg_cmdline *options, const struct row *row, const char *value)
{
    (void)row;
    if (strcmp(value, "malicious") == 0)
        options->fail_on = SG_MALICIOUS;
    else if (strcmp(value, "suspicious") == 0)
        options->fail_on = SG_SUSPICIOUS;
    else
        return false;
    return true;
}

static bool set_mode(struct sg_cmdline *options, const struct row *row, const char *value)
{
    (void)row;
    options->mode = value;
    return strcmp(value, "block") == 0 || strcmp(value, "log") == 0;
}

static bool set_pid(struct sg_cmdline *options, const struct row *row, const char *value)
{
    (void)row;
    char *end;

    errno = 0;
    long pid = strtol(value, &end, 10);
    if (errno || end == value || *end || pid < 1 || pid > INT_MAX)
        return false;
    options->pid = (pid_t)pid;
    return true;
}

/* clang-format off */
static const struct row rows[] = {
    {{"scan", "features"}, 'r', "recursive", NULL,
     "go into directories", set_flag, FIELD(recursive)},
    {{"scan"}, 'j', "jobs", "N", "threads, 1 to 256 (default: one a processor)", set_jobs, 0},
    {{"scan"}, 'f', "format", "FORMAT",
     "text (default), json, jsonl, sarif or junit", set_format, 0},
    {{"scan", "run", "doctor", "explain", "jupyter"}, 'p', "policy", "FILE",
     "the policy to go by", set_text, FIELD(policy)},
    {{"scan"}, 0, "fail-on", "VERDICT",
     "malicious (default) or suspicious: status 1", set_fail_on, 0},
    {{"scan"}, 'v', "verbose", NULL,
     "a line for every file, with all reasons", set_flag, FIELD(verbose)},
    {{"scan"}, 'x', "exclude", "PATTERN",
     "leave out paths or names like this (again for more)", set_exclude, 0},
    {{"scan"}, 0, "files-from", "FILE",
     "scan what is listed there, a line or a NUL each; - for standard input", set_text,
     FIELD(files_from)},
    {{"scan"}, 0, "changed-since", "WHEN",
     "a date or a file: leave out what is older", set_text, FIELD(since)},
    {{"scan"}, 0, "cache", "FILE",
     "remember what was clean there, and do not scan it again", set_text, FIELD(cache)},
    {{"scan"}, 0, "baseline", "FILE",
     "findings that were accepted, with the reasons", set_text, FIELD(baseline)},
    {{"scan"}, 0, "accept", "WHY",
     "add what is found to the baseline, for this reason", set_text, FIELD(accept)},
    {{"run", "jupyter"}, 'm', "mode", "MODE", "block (default) or log", set_mode, 0},
    {{"run"}, 's', "supervise", NULL,
     "vet opens from outside: of every program, not of Python alone", set_flag, FIELD(supervise)},
    {{"run"}, 0, "listen", "ADDRESS",
     "listen at ADDRESS:PORT first; the command gets the socket", set_text, FIELD(listen)},
    {{"run", "jupyter"}, 'l', "log", "LOG",
     "a file, stderr, syslog or journald", set_text, FIELD(log)},
    {{"jupyter"}, 'k', "kernel", "NAME", "the kernel to guard (default python3)", set_text,
     FIELD(kernel)},
    {{"jupyter"}, 'n', "name", "NAME",
     "of the guarded kernel (default safeguard-KERNEL)", set_text, FIELD(name)},
    {{"jupyter"}, 0, "prefix", "DIR",
     "write below DIR/share/jupyter, not for this user alone", set_text, FIELD(prefix)},
    {{"explain"}, 'f', "format", "FORMAT", "text (default), html or dot", set_explain_format, 0},
    {{"explain"}, 0, "html", NULL, "the same as --format html", set_html, 0},
    {{"explain"}, 'a', "all", NULL, "a line for every opcode", set_flag, FIELD(every)},
    {{"doctor"}, 0, "pid", "PID", "look at this process only", set_pid, 0},
    {{"policy"}, 0, "seccomp", NULL,
     "show: what a [seccomp] profile refuses", set_flag, FIELD(seccomp)},
    {{"policy"}, 'f', "format", "FORMAT",
     "show: text (default) or json", set_policy_format, 0},
    {{"report"}, 'f', "format", "FORMAT",
     "text (default), html or prometheus", set_report_format, 0},
    {{NULL}, 'h', "help", NULL, "this page", set_flag, FIELD(help)},
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool row_fits(const struct row *row, const char *verb)
{
    bool fits = !row->verbs[0];

    for (size_t i = 0; i < sizeof(row->verbs) / sizeof(row->verbs[0]); i++)
        fits |= row->verbs[i] && strcmp(row->verbs[i], verb) == 0;
    return fits;
}

/* Every option is known to getopt by its row's number, above all letters. */
#define FIRST_ROW 256

static void getopt_tables(const char *verb, char *letters, struct option *names)
{
    /* `run` stops at its command, whose options are not ours. */
    if (strcmp(verb, "run") == 0)
        *letters++ = '+';
    *letters++ = ':';
    for (size_t i = 0; i < ROWS; i++) {
        if (!row_fits(&rows[i], verb))
            continue;
        if (rows[i].letter) {
            *letters++ = rows[i].letter;
            if (rows[i].value)
                *letters++ = ':';
        }
        *names++ = (struct option){rows[i].name, rows[i].value != NULL, NULL, FIRST_ROW + (int)i};
    }
    *letters = '\0';
    *names = (struct option){0};
}

static const struct row *row_of(const char *verb, int answer)
{
    if (answer >= FIRST_ROW)
        return &rows[answer - FIRST_ROW];
    for (size_t i = 0; i < ROWS; i++) {
        if (row_fits(&rows[i], verb) && rows[i].letter && rows[i].letter == answer)
            return &rows[i];
    }
    return NULL;
}

static void complain_unknown(const char *verb, const char *typed)
{
    size_t len = strcspn(typed, "=");
    char name[64];

    if (strncmp(typed, "--", 2) != 0 && optopt) {
        fprintf(stderr, "safeguard: %s: there is no option -%c; see: safeguard help %s\n", verb,
                optopt, verb);
        return;
    }
    snprintf(name, sizeof(name), "%.*s", (int)(len > 2 ? len - 2 : 0), typed + (len > 2 ? 2 : len));
    struct sg_suggestion near = sg_suggest_begin(name);
    for (size_t i = 0; i < ROWS; i++) {
        if (row_fits(&rows[i], verb))
            sg_suggest_offer(&near, rows[i].name);
    }
    if (near.best)
        fprintf(stderr, "safeguard: %s: there is no option --%s; did you mean --%s?\n", verb, name,
                near.best);
    else
        fprintf(stderr, "safeguard: %s: there is no option --%s; see: safeguard help %s\n", verb,
                name, verb);
}

static void complain(const char *verb, int answer, const char *typed)
{
    const struct row *row = row_of(verb, optopt);

    if (answer == ':' && row)
        fprintf(stderr, "safeguard: %s: --%s needs a value: %s\n", verb, row->name, row->help);
    else if (optopt >= FIRST_ROW)
        fprintf(stderr, "safeguard: %s: --%s takes no value\n", verb,
                rows[optopt - FIRST_ROW].name);
    else
        complain_unknown(verb, typed);
}

bool sg_cmdline_parse(const char *verb, int argc, char **argv, struct sg_cmdline *options,
                      char ***args)
{
    char letters[2 * ROWS + 3];
    struct option names[ROWS + 1];
    int answer;

    *options = (struct sg_cmdline){.fail_on = SG_MALICIOUS};
    getopt_tables(verb, letters, names);
    opterr = 0;
    while ((answer = getopt_long(argc, argv, letters, names, NULL)) != -1) {
        const struct row *row = answer == '?' || answer == ':' ? NULL : row_of(verb, answer);
        if (!row) {
            complain(verb, answer, argv[optind - 1]);
            return false;
        }
        if (!row->set(options, row, optarg)) {
            fprintf(stderr, "safeguard: %s: --%s cannot be '%s': %s\n", verb, row->name, optarg,
                    row->help);
            return false;
        }
    }
    *args = argv + optind;
    return true;
}

void sg_cmdline_help(const char *verb, FILE *out)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        char name[NAME_WIDTH + 16];
        if (!row_fits(row, verb))
            continue;
        snprintf(name, sizeof(name), "%s%s%s", row->name, row->value ? " " : "",
                 row->value ? row->value : "");
        char letter[] = {'-', row->letter, ',', '\0'};
        fprintf(out, "  %3s --%-*s %s\n", row->letter ? letter : "", NAME_WIDTH, name, row->help);
    }
}
