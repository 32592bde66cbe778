/* emit_sarif.c - results as SARIF 2.1.0 (OASIS), for code scanning services. */
#include "cli/cli.h"
#include "cli/emit.h"

#include <inttypes.h>

static void sarif_begin(struct sg_outbuf *out)
{
    sg_out_text(out, "{\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n"
                     " \"version\": \"2.1.0\",\n \"runs\": [{\"results\": [");
}

static const char *level(const struct sg_result *result)
{
    if (result->report->verdict == SG_MALICIOUS)
        return "error";
    if (result->report->verdict == SG_SUSPICIOUS || result->problem)
        return "warning";
    return "note";
}

/* A byte offset is one of the artifact only when it is not inside a member. */
static void put_location(struct sg_outbuf *out, const struct sg_result *result,
                         const struct sg_reason *reason)
{
    sg_out_text(out, "{\"physicalLocation\": {\"artifactLocation\": {\"uri\": \"");
    sg_out_uri(out, result->path);
    sg_out_text(out, "\"}");
    if (reason && !*reason->member && reason->offset < result->report->size)
        sg_out_format(out, ", \"region\": {\"byteOffset\": %" PRIu64 ", \"byteLength\": 1}",
                      reason->offset);
    sg_out_text(out, "}");
    if (reason && *reason->member) {
        sg_out_text(out, ", \"logicalLocations\": [{\"kind\": \"member\", "
                         "\"fullyQualifiedName\": ");
        sg_out_json(out, reason->member);
        sg_out_text(out, "}]");
    }
    sg_out_text(out, "}");
}

static void sarif_file(struct sg_outbuf *out, const struct sg_result *result, struct sg_style style,
                       bool first)
{
    const struct sg_report *report = result->report;
    const struct sg_reason *reason = report->reason_count ? &report->reasons[0] : NULL;

    (void)style;
    if (report->verdict == SG_BENIGN && report->coverage == SG_COMPLETE)
        return;
    sg_out_text(out, first ? "\n  {\"ruleId\": " : ",\n  {\"ruleId\": ");
    sg_out_json(out, reason ? reason->rule : sg_coverage_name(report->coverage));
    sg_out_format(out, ", \"level\": \"%s\", \"message\": {\"text\": ", level(result));
    sg_out_json(out, reason ? reason->detail : "not fully analysed");
    sg_out_text(out, "}, \"locations\": [");
    put_location(out, result, reason);
    sg_out_format(out,
                  "], \"properties\": {\"verdict\": \"%s\", \"score\": %.6g, \"coverage\": \"%s\", "
                  "\"reasons\": ",
                  sg_verdict_name(report->verdict), report->score,
                  sg_coverage_name(report->coverage));
    sg_emit_reasons(out, report);
    sg_out_text(out, "}");
    if (result->accepted) {
        sg_out_text(out, ", \"suppressions\": [{\"kind\": \"external\", \"justification\": ");
        sg_out_json(out, result->accepted);
        sg_out_text(out, "}]");
    }
    sg_out_text(out, "}");
}

static void sarif_end(struct sg_outbuf *out, const struct sg_tally *tally, struct sg_style style)
{
    (void)style;
    sg_out_format(out,
                  "\n ], \"invocations\": [{\"executionSuccessful\": %s}],\n"
                  "  \"tool\": {\"driver\": {\"name\": \"safeguard\", \"version\": \"%s\"}}}]}\n",
                  tally->unread ? "false" : "true", SG_VERSION);
}

const struct sg_emit sg_emit_sarif = {sarif_begin, sarif_file, sarif_end};
