/* emit_sarif.c - results as SARIF 2.1.0 (OASIS), for code scanning services. */
#include "cli/cli.h"
#include "cli/emit.h"
#include "cli/sarif_rules.h"
#include "ground/bytes.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define SCHEMA                                                                                     \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"                          \
    "sarif-schema-2.1.0.json"
#define BASE "%SRCROOT%"

static void sarif_begin(struct sg_outbuf *out, struct sg_emission *how)
{
    (void)how;
    sg_out_text(out, "{\"$schema\": \"" SCHEMA "\",\n"
                     " \"version\": \"2.1.0\",\n \"runs\": [{\"results\": [");
}

/* Text of unknown origin: whoever reads SARIF may not take what is no UTF-8. */
static void put_string(struct sg_outbuf *out, const char *text)
{
    struct sg_outbuf plain = {0};

    sg_out_plain(&plain, text);
    sg_out_bytes(&plain, "", 1);
    sg_out_json(out, plain.text);
    sg_out_free(&plain);
}

/* What lies below the working directory is told from there: code scanning services know files by
 * their path in the repository. */
static void put_artifact(struct sg_outbuf *out, const struct sg_emission *how, const char *path)
{
    size_t len = how->folder ? strlen(how->folder) : 0;

    if (len > 1 && strncmp(path, how->folder, len) == 0 && path[len] == '/')
        path += len + 1;
    while (path[0] == '.' && path[1] == '/')
        path += 2 + strspn(path + 2, "/");
    sg_out_text(out, "\"artifactLocation\": {\"uri\": \"");
    sg_out_uri(out, path);
    sg_out_text(out, *path == '/' || !how->folder ? "\"}" : "\", \"uriBaseId\": \"" BASE "\"}");
}

/* A byte offset is one of the artifact only when it is not inside a member. Services that show
 * lines want one of every region. */
static void put_location(struct sg_outbuf *out, const struct sg_emission *how, const char *path,
                         const struct sg_report *report, const struct sg_reason *reason)
{
    sg_out_text(out, "\"physicalLocation\": {");
    put_artifact(out, how, path);
    sg_out_text(out, ", \"region\": {\"startLine\": 1");
    if (reason && !*reason->member && reason->offset < report->size)
        sg_out_format(out, ", \"byteOffset\": %" PRIu64 ", \"byteLength\": 1", reason->offset);
    sg_out_text(out, "}}");
    if (reason && *reason->member) {
        sg_out_text(out,
                    ", \"logicalLocations\": [{\"kind\": \"member\", \"fullyQualifiedName\": ");
        put_string(out, reason->member);
        sg_out_text(out, "}]");
    }
}

/* By its path or its hash, whatever else is to be said of it. */
static bool is_denied(const struct sg_result *result)
{
    return result->found && result->note;
}

static void put_message(struct sg_outbuf *out, const struct sg_result *result,
                        const struct sg_reason *reason)
{
    struct sg_outbuf text = {0};

    if (is_denied(result))
        sg_out_format(&text, "%s%s", result->note, reason ? "; " : "");
    else if (!reason)
        sg_out_text(&text, "not fully analysed");
    if (reason)
        sg_out_text(&text, reason->detail);
    if (reason && !result->problem)
        sg_out_format(&text, " at byte %" PRIu64, reason->offset);
    if (reason && *reason->member) {
        sg_out_text(&text, " of ");
        sg_out_plain(&text, reason->member);
    }
    sg_out_bytes(&text, "", 1);
    sg_out_text(out, "\"message\": {\"text\": ");
    sg_out_json(out, text.text);
    sg_out_text(out, "}");
    sg_out_free(&text);
}

static const char *level(const struct sg_result *result)
{
    if (result->found || result->report->verdict == SG_MALICIOUS)
        return "error";
    if (result->report->verdict == SG_SUSPICIOUS || result->report->coverage == SG_PARTIAL)
        return "warning";
    return "note";
}

/* The same finding keeps its print wherever the file lies and whatever else is in it. GitHub goes
 * by the first of the two names. */
static void put_prints(struct sg_outbuf *out, const char *rule, const struct sg_reason *reason)
{
    uint64_t print = sg_fnv_more(SG_FNV_EMPTY, rule, strlen(rule) + 1);

    if (reason) {
        print = sg_fnv_more(print, reason->member, strlen(reason->member) + 1);
        print = sg_fnv_more(print, reason->detail, strlen(reason->detail));
    }
    sg_out_format(out,
                  ", \"partialFingerprints\": {\"primaryLocationLineHash\": \"%016" PRIx64
                  ":1\", \"safeguardFinding/v1\": \"%016" PRIx64 "\"}",
                  print, print);
}

/* What else speaks against it, and under which names it is found. */
static void put_related(struct sg_outbuf *out, const struct sg_emission *how,
                        const struct sg_result *result)
{
    const struct sg_report *report = result->report;
    unsigned id = 0;

    sg_out_text(out, ", \"relatedLocations\": [");
    for (uint32_t i = 1; i < report->reason_count; i++) {
        sg_out_format(out, "%s{\"id\": %u, ", id ? ", " : "", id);
        put_message(out, result, &report->reasons[i]);
        sg_out_text(out, ", ");
        put_location(out, how, result->path, report, &report->reasons[i]);
        sg_out_text(out, "}");
        id++;
    }
    for (size_t i = 0; i < result->also_count; i++) {
        sg_out_format(out, "%s{\"id\": %u, \"message\": {\"text\": \"the same file\"}, ",
                      id ? ", " : "", id);
        put_location(out, how, result->also[i], report, NULL);
        sg_out_text(out, "}");
        id++;
    }
    sg_out_text(out, "]");
}

static void put_suppressions(struct sg_outbuf *out, const char *why)
{
    sg_out_text(out, ", \"suppressions\": [");
    if (why) {
        sg_out_text(out, "{\"kind\": \"external\", \"status\": \"accepted\", \"justification\": ");
        put_string(out, why);
        sg_out_text(out, "}");
    }
    sg_out_text(out, "]");
}

/* What could not be read is the tool's own trouble, besides. */
static void note_problem(struct sg_emission *how, const struct sg_result *result)
{
    struct sg_outbuf *notes = &how->notes;

    sg_out_text(notes, notes->len ? ",\n    " : "\n    ");
    sg_out_text(notes, "{\"level\": \"error\", \"descriptor\": {\"id\": \"unreadable\"}, "
                       "\"message\": {\"text\": ");
    put_string(notes, result->problem);
    sg_out_text(notes, "}, \"locations\": [{\"physicalLocation\": {");
    put_artifact(notes, how, result->path);
    sg_out_text(notes, "}}]}");
}

static void sarif_file(struct sg_outbuf *out, struct sg_emission *how,
                       const struct sg_result *result)
{
    const struct sg_report *report = result->report;
    const struct sg_reason *reason = report->reason_count ? &report->reasons[0] : NULL;

    if (report->verdict == SG_BENIGN && report->coverage == SG_COMPLETE && !result->found)
        return;
    const char *rule = is_denied(result) ? "denied-file" : reason ? reason->rule : "incomplete";
    sg_out_text(out, how->printed ? ",\n  {\"ruleId\": " : "\n  {\"ruleId\": ");
    sg_out_json(out, rule);
    sg_out_format(out, ", \"level\": \"%s\", ", level(result));
    put_message(out, result, reason);
    sg_out_text(out, ", \"locations\": [{");
    put_location(out, how, result->path, report, reason);
    sg_out_text(out, "}]");
    if (report->reason_count > 1 || result->also_count)
        put_related(out, how, result);
    put_prints(out, rule, reason);
    sg_out_format(out,
                  ", \"properties\": {\"verdict\": \"%s\", \"score\": %.6g, "
                  "\"coverage\": \"%s\", \"format\": ",
                  sg_verdict_name(report->verdict), report->score,
                  sg_coverage_name(report->coverage));
    sg_out_json(out, report->format);
    sg_out_text(out, "}");
    if (how->baseline)
        put_suppressions(out, result->accepted);
    sg_out_text(out, "}");
    if (result->problem)
        note_problem(how, result);
}

static void put_rule(struct sg_outbuf *out, const struct sg_rule *rule)
{
    static const char *const levels[] = {
        [SG_GRAVE] = "error", [SG_OPEN] = "warning", [SG_ODD] = "note", [SG_UNREAD] = "warning"};
    static const char *const severities[] = {
        [SG_GRAVE] = "9.3", [SG_OPEN] = "6.5", [SG_ODD] = "3.0", [SG_UNREAD] = "4.0"};

    sg_out_format(
        out,
        "{\"id\": \"%s\", \"shortDescription\": {\"text\": \"%s\"},\n"
        "     \"fullDescription\": {\"text\": \"%s\"},\n"
        "     \"help\": {\"text\": \"%s Do not load the file before somebody has looked "
        "at it: safeguard explain FILE tells what loading it would do, step by step.\"},\n"
        "     \"defaultConfiguration\": {\"level\": \"%s\"}, \"properties\": "
        "{\"tags\": [\"security\"], \"security-severity\": \"%s\"}}",
        rule->id, rule->title, rule->meaning, rule->meaning, levels[rule->gravity],
        severities[rule->gravity]);
}

static void put_time(struct sg_outbuf *out, const char *name, struct timespec when)
{
    struct tm utc;
    char text[32];

    gmtime_r(&when.tv_sec, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    sg_out_format(out, ", \"%s\": \"%s.%03ldZ\"", name, text, when.tv_nsec / 1000000);
}

static void put_invocation(struct sg_outbuf *out, const struct sg_emission *how,
                           const struct sg_tally *tally)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    sg_out_format(out, "\n ], \"invocations\": [{\"executionSuccessful\": %s",
                  tally->unread || tally->stopped ? "false" : "true");
    if (tally->stopped)
        sg_out_format(out, ", \"exitSignalName\": \"%s\", \"exitSignalNumber\": %d", tally->stopped,
                      tally->status);
    else
        sg_out_format(out, ", \"exitCode\": %d", tally->status);
    put_time(out, "startTimeUtc", how->begun);
    put_time(out, "endTimeUtc", now);
    sg_out_text(out, ",\n   \"toolExecutionNotifications\": [");
    sg_out_bytes(out, how->notes.text, how->notes.len);
    sg_out_text(out, "]}],\n");
}

static void sarif_end(struct sg_outbuf *out, struct sg_emission *how, const struct sg_tally *tally)
{
    put_invocation(out, how, tally);
    if (how->folder) {
        sg_out_text(out, "  \"originalUriBaseIds\": {\"" BASE "\": {\"uri\": \"");
        sg_out_uri(out, how->folder);
        sg_out_text(out, strcmp(how->folder, "/") == 0 ? "\"}},\n" : "/\"}},\n");
    }
    sg_out_format(out,
                  "  \"tool\": {\"driver\": {\"name\": \"safeguard\", \"version\": \"%s\", "
                  "\"semanticVersion\": \"%s\",\n   \"rules\": [",
                  SG_VERSION, SG_VERSION);
    for (const struct sg_rule *rule = sg_rules_known; rule->id; rule++) {
        sg_out_text(out, rule == sg_rules_known ? "\n    " : ",\n    ");
        put_rule(out, rule);
    }
    sg_out_text(out, "]}}}]}\n");
}

const struct sg_emit sg_emit_sarif = {false, sarif_begin, sarif_file, sarif_end};
