/* emit_json.c - results as one JSON document, or one object a line. */
#include "cli/emit.h"

#include <inttypes.h>

static void put_reasons(struct sg_outbuf *out, const struct sg_report *report)
{
    sg_out_text(out, "[");
    for (uint32_t i = 0; i < report->reason_count; i++) {
        const struct sg_reason *reason = &report->reasons[i];
        sg_out_text(out, i ? ", {\"rule\": " : "{\"rule\": ");
        sg_out_json(out, reason->rule);
        sg_out_text(out, ", \"detail\": ");
        sg_out_json(out, reason->detail);
        sg_out_text(out, ", \"member\": ");
        sg_out_json(out, reason->member);
        sg_out_format(out, ", \"offset\": %" PRIu64 ", \"weight\": %.6g}", reason->offset,
                      reason->weight);
    }
    sg_out_text(out, "]");
}

/* Without a line end. */
static void put_object(struct sg_outbuf *out, const struct sg_result *result)
{
    const struct sg_report *report = result->report;

    sg_out_text(out, "{\"path\": ");
    sg_out_json(out, result->path);
    sg_out_format(out, ", \"verdict\": \"%s\", \"score\": %.6g, \"coverage\": \"%s\", \"format\": ",
                  sg_verdict_name(report->verdict), report->score,
                  sg_coverage_name(report->coverage));
    sg_out_json(out, report->format);
    sg_out_format(out,
                  ", \"size\": %" PRIu64 ", \"micros\": %" PRIu64 ", \"reasons\": ", report->size,
                  result->micros);
    put_reasons(out, report);
    if (result->accepted) {
        sg_out_text(out, ", \"accepted\": ");
        sg_out_json(out, result->accepted);
    }
    sg_out_text(out, "}");
}

static void lines_file(struct sg_outbuf *out, struct sg_emission *how,
                       const struct sg_result *result)
{
    (void)how;
    put_object(out, result);
    sg_out_text(out, "\n");
}

static void document_begin(struct sg_outbuf *out, struct sg_emission *how)
{
    (void)how;
    sg_out_text(out, "{\"files\": [");
}

static void document_file(struct sg_outbuf *out, struct sg_emission *how,
                          const struct sg_result *result)
{
    sg_out_text(out, how->printed ? ",\n  " : "\n  ");
    put_object(out, result);
}

static void document_end(struct sg_outbuf *out, struct sg_emission *how,
                         const struct sg_tally *tally)
{
    (void)how;
    sg_out_format(
        out,
        "\n], \"summary\": {\"files\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"malicious\": %" PRIu64
        ", \"suspicious\": %" PRIu64 ", \"benign\": %" PRIu64 ", \"partial\": %" PRIu64
        ", \"not_analysed\": %" PRIu64 ", \"unreadable\": %" PRIu64 ", \"accepted\": %" PRIu64
        ", \"left_out\": %" PRIu64 ", \"seconds\": %.3f",
        tally->files, tally->bytes, tally->verdicts[SG_MALICIOUS], tally->verdicts[SG_SUSPICIOUS],
        tally->verdicts[SG_BENIGN], tally->partial, tally->unanalysed, tally->unread,
        tally->accepted, tally->left_out, tally->seconds);
    if (tally->stopped)
        sg_out_format(out, ", \"stopped\": \"%s\", \"not_reached\": %" PRIu64, tally->stopped,
                      tally->all - tally->jobs);
    sg_out_text(out, "}}\n");
}

const struct sg_emit sg_emit_jsonl = {true, sg_emit_nothing, lines_file, sg_emit_no_end};
const struct sg_emit sg_emit_json = {true, document_begin, document_file, document_end};
