/* policy.h - what a site wants: settings from INI files, and the decision on a report.
 *
 *     sg_policy_defaults(&policy, &arena);
 *     if (sg_policy_load(&policy, SG_POLICY_SITE, secure_getenv("SAFEGUARD_POLICY"), &error) ||
 *         sg_policy_environment(&policy, secure_getenv, &error))
 *         refuse to start, with sg_policy_error_text(&error, text, sizeof(text));
 *     …
 *     action = sg_policy_decide(&report, path, NULL, &policy);
 *
 * Keys, their defaults and their meaning are rows of one table: options.h. Reading needs no
 * malloc and no stdio; everything lies in `struct sg_policy` and the caller's arena, which may be
 * made read-only afterwards. Whatever fails leaves the policy as it was: never half read, and
 * after sg_policy_defaults() never weaker than the defaults.
 */
#ifndef SG_POLICY_H
#define SG_POLICY_H

#include "ground/arena.h"
#include "ground/bytes.h"
#include "ground/limits.h"
#include "ground/opinion.h"
#include "ground/report.h"
#include "ground/status.h"
#include "sgscan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SG_POLICY_SITE "/etc/safeguard/policy.ini"
#define SG_POLICY_LINE_MAX 8192u      /* bytes of a line, without its end; longer: refused */
#define SG_POLICY_FILE_MAX (1u << 20) /* bytes of a file; longer: refused */
#define SG_POLICY_FILES_MAX 64u       /* files of a drop-in folder; more: refused */
#define SG_SHA256_SIZE 32u            /* bytes */
#define SG_POLICY_ARENA (16u << 20)   /* a size that is enough for all but absurd policies */

/* The thresholds that the scanner's own verdict stands on; also the defaults here. */
#define SG_POLICY_SUSPICIOUS 0.50
#define SG_POLICY_MALICIOUS 0.90

/* In ascending order: the weaker of two is the smaller. As a mode SG_ALLOW is `off`. */
enum sg_action { SG_ALLOW, SG_LOG, SG_BLOCK };

enum sg_snapshot { SG_SNAPSHOT_OFF, SG_SNAPSHOT_AUTO, SG_SNAPSHOT_STRICT };
enum sg_profile { SG_PROFILE_OFF, SG_PROFILE_NO_BYPASS, SG_PROFILE_INFERENCE };
enum sg_log_target { SG_LOG_STDERR, SG_LOG_SYSLOG, SG_LOG_JOURNALD, SG_LOG_FILE };

struct sg_policy_log {
    enum sg_log_target target;
    const char *path; /* of SG_LOG_FILE: absolute, but for SAFEGUARD_LOG; else NULL */
};

struct sg_policy_model {
    const char *path; /* absolute; NULL: the tables that are built in */
    const struct sg_model *tables;
};

struct sg_policy_list {
    struct sg_text *items; /* patterns as written, NUL-terminated; sha256: 32 raw bytes each */
    size_t count;
};

/* What the environment asked for and a locked policy did not grant. */
enum sg_policy_ignored {
    SG_IGNORED_POLICY = 1, /* SAFEGUARD_POLICY */
    SG_IGNORED_MODE = 2,   /* SAFEGUARD_MODE */
    SG_IGNORED_LOG = 4,    /* SAFEGUARD_LOG */
};

struct sg_policy {
    enum sg_action mode;
    enum sg_verdict block_at;
    enum sg_action on_partial;
    bool locked;
    struct sg_policy_log log;
    struct sg_text processes; /* patterns between commas or spaces */
    struct sg_policy_list allow_globals;
    struct sg_policy_list allow_paths;
    struct sg_policy_list allow_sha256;
    struct sg_policy_list deny_globals;
    struct sg_policy_list deny_paths;
    struct sg_policy_list deny_sha256;
    double suspicious; /* 0..1, at most `malicious` */
    double malicious;
    struct sg_limits limits;
    struct sg_policy_model model;
    enum sg_snapshot snapshot;
    enum sg_action find_class;
    enum sg_action effects;
    enum sg_profile seccomp;

    const char *file; /* that it was read from; NULL: built in */
    unsigned ignored; /* enum sg_policy_ignored */
    struct sg_arena *arena;
};

/* Why something was refused. The pointer to the file's name is the caller's, or in the arena. */
struct sg_policy_error {
    const char *file; /* or the environment variable */
    unsigned line;    /* 0: no line in particular */
    char message[480];
};

/* The built-in policy. The arena must stay as long as the policy. */
void sg_policy_defaults(struct sg_policy *policy, struct sg_arena *arena);

/* Applies the text of one file on top of what the policy has: single values are replaced, lists
 * are added to. SG_ERR_FORMAT: the whole text is refused. SG_ERR_MEMORY: the arena is used up. */
SG_MUST_CHECK enum sg_status sg_policy_parse(struct sg_policy *policy, struct sg_text text,
                                             const char *file, struct sg_policy_error *error);

/* Reads FILE and applies it, then each *.ini of the folder FILE.d (`policy.d` for `policy.ini`) in
 * the order of their names. Refused (SG_ERR_IO) when a file cannot be read, is no regular file or
 * too long, or when anybody may write to it or to the folder; a folder that is not there is
 * empty. System calls only, none through libc's wrappers: it may run inside a hook. */
SG_MUST_CHECK enum sg_status sg_policy_read(struct sg_policy *policy, const char *file,
                                            struct sg_policy_error *error);

/* The policy that holds: `chosen` (the value of SAFEGUARD_POLICY) where it is set and not empty,
 * else `site`, which need not exist, else what `policy` has. A site policy that is locked holds
 * whatever was chosen; one that cannot be read is refused whatever was chosen. */
SG_MUST_CHECK enum sg_status sg_policy_load(struct sg_policy *policy, const char *site,
                                            const char *chosen, struct sg_policy_error *error);

/* SAFEGUARD_MODE and SAFEGUARD_LOG (empty is unset) on top of a loaded policy. A locked policy's
 * mode can be made stricter, not weaker; its log stays. SG_ERR_ARG: a value is not known. */
SG_MUST_CHECK enum sg_status sg_policy_environment(struct sg_policy *policy,
                                                   char *(*get)(const char *name),
                                                   struct sg_policy_error *error);

/* "FILE:LINE: MESSAGE"; the length as of snprintf. */
size_t sg_policy_error_text(const struct sg_policy_error *error, char *into, size_t cap);

/* Whether the guard wakes up in an executable of this name (last component of its path). */
bool sg_policy_process_match(const struct sg_policy *policy, const char *name);

/* What [allow] and [deny] global say of names, for a scan; deny wins. In these patterns `*` crosses
 * dots. The policy must stay where it is as long as the opinion. */
struct sg_opinion sg_policy_opinion(const struct sg_policy *policy);

/* The model for a scan; NULL: the embedded one. The policy must stay where it is as long. */
const struct sg_model *sg_policy_model(const struct sg_policy *policy);

/* The verdict under the policy's thresholds. What the scanner reached by other means than its
 * score stands; a score that is no number is malicious. */
enum sg_verdict sg_policy_verdict(const struct sg_report *report, const struct sg_policy *policy);

/* What becomes of a file: deny lists (only for what is a model: format "none" is not), then allow
 * lists, then verdict and coverage, never more than the mode. SG_LOG is also the answer to what is
 * suspicious, or of a format that is not analysed, and not to be blocked. `path` is the resolved
 * path: one that is relative or holds "//", "." or
 * ".." is on no allow list; NULL: not known. `sha256` (32 bytes) may be NULL: then no list of
 * hashes applies; it need not be computed where both lists are empty. Pure. */
enum sg_action sg_policy_decide(const struct sg_report *report, const char *path,
                                const uint8_t *sha256, const struct sg_policy *policy);

/* "stderr", "syslog", "journald"; "file". */
const char *sg_log_target_name(enum sg_log_target target);

/* Writes the policy as a commented INI file that reads back as the same policy (but for a relative
 * path of SAFEGUARD_LOG); the length as of snprintf. */
size_t sg_policy_show(const struct sg_policy *policy, char *into, size_t cap);

/* The same with what each key means, as a JSON object: `file` (or null) and `keys`, a list of
 * section, key, value (text, or a list of texts), default, example, expects, help. */
size_t sg_policy_show_json(const struct sg_policy *policy, char *into, size_t cap);

#endif
