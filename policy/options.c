/* options.c - the table of keys, and the search in it. */
#include "policy/options.h"

#include "policy/edits.h"

#include <stddef.h>

static const struct sg_choice yes_no[] = {{"yes", true}, {"no", false}, {NULL, 0}};
static const struct sg_choice block_log_off[] = {
    {"block", SG_BLOCK}, {"log", SG_LOG}, {"off", SG_ALLOW}, {NULL, 0}};
static const struct sg_choice block_log[] = {{"block", SG_BLOCK}, {"log", SG_LOG}, {NULL, 0}};
static const struct sg_choice verdicts[] = {
    {"malicious", SG_MALICIOUS}, {"suspicious", SG_SUSPICIOUS}, {NULL, 0}};
static const struct sg_choice snapshots[] = {{"off", SG_SNAPSHOT_OFF},
                                             {"auto", SG_SNAPSHOT_AUTO},
                                             {"strict", SG_SNAPSHOT_STRICT},
                                             {NULL, 0}};
static const struct sg_choice profiles[] = {{"off", SG_PROFILE_OFF},
                                            {"no-bypass", SG_PROFILE_NO_BYPASS},
                                            {"inference", SG_PROFILE_INFERENCE},
                                            {NULL, 0}};

#define AT(member) offsetof(struct sg_policy, member)

const struct sg_option sg_options[SG_OPTIONS] = {
    {.section = "guard",
     .key = "mode",
     .type = SG_OPTION_CHOICE,
     .offset = AT(mode),
     .initial = "block",
     .choices = block_log_off,
     .help = "block: dangerous loads are refused and logged; log: they are only logged; off: the\n"
             "guard sleeps. SAFEGUARD_MODE overrides it."},
    {.section = "guard",
     .key = "block_at",
     .type = SG_OPTION_CHOICE,
     .offset = AT(block_at),
     .initial = "malicious",
     .choices = verdicts,
     .help = "Block from this verdict on: malicious or suspicious. A suspicious file that is not\n"
             "blocked is logged."},
    {.section = "guard",
     .key = "on_partial",
     .type = SG_OPTION_CHOICE,
     .offset = AT(on_partial),
     .initial = "block",
     .choices = block_log,
     .help = "What becomes of a model that could not be fully analysed, because it is damaged,\n"
             "encrypted or beyond a limit: block or log."},
    {.section = "guard",
     .key = "locked",
     .type = SG_OPTION_FLAG,
     .offset = AT(locked),
     .initial = "no",
     .choices = yes_no,
     .help = "yes: the environment cannot weaken the mode, nor change the log; in\n"
             "/etc/safeguard/policy.ini, SAFEGUARD_POLICY cannot name another policy either."},
    {.section = "guard",
     .key = "log",
     .type = SG_OPTION_LOG,
     .offset = AT(log),
     .initial = "stderr",
     .help = "Where records go: stderr, syslog, journald or an absolute path (JSON lines).\n"
             "SAFEGUARD_LOG overrides it."},
    {.section = "guard",
     .key = "processes",
     .type = SG_OPTION_PROCESSES,
     .offset = AT(processes),
     .initial = "python*",
     .help = "The executables in which the guard wakes up: patterns of file names, with commas\n"
             "or spaces between them."},
    {.section = "allow",
     .key = "global",
     .type = SG_OPTION_GLOBALS,
     .offset = AT(allow_globals),
     .initial = "mypkg.models.*",
     .help =
         "Names this site trusts, as module.name; * stands for anything, dots too, but no such\n"
         "pattern vouches for what is known to be dangerous (safeguard-policy(5), NAMES).\n"
         "Repeat the key for each pattern."},
    {.section = "allow",
     .key = "path",
     .type = SG_OPTION_PATHS,
     .offset = AT(allow_paths),
     .initial = "/opt/models/vetted/**",
     .help =
         "Files that are let through whatever is in them. * and ? stay within a folder, **\n"
         "crosses folders. Whoever can write there is trusted. Repeat the key for each pattern."},
    {.section = "allow",
     .key = "sha256",
     .type = SG_OPTION_HASHES,
     .offset = AT(allow_sha256),
     .initial = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     .help = "Exact files that are let through, by the SHA-256 of their content. Repeat the key\n"
             "for each file."},
    {.section = "deny",
     .key = "global",
     .type = SG_OPTION_GLOBALS,
     .offset = AT(deny_globals),
     .initial = "subprocess.*",
     .help = "Names that no model may use here; goes before [allow]. Repeat the key for each\n"
             "pattern."},
    {.section = "deny",
     .key = "path",
     .type = SG_OPTION_PATHS,
     .offset = AT(deny_paths),
     .initial = "/home/*/Downloads/**",
     .help = "Files that are blocked whatever is in them; goes before [allow]. Only model files\n"
             "are: others are not looked at. Repeat the key for each pattern."},
    {.section = "deny",
     .key = "sha256",
     .type = SG_OPTION_HASHES,
     .offset = AT(deny_sha256),
     .initial = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     .help = "Exact files that are blocked, by the SHA-256 of their content. Repeat the key for\n"
             "each file."},
    {.section = "thresholds",
     .key = "suspicious",
     .type = SG_OPTION_SHARE,
     .offset = AT(suspicious),
     .initial = "0.50",
     .help = "A file is suspicious from this score on: 0 to 1."},
    {.section = "thresholds",
     .key = "malicious",
     .type = SG_OPTION_SHARE,
     .offset = AT(malicious),
     .initial = "0.90",
     .help = "A file is malicious from this score on: 0 to 1, not below suspicious."},
    {.section = "scan",
     .key = "max_depth",
     .type = SG_OPTION_COUNT,
     .offset = AT(limits.max_depth),
     .initial = "6",
     .least = 1,
     .most = 64,
     .help = "How deep archives and payloads inside one another are followed: 1 to 64."},
    {.section = "scan",
     .key = "max_inflate",
     .type = SG_OPTION_SIZE,
     .offset = AT(limits.max_inflate),
     .initial = "16G",
     .least = 1ULL << 20,
     .most = 1ULL << 50,
     .help = "Decompressed bytes that are looked at in one file, from 1M to 1024T."},
    {.section = "scan",
     .key = "max_memory",
     .type = SG_OPTION_SIZE,
     .offset = AT(limits.max_memory),
     .initial = "256M",
     .least = 16ULL << 20,
     .most = 1ULL << 40,
     .help = "Memory that one scan may use, from 16M to 1T."},
    {.section = "scan",
     .key = "model",
     .type = SG_OPTION_MODEL,
     .offset = AT(model),
     .initial = "built-in",
     .help =
         "What was learned of calls and streams: built-in, or the absolute path of a file that\n"
         "scripts/train/train has made from this site's own files."},
    {.section = "consistency",
     .key = "snapshot",
     .type = SG_OPTION_CHOICE,
     .offset = AT(snapshot),
     .initial = "auto",
     .choices = snapshots,
     .help = "How far it is made sure that what was scanned is what is loaded: off (time stamps\n"
             "only), auto (a lease where that is free) or strict (a lease, else a private copy,\n"
             "else refusal)."},
    {.section = "python",
     .key = "find_class",
     .type = SG_OPTION_CHOICE,
     .offset = AT(find_class),
     .initial = "block",
     .choices = block_log_off,
     .help = "Names that any unpickler resolves, from memory too, are judged: block, log or off."},
    {.section = "python",
     .key = "effects",
     .type = SG_OPTION_CHOICE,
     .offset = AT(effects),
     .initial = "block",
     .choices = block_log_off,
     .help = "Starting programs, connecting, evaluating strings and the like while an unpickler\n"
             "is running: block, log or off."},
    {.section = "seccomp",
     .key = "profile",
     .type = SG_OPTION_CHOICE,
     .offset = AT(seccomp),
     .initial = "off",
     .choices = profiles,
     .help = "System calls that the kernel refuses the process: off, no-bypass (those that would\n"
             "go round the guard) or inference (besides, starting programs and listening)."},
};

const struct sg_option *sg_option_find(const char *section, const char *key)
{
    for (size_t i = 0; i < SG_OPTIONS; i++)
        if (!strcmp(sg_options[i].section, section) && !strcmp(sg_options[i].key, key))
            return &sg_options[i];
    return NULL;
}

const struct sg_option *sg_option_near_section(const char *section)
{
    const struct sg_option *nearest = &sg_options[0];
    unsigned best = sg_edits(section, nearest->section);

    for (size_t i = 1; i < SG_OPTIONS; i++) {
        unsigned edits = sg_edits(section, sg_options[i].section);
        if (edits < best) {
            best = edits;
            nearest = &sg_options[i];
        }
    }
    return nearest;
}

const struct sg_option *sg_option_near(const char *section, const char *key)
{
    const struct sg_option *nearest = &sg_options[0];
    unsigned best = ~0u;

    for (size_t i = 0; i < SG_OPTIONS; i++) {
        unsigned away = strcmp(section, sg_options[i].section) != 0;
        unsigned edits = 4 * sg_edits(key, sg_options[i].key) + 2 * away;
        if (edits < best) {
            best = edits;
            nearest = &sg_options[i];
        }
    }
    return nearest;
}
