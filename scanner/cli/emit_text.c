/* emit_text.c - results as lines of text, one for each name: for files, pipes and grep. */
#include "cli/emit.h"

#include <inttypes.h>
#include <string.h>

static void put_reason(struct sg_outbuf *out, const struct sg_reason *reason)
{
    sg_out_plain(out, reason->detail);
    sg_out_format(out, " at byte %" PRIu64, reason->offset);
    if (*reason->member) {
        sg_out_text(out, " of ");
        sg_out_plain(out, reason->member);
    }
}

/* The words are those of the guard's log, so that one search finds both. */
static void put_coverage(struct sg_outbuf *out, const struct sg_report *report)
{
    if (report->coverage == SG_PARTIAL)
        sg_out_text(out, ", not fully analysed");
    else if (report->coverage == SG_NONE)
        sg_out_text(out, ", not analysed");
    if (report->verdict == SG_BENIGN && strcmp(report->format, "none") == 0)
        sg_out_text(out, " (no pickle in it)");
    else if (report->verdict == SG_BENIGN)
        sg_out_format(out, " (%s)", report->format);
}

static void text_file(struct sg_outbuf *out, struct sg_emission *how,
                      const struct sg_result *result)
{
    const struct sg_report *report = result->report;

    /* What could not be read is told on standard error, whatever the format. */
    if (result->problem || !sg_emit_is_news(how, result))
        return;
    sg_out_text(out, "safeguard: ");
    sg_out_plain(out, result->path);
    sg_out_format(out, ": %s %.3f", sg_verdict_name(report->verdict), report->score);
    put_coverage(out, report);
    if (report->reason_count && (report->verdict != SG_BENIGN || report->coverage != SG_COMPLETE)) {
        sg_out_text(out, ": ");
        put_reason(out, &report->reasons[0]);
    }
    if (result->note)
        sg_out_format(out, " (%s)", result->note);
    if (result->accepted) {
        sg_out_text(out, " (accepted: ");
        sg_out_plain(out, result->accepted);
        sg_out_text(out, ")");
    }
    sg_out_text(out, "\n");
    for (uint32_t i = 0; how->verbose && i < report->reason_count; i++) {
        sg_out_format(out, "    %.3f %s: ", report->reasons[i].weight, report->reasons[i].rule);
        put_reason(out, &report->reasons[i]);
        sg_out_text(out, "\n");
    }
}

static void text_end(struct sg_outbuf *out, struct sg_emission *how, const struct sg_tally *tally)
{
    (void)how;
    sg_emit_summary(out, tally);
    sg_out_text(out, "\n");
}

const struct sg_emit sg_emit_text = {true, sg_emit_nothing, text_file, text_end};
