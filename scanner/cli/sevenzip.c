/* sevenzip.c - unpacks 7z with libarchive, into memory, and scans each member. */
#include "cli/sevenzip.h"

#include "cli/scanfile.h"
#include "sgscan.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE (256u << 10)

/* An archive that is being read. */
struct unpacking {
    const struct sg_source *source;
    uint64_t at;
    uint8_t block[BLOCK_SIZE];
    uint8_t *member; /* of `room` bytes */
    size_t room;
    uint64_t left; /* bytes that may still be unpacked */
    struct sg_options options;
    struct sg_arena scratch; /* for the scans of members */
    struct sg_arena *strings;
    struct sg_report *report;
};

static la_ssize_t on_read(struct archive *archive, void *ctx, const void **out)
{
    struct unpacking *u = ctx;
    size_t got = 0;

    (void)archive;
    if (sg_source_read(u->source, u->at, u->block, sizeof(u->block), &got))
        return ARCHIVE_FATAL;
    u->at += got;
    *out = u->block;
    return (la_ssize_t)got;
}

static la_int64_t on_seek(struct archive *archive, void *ctx, la_int64_t offset, int whence)
{
    struct unpacking *u = ctx;
    uint64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? u->at : u->source->size;

    (void)archive;
    if (offset < 0 ? base < (uint64_t)-offset : (uint64_t)offset > u->source->size - base)
        return ARCHIVE_FATAL;
    u->at = base + (uint64_t)offset;
    return (la_int64_t)u->at;
}

static struct archive *open_archive(struct unpacking *u)
{
    struct archive *archive = archive_read_new();

    if (archive && archive_read_support_format_7zip(archive) == ARCHIVE_OK &&
        archive_read_set_read_callback(archive, on_read) == ARCHIVE_OK &&
        archive_read_set_seek_callback(archive, on_seek) == ARCHIVE_OK &&
        archive_read_set_callback_data(archive, u) == ARCHIVE_OK &&
        archive_read_open1(archive) == ARCHIVE_OK)
        return archive;
    if (archive)
        archive_read_free(archive);
    return NULL;
}

/* Keeps the weightiest reasons, most telling first. */
static void add_reason(struct unpacking *u, const struct sg_reason *reason, const char *member)
{
    struct sg_report *report = u->report;
    uint32_t at = report->reason_count;
    struct sg_reason copy = *reason;

    while (at > 0 && report->reasons[at - 1].weight < reason->weight)
        at--;
    if (at == SG_REASONS_MAX)
        return;
    copy.rule = sg_arena_copy(u->strings, reason->rule, strlen(reason->rule));
    copy.detail = sg_arena_copy(u->strings, reason->detail, strlen(reason->detail));
    copy.member = sg_arena_copy(u->strings, member, strlen(member));
    if (!copy.rule || !copy.detail || !copy.member)
        return;
    if (report->reason_count < SG_REASONS_MAX)
        report->reason_count++;
    memmove(&report->reasons[at + 1], &report->reasons[at],
            (report->reason_count - 1 - at) * sizeof(copy));
    report->reasons[at] = copy;
}

static void add_problem(struct unpacking *u, const char *rule, const char *detail,
                        const char *member)
{
    struct sg_reason reason = {.rule = rule, .detail = detail, .weight = 0.3};

    u->report->coverage = SG_PARTIAL;
    if (u->report->score < reason.weight)
        u->report->score = reason.weight;
    add_reason(u, &reason, member);
}

static void merge(struct unpacking *u, const struct sg_report *found, const char *member)
{
    struct sg_report *report = u->report;
    char path[1024];

    if (found->verdict > report->verdict)
        report->verdict = found->verdict;
    if (found->score > report->score)
        report->score = found->score;
    if (found->coverage == SG_PARTIAL || report->coverage == SG_COMPLETE)
        report->coverage = found->coverage;
    for (uint32_t i = 0; i < found->reason_count; i++) {
        const struct sg_reason *reason = &found->reasons[i];
        snprintf(path, sizeof(path), "%s%s%s", member, *member && *reason->member ? "!" : "",
                 reason->member);
        add_reason(u, reason, path);
    }
}

/* The member's bytes into u->member; NULL, or what prevents it. */
static const char *unpack(struct unpacking *u, struct archive *archive, size_t *size)
{
    size_t len = 0;

    for (;;) {
        if (len == u->room)
            return "too long to be unpacked in memory";
        la_ssize_t got = archive_read_data(archive, u->member + len, u->room - len);
        if (got < 0)
            return "cannot be unpacked: damaged, encrypted or in an unknown method";
        if (got == 0)
            break;
        len += (size_t)got;
        if ((uint64_t)got > u->left)
            return "more to unpack than max_inflate";
        u->left -= (uint64_t)got;
    }
    *size = len;
    return NULL;
}

static void scan_member(struct unpacking *u, struct archive *archive, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname_utf8(entry);
    struct sg_report found;
    size_t size = 0;

    /* Whatever kind of file an entry claims to be: unpackers write what has bytes as a file. */
    if (!name)
        name = archive_entry_pathname(entry);
    if (!name)
        name = "?";
    const char *problem = unpack(u, archive, &size);
    if (problem) {
        add_problem(u, "not-unpacked", problem, name);
        return;
    }
    if (size == 0)
        return;
    struct sg_source source = sg_source_mem(u->member, size);
    if (sg_scan(&source, &u->options, &u->scratch, &found))
        add_problem(u, "limit", "no memory to scan it", name);
    else
        merge(u, &found, name);
    sg_scanfile_renew(&u->scratch);
}

static void scan_all(struct unpacking *u)
{
    struct archive *archive = open_archive(u);
    struct archive_entry *entry;
    int status = ARCHIVE_FATAL;

    while (archive && u->left > 0) {
        status = archive_read_next_header(archive, &entry);
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            break;
        scan_member(u, archive, entry);
    }
    if (status != ARCHIVE_EOF)
        add_problem(u, "damaged", "the 7z archive could not be read to its end", "");
    if (archive)
        archive_read_free(archive);
}

/* Whether a scan that did not open the archive had more to tell than that: of a zip behind it. */
static bool found_more(const struct sg_report *report)
{
    return report->verdict != SG_BENIGN || report->coverage != SG_NONE || report->reason_count > 1;
}

void sg_sevenzip_scan(const struct sg_source *source, const struct sg_options *options,
                      struct sg_arena *arena, struct sg_report *report)
{
    struct unpacking *u = calloc(1, sizeof(*u));
    struct sg_arena bytes = sg_scanfile_arena(options->limits.max_memory);
    const struct sg_report before = *report;

    report->coverage = SG_PARTIAL; /* unless there is memory for more */
    if (u && bytes.base) {
        *u = (struct unpacking){.source = source,
                                .member = bytes.base,
                                .room = bytes.size,
                                .left = options->limits.max_inflate,
                                .options = *options,
                                .scratch = sg_scanfile_arena(options->limits.max_memory),
                                .strings = arena,
                                .report = report};
        u->options.limits.max_depth -= u->options.limits.max_depth > 0;
        if (u->scratch.base) {
            *report = (struct sg_report){
                .coverage = SG_COMPLETE, .format = report->format, .size = report->size};
            scan_all(u);
            if (found_more(&before))
                merge(u, &before, "");
            sg_scanfile_drop(&u->scratch);
        }
    }
    sg_scanfile_drop(&bytes);
    free(u);
}
