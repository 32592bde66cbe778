/* scanfile.c - opens, scans, holds the policy against the report. */
#include "cli/scanfile.h"

#include "cli/openfile.h"
#include "cli/progress.h"
#include "cli/sevenzip.h"
#include "policy/sha256.h"
#include "sgscan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HASH_WINDOW (64u << 10)
#define ARENA_KEPT (4u << 20) /* bytes, between one file and the next */

struct sg_arena sg_scanfile_arena(uint64_t size)
{
    void *base = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return (struct sg_arena){.base = base == MAP_FAILED ? NULL : base, .size = (size_t)size};
}

void sg_scanfile_drop(struct sg_arena *arena)
{
    if (arena->base)
        munmap(arena->base, arena->size);
}

void sg_scanfile_renew(struct sg_arena *arena)
{
    /* Most scans use little, and that need not be had anew for each. */
    if (arena->size > ARENA_KEPT)
        (void)madvise(arena->base + ARENA_KEPT, arena->size - ARENA_KEPT, MADV_DONTNEED);
    arena->used = 0;
}

static void add_reason(struct sg_report *report, const char *rule, const char *detail)
{
    if (report->reason_count < SG_REASONS_MAX)
        report->reasons[report->reason_count++] =
            (struct sg_reason){.rule = rule, .detail = detail, .member = ""};
}

static void set_unreadable(struct sg_scanned *scanned, const char *problem, uint64_t size)
{
    scanned->report = (struct sg_report){.coverage = SG_PARTIAL, .format = "none", .size = size};
    add_reason(&scanned->report, "unreadable", problem);
    scanned->result.problem = problem;
}

/* NULL, or why there is no report. */
static const char *scan_open_file(struct sg_openfile *file, const struct sg_policy *policy,
                                  struct sg_arena *arena, struct sg_report *report)
{
    struct sg_options options = {.limits = policy->limits,
                                 .opinion = sg_policy_opinion(policy),
                                 .model = sg_policy_model(policy)};
    enum sg_status status = sg_scan(&file->source, &options, arena, report);

    if (status == SG_ERR_IO && file->file.error)
        return strerror(file->file.error);
    if (status)
        return sg_status_text(status);
    if (strcmp(report->format, "7z") == 0)
        sg_sevenzip_scan(&file->source, &options, arena, report);
    /* A verdict on bytes that are no longer there; harmless for logs and the like. */
    if (strcmp(report->format, "none") != 0 && sg_openfile_changed(file)) {
        report->coverage = SG_PARTIAL;
        add_reason(report, "changed", "was written to while it was read");
    }
    return NULL;
}

static void apply_policy(const char *path, struct sg_openfile *file, const struct sg_policy *policy,
                         struct sg_scanned *scanned)
{
    bool by_path = policy->allow_paths.count || policy->deny_paths.count;
    char *resolved = by_path ? realpath(path, NULL) : NULL;
    uint8_t window[HASH_WINDOW], sha256[SG_SHA256_SIZE];
    bool hashed = sg_sha256_matters(&scanned->report, resolved, policy) &&
                  sg_sha256(&file->source, window, sizeof(window), sha256) == SG_OK &&
                  !sg_openfile_changed(file);
    enum sg_action action =
        sg_policy_decide(&scanned->report, resolved, hashed ? sha256 : NULL, policy);

    free(resolved);
    scanned->report.verdict = sg_policy_verdict(&scanned->report, policy);
    scanned->result.found = action == SG_BLOCK;
    bool at_level = scanned->report.verdict >= policy->block_at;
    if (scanned->result.found != at_level)
        scanned->result.note = at_level ? "allowed by the policy" : "denied by the policy";
}

/* The bytes are read once more: findings are few. */
static void hold_against(const struct sg_baseline *baseline, struct sg_openfile *file,
                         struct sg_scanned *scanned)
{
    const struct sg_report *report = &scanned->report;
    uint8_t window[HASH_WINDOW];

    if (report->verdict == SG_BENIGN && report->coverage == SG_COMPLETE)
        return;
    scanned->hashed = sg_sha256(&file->source, window, sizeof(window), scanned->sha256) == SG_OK &&
                      !sg_openfile_changed(file);
    if (scanned->hashed)
        scanned->result.accepted = sg_baseline_find(baseline, scanned->sha256, report->verdict);
    if (scanned->result.accepted)
        scanned->result.found = false;
}

/* NULL, or why there is no report. */
static const char *scan_or_remember(struct sg_openfile *file, const struct sg_scan_rules *rules,
                                    struct sg_arena *arena, struct sg_scanned *scanned)
{
    scanned->identity = file->before;
    if (rules->remember && sg_remember_find(rules->remember, &file->before, &scanned->report))
        return NULL;
    scanned->fresh = true;
    return scan_open_file(file, rules->policy, arena, &scanned->report);
}

void sg_scanfile(const struct sg_job *job, const struct sg_scan_rules *rules,
                 struct sg_arena *arena, struct sg_scanned *scanned)
{
    double begun = sg_progress_now();
    struct sg_openfile file;

    *scanned = (struct sg_scanned){
        .result = {.path = job->path, .report = &scanned->report, .named = job->named}};
    const char *problem = job->problem ? job->problem : sg_openfile_open(&file, job->path);
    if (!problem) {
        problem = scan_or_remember(&file, rules, arena, scanned);
        if (!problem)
            apply_policy(job->path, &file, rules->policy, scanned);
        if (!problem && rules->baseline)
            hold_against(rules->baseline, &file, scanned);
        sg_openfile_close(&file);
    }
    if (problem)
        set_unreadable(scanned, problem, job->size);
    scanned->result.micros = (uint64_t)((sg_progress_now() - begun) * 1e6);
}
