/* vet.c - scans an open file and does as the policy says. */
#include "shim/vet.h"

#include "shim/blocks.h"
#include "shim/cache.h"
#include "shim/fdlink.h"
#include "shim/log.h"
#include "shim/note.h"
#include "shim/probe.h"
#include "shim/raw.h"
#include "shim/room.h"
#include "shim/snapshot.h"
#include "shim/still.h"

#include "policy/sha256.h"
#include "sgscan.h"

#include <limits.h>
#include <stdatomic.h>

#define ARENA_LEAST (1u << 20)

#define UNREADABLE "the file cannot be read"
#define NO_MEMORY "there is no memory to look into the file"

/* All that one vetting needs, in one mapping; the arena makes up the rest of it. */
struct work {
    _Alignas(64) struct sg_report report; /* and so the arena behind it */
    uint8_t sha256[SG_SHA256_SIZE];
    const uint8_t *hash; /* sha256 once it is known, else NULL */
    char path[PATH_MAX];
    char text[SG_RECORD_MAX];
    struct sg_blocks blocks;
};

/* Where there is no memory to be had the file is refused or logged all the same. */
static struct work spare;
static atomic_flag spare_taken = ATOMIC_FLAG_INIT;

/* First, unless what is there already weighs more than a file not understood. */
static void add_reason(struct sg_report *report, const char *rule, const char *detail)
{
    struct sg_reason reason = {.rule = rule, .detail = detail, .member = ""};
    uint32_t last =
        report->reason_count < SG_REASONS_MAX ? report->reason_count++ : SG_REASONS_MAX - 1;

    if (report->verdict == SG_BENIGN) {
        memmove(&report->reasons[1], &report->reasons[0], last * sizeof(reason));
        last = 0;
    }
    report->reasons[last] = reason;
}

static void report_failure(struct sg_report *report, uint64_t size, const char *rule,
                           const char *detail)
{
    *report = (struct sg_report){.coverage = SG_PARTIAL, .format = "unknown", .size = size};
    add_reason(report, rule, detail);
}

/* Nothing says that a list does not deny it. */
static void doubt(struct sg_report *report, const char *detail)
{
    report->coverage = SG_PARTIAL;
    add_reason(report, "unreadable", detail);
}

static struct sg_source source_of(const struct sg_subject *subject, struct work *work)
{
    return sg_blocks_source(&work->blocks, subject->fd, (uint64_t)subject->st.st_size);
}

static void scan_once(struct sg_subject *subject, const struct sg_policy *policy,
                      struct sg_arena *arena, struct work *work)
{
    struct sg_report *report = &work->report;
    struct sg_source source = source_of(subject, work);
    struct sg_options options = {.limits = policy->limits,
                                 .opinion = sg_policy_opinion(policy),
                                 .model = sg_policy_model(policy)};

    if (options.limits.max_memory > arena->size)
        options.limits.max_memory = arena->size;
    enum sg_status status = sg_scan(&source, &options, arena, report);
    if (status == SG_ERR_IO)
        report_failure(report, source.size, "unreadable", UNREADABLE);
    else if (status != SG_OK)
        report_failure(report, source.size, "unreadable", NO_MEMORY);
}

#define HASH_WINDOW (64u << 10)

static void hash_if_it_matters(struct sg_subject *subject, const struct sg_policy *policy,
                               struct work *work)
{
    struct sg_source source = source_of(subject, work);

    work->hash = NULL;
    if (!sg_sha256_matters(&work->report, NULL, policy))
        return;
    void *window = sg_raw_map(HASH_WINDOW);
    if (window && sg_sha256(&source, window, HASH_WINDOW, work->sha256) == SG_OK)
        work->hash = work->sha256;
    if (window)
        sg_raw_unmap(window, HASH_WINDOW);
    if (!work->hash && policy->deny_sha256.count)
        doubt(&work->report, window ? UNREADABLE : NO_MEMORY);
}

/* A new link or another mode changes a file's times too, and several may come in a row. */
#define ATTEMPTS 6

/* Scans until the file is the same before and after. */
static void scan_still(struct sg_subject *subject, const struct sg_policy *policy,
                       struct sg_arena *arena, struct work *work)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        struct sg_identity before = sg_identity_of(&subject->st), after;
        scan_once(subject, policy, arena, work);
        hash_if_it_matters(subject, policy, work);
        if (sg_raw_stat(subject->fd, &subject->st) < 0)
            break;
        after = sg_identity_of(&subject->st);
        if (sg_identity_same(&before, &after))
            return;
        arena->used = 0;
    }
    work->hash = NULL;
    work->report.coverage = SG_PARTIAL;
    add_reason(&work->report, "changed", "the file changed while it was scanned");
}

/* The file's name as the kernel has it; the caller's own where there is no /proc. */
static bool find_path(const struct sg_subject *subject, char *into)
{
    int fd = subject->copied ? subject->original : subject->fd;
    struct sg_phrase phrase = sg_phrase_open(into, PATH_MAX);

    if (sg_fdlink_read(fd, into, PATH_MAX))
        return true;
    if (subject->path)
        sg_phrase_string(&phrase, subject->path);
    else
        sg_fdlink_name(fd, into);
    return false;
}

static void tell(struct sg_record *record, struct sg_subject *subject, char *scratch)
{
    if (subject->introduce)
        subject->introduce(subject);
    record->exe = subject->exe;
    record->pid = subject->pid;
    record->tid = subject->tid;
    if (record->action == SG_BLOCK) {
        struct sg_phrase note = sg_note_begin();
        sg_record_reason(record, &note);
        sg_note_end(&note);
    }
    sg_log_write(record, scratch);
}

/* What looked like a carrier and was none. */
static bool is_nothing(const struct sg_report *report)
{
    return report->verdict == SG_BENIGN && report->coverage == SG_COMPLETE &&
           !strcmp(report->format, "none");
}

static void remember(const struct sg_subject *subject, enum sg_kept kept)
{
    struct sg_identity own = sg_identity_of(&subject->st);

    if (!subject->unkept)
        sg_cache_keep(subject->as ? subject->as : &own, kept);
}

/* Under another name the same file may fare otherwise, unless no list of names had a say. */
static void keep(const struct sg_subject *subject, const struct sg_policy *policy,
                 const struct work *work, const struct sg_record *record)
{
    if (work->report.coverage != SG_PARTIAL && policy->deny_paths.count == 0 &&
        sg_policy_decide(&work->report, NULL, work->hash, policy) == record->action)
        remember(subject, is_nothing(&work->report) ? SG_KEPT_PLAIN : SG_KEPT_CARRIER);
}

/* What tells that a file has no end. */
static const struct sg_reason *cut_off(const struct sg_report *report)
{
    for (uint32_t i = 0; i < report->reason_count; i++)
        if (strcmp(report->reasons[i].rule, "truncated") == 0)
            return &report->reasons[i];
    return NULL;
}

/* A program reads back from an archive that it has not finished: the end that is missing is no
 * damage yet. Whatever else keeps the file from being understood counts, and so does the verdict;
 * once it is closed and opened again, the end has to be there. */
static bool lacks_only_its_end(const struct sg_report *report)
{
    static const char *const others[] = {"limit",      "encrypted", "damaged",
                                         "unreadable", "changed",   "incomplete"};
    const struct sg_reason *cut = cut_off(report);

    if (!cut || report->reason_count == SG_REASONS_MAX)
        return false;
    for (uint32_t i = 0; i < report->reason_count; i++)
        for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++)
            if (strcmp(report->reasons[i].rule, others[k]) == 0 &&
                strcmp(report->reasons[i].detail, cut->detail) != 0)
                return false;
    return true;
}

static enum sg_action choose(const struct sg_subject *subject, const struct sg_policy *policy,
                             const struct work *work, bool resolved)
{
    const char *path = resolved ? work->path : NULL;

    if (!subject->being_written || !lacks_only_its_end(&work->report))
        return sg_policy_decide(&work->report, path, work->hash, policy);
    struct sg_policy lenient = *policy;
    lenient.on_partial = SG_LOG;
    return sg_policy_decide(&work->report, path, work->hash, &lenient);
}

/* Where nothing is told and no list of paths is to be asked, it need not be known. */
static bool wants_path(const struct sg_subject *subject, const struct sg_policy *policy,
                       const struct work *work)
{
    return policy->deny_paths.count || policy->allow_paths.count ||
           choose(subject, policy, work, false) != SG_ALLOW;
}

static enum sg_vetted decide(struct sg_subject *subject, const struct sg_policy *policy,
                             struct work *work, int64_t started)
{
    bool resolved = wants_path(subject, policy, work) && find_path(subject, work->path);

    if (!resolved && policy->deny_paths.count && !is_nothing(&work->report))
        doubt(&work->report, "the kernel does not tell its path, which may be a denied one");
    struct sg_record record = {
        .event = subject->event,
        .path = work->path,
        .report = &work->report,
        .verdict = sg_policy_verdict(&work->report, policy),
        .action = choose(subject, policy, work, resolved),
        .micros = (uint64_t)(sg_raw_clock(CLOCK_MONOTONIC) - started) / 1000,
        .sha256 = work->hash,
    };

    if (record.action != SG_ALLOW)
        tell(&record, subject, work->text);
    if (record.action == SG_BLOCK)
        return SG_VETTED_REFUSED;
    bool nothing = is_nothing(&work->report);
    subject->inert = nothing || work->report.coverage == SG_NONE;
    keep(subject, policy, work, &record);
    return nothing ? SG_VETTED_PLAIN : SG_VETTED_CARRIER;
}

/* Takes as much as the policy grants, or less where the process itself is held short. */
static struct work *map_work(uint64_t most, size_t *size)
{
    if (most > SIZE_MAX / 2)
        most = SIZE_MAX / 2;
    for (size_t arena = (size_t)most; arena >= ARENA_LEAST; arena /= 2) {
        *size = sizeof(struct work) + arena;
        struct work *work = sg_room_take(*size);
        if (work)
            return work;
    }
    return NULL;
}

static enum sg_vetted vet_without_memory(struct sg_subject *subject, const struct sg_policy *policy,
                                         int64_t started)
{
    if (atomic_flag_test_and_set_explicit(&spare_taken, memory_order_acquire))
        return policy->mode == SG_BLOCK && policy->on_partial == SG_BLOCK ? SG_VETTED_REFUSED
                                                                          : SG_VETTED_CARRIER;
    report_failure(&spare.report, (uint64_t)subject->st.st_size, "unreadable", NO_MEMORY);
    spare.hash = NULL;
    enum sg_vetted vetted = decide(subject, policy, &spare, started);
    atomic_flag_clear_explicit(&spare_taken, memory_order_release);
    return vetted;
}

/* `failure` is why it cannot be scanned, NULL when it can. */
static enum sg_vetted vet_carrier(struct sg_subject *subject, const struct sg_policy *policy,
                                  const struct sg_reason *failure)
{
    int64_t started = sg_raw_clock(CLOCK_MONOTONIC);
    size_t size;
    struct work *work = map_work(policy->limits.max_memory, &size);

    if (!work)
        return vet_without_memory(subject, policy, started);
    struct sg_arena arena = {.base = (uint8_t *)(work + 1), .size = size - sizeof(*work)};
    work->hash = NULL;
    if (failure)
        report_failure(&work->report, (uint64_t)subject->st.st_size, failure->rule,
                       failure->detail);
    else
        scan_still(subject, policy, &arena, work);
    enum sg_vetted vetted = decide(subject, policy, work, started);
    sg_room_give(work, size);
    return vetted;
}

static enum sg_vetted vet_probed(struct sg_subject *subject, const struct sg_policy *policy,
                                 enum sg_probed probed)
{
    static const struct sg_reason failure = {.rule = "unreadable", .detail = UNREADABLE};

    if (probed == SG_PROBED_PLAIN) {
        remember(subject, SG_KEPT_PLAIN);
        return SG_VETTED_PLAIN;
    }
    if (policy->snapshot == SG_SNAPSHOT_AUTO && sg_still_written(subject->fd))
        subject->unkept = true;
    return vet_carrier(subject, policy, probed == SG_PROBED_CARRIER ? NULL : &failure);
}

/* Not every read at any place into any memory works with O_DIRECT: another descriptor is had. */
static enum sg_vetted vet_reopened(struct sg_subject *subject, const struct sg_policy *policy,
                                   const struct sg_identity *identity)
{
    int fd = subject->fd, again = sg_fdlink_reopen(fd);

    if (again < 0)
        return vet_probed(subject, policy, SG_PROBED_FAILED);
    subject->fd = again;
    enum sg_vetted vetted = vet_probed(subject, policy, sg_probe(again, identity));
    subject->fd = fd;
    (void)SG_RAW(SYS_close, again);
    return vetted;
}

/* Only a copy has an end that can be looked for. */
static enum sg_vetted vet_unsized(struct sg_subject *subject, const struct sg_policy *policy)
{
    struct sg_subject copied = *subject;
    enum sg_probed probed = SG_PROBED_FAILED;

    copied.fd = sg_snapshot_take(subject->fd, &subject->st, policy->limits.max_memory);
    if (copied.fd < 0)
        return vet_probed(subject, policy, SG_PROBED_FAILED);
    copied.copied = true;
    copied.original = subject->fd;
    copied.unkept = true;
    if (sg_raw_stat(copied.fd, &copied.st) == 0) {
        struct sg_identity identity = sg_identity_of(&copied.st);
        probed = sg_probe(copied.fd, &identity);
    }
    enum sg_vetted vetted = vet_probed(&copied, policy, probed);
    (void)SG_RAW(SYS_close, copied.fd);
    subject->inert = copied.inert;
    return vetted;
}

enum sg_vetted sg_vet(struct sg_subject *subject, const struct sg_policy *policy)
{
    struct sg_identity identity = sg_identity_of(&subject->st);
    enum sg_kept kept = subject->unkept ? SG_KEPT_NOT : sg_cache_find(&identity);

    if (kept != SG_KEPT_NOT)
        return kept == SG_KEPT_PLAIN ? SG_VETTED_PLAIN : SG_VETTED_CARRIER;
    enum sg_probed probed = sg_probe(subject->fd, &identity);
    if (probed == SG_PROBED_UNSIZED)
        return vet_unsized(subject, policy);
    if (probed != SG_PROBED_PLAIN && SG_RAW(SYS_fcntl, subject->fd, F_GETFL) & O_DIRECT)
        return vet_reopened(subject, policy, &identity);
    return vet_probed(subject, policy, probed);
}

enum sg_vetted sg_vet_failed(struct sg_subject *subject, const struct sg_policy *policy,
                             const char *rule, const char *detail)
{
    struct sg_reason failure = {.rule = rule, .detail = detail};

    return vet_carrier(subject, policy, &failure);
}
