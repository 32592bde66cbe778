/* emit_text.c - results for people. */
#include "cli/emit.h"

#include <inttypes.h>
#include <string.h>

static const char *const paint[] = {
    [SG_BENIGN] = "\033[32m", [SG_SUSPICIOUS] = "\033[33m", [SG_MALICIOUS] = "\033[1;31m"};
#define PAINT_END "\033[0m"

void sg_emit_size(struct sg_outbuf *out, double bytes)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;

    while (bytes >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        bytes /= 1000;
        unit++;
    }
    sg_out_format(out, unit && bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

static void put_verdict(struct sg_outbuf *out, enum sg_verdict verdict, struct sg_style style)
{
    if (style.colour)
        sg_out_text(out, paint[verdict]);
    sg_out_text(out, sg_verdict_name(verdict));
    if (style.colour)
        sg_out_text(out, PAINT_END);
}

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

static void text_begin(struct sg_outbuf *out)
{
    (void)out;
}

/* What is clean and was only come across is left out: thousands of such lines hide the one. */
static bool is_worth_a_line(const struct sg_result *result, struct sg_style style)
{
    return style.verbose || result->named || result->note || result->report->verdict != SG_BENIGN ||
           result->report->coverage != SG_COMPLETE;
}

static void text_file(struct sg_outbuf *out, const struct sg_result *result, struct sg_style style,
                      bool first)
{
    const struct sg_report *report = result->report;

    (void)first;
    /* What could not be read is told on standard error, whatever the format. */
    if (result->problem || !is_worth_a_line(result, style))
        return;
    sg_out_text(out, "safeguard: ");
    sg_out_plain(out, result->path);
    sg_out_text(out, ": ");
    put_verdict(out, report->verdict, style);
    sg_out_format(out, " %.3f", report->score);
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
    for (uint32_t i = 0; style.verbose && i < report->reason_count; i++) {
        sg_out_format(out, "    %.3f %s: ", report->reasons[i].weight, report->reasons[i].rule);
        put_reason(out, &report->reasons[i]);
        sg_out_text(out, "\n");
    }
}

static void put_count(struct sg_outbuf *out, uint64_t count, const char *what)
{
    if (count)
        sg_out_format(out, ", %" PRIu64 " %s", count, what);
}

static void text_end(struct sg_outbuf *out, const struct sg_tally *tally, struct sg_style style)
{
    (void)style;
    sg_out_format(out, "safeguard: %" PRIu64 " file%s (", tally->files,
                  tally->files == 1 ? "" : "s");
    sg_emit_size(out, (double)tally->bytes);
    sg_out_format(out,
                  ") in %.1f s: %" PRIu64 " malicious, %" PRIu64 " suspicious, %" PRIu64 " benign",
                  tally->seconds, tally->verdicts[SG_MALICIOUS], tally->verdicts[SG_SUSPICIOUS],
                  tally->verdicts[SG_BENIGN]);
    put_count(out, tally->partial, "not fully analysed");
    put_count(out, tally->unanalysed, "not analysed");
    put_count(out, tally->unread, "not readable");
    put_count(out, tally->accepted, "accepted");
    put_count(out, tally->left_out, "left out");
    sg_out_text(out, "\n");
}

const struct sg_emit sg_emit_text = {text_begin, text_file, text_end};
