/* emit.c - which functions print which format, and what several of them say. */
#include "cli/emit.h"

#include <inttypes.h>

const struct sg_emit *sg_emit_of(enum sg_format format, bool screen)
{
    static const struct sg_emit *const formats[] = {[SG_TEXT_LINES] = &sg_emit_text,
                                                    [SG_JSON] = &sg_emit_json,
                                                    [SG_JSONL] = &sg_emit_jsonl,
                                                    [SG_SARIF] = &sg_emit_sarif,
                                                    [SG_JUNIT] = &sg_emit_junit};

    return screen && format == SG_TEXT_LINES ? &sg_emit_screen : formats[format];
}

void sg_emit_nothing(struct sg_outbuf *out, struct sg_emission *how)
{
    (void)out;
    (void)how;
}

void sg_emit_no_end(struct sg_outbuf *out, struct sg_emission *how, const struct sg_tally *tally)
{
    (void)out;
    (void)how;
    (void)tally;
}

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

/* What is clean and was only come across is left out: thousands of such lines hide the one. */
bool sg_emit_is_news(const struct sg_emission *how, const struct sg_result *result)
{
    return how->verbose || result->named || result->note || result->report->verdict != SG_BENIGN ||
           result->report->coverage != SG_COMPLETE;
}

void sg_emit_hue(struct sg_outbuf *out, const struct sg_emission *how, enum sg_hue hue)
{
    static const char *const codes[] = {[SG_PLAIN] = "\033[0m",
                                        [SG_GREEN] = "\033[32m",
                                        [SG_AMBER] = "\033[33m",
                                        [SG_RED] = "\033[1;31m",
                                        [SG_DIM] = "\033[2m"};

    if (how->colour)
        sg_out_text(out, codes[hue]);
}

static void put_count(struct sg_outbuf *out, uint64_t count, const char *what)
{
    if (count)
        sg_out_format(out, ", %" PRIu64 " %s", count, what);
}

void sg_emit_summary(struct sg_outbuf *out, const struct sg_tally *tally)
{
    uint64_t files = tally->stopped ? tally->all : tally->files;

    sg_out_text(out, "safeguard: ");
    if (tally->stopped)
        sg_out_format(out, "stopped by %s after %" PRIu64 " of ", tally->stopped, tally->jobs);
    sg_out_format(out, "%" PRIu64 " file%s (", files, files == 1 ? "" : "s");
    sg_emit_size(out, (double)tally->bytes);
    sg_out_format(
        out, "%s) in %.1f s: %" PRIu64 " malicious, %" PRIu64 " suspicious, %" PRIu64 " benign",
        tally->stopped ? " looked at" : "", tally->seconds, tally->verdicts[SG_MALICIOUS],
        tally->verdicts[SG_SUSPICIOUS], tally->verdicts[SG_BENIGN]);
    put_count(out, tally->partial, "not fully analysed");
    put_count(out, tally->unanalysed, "not analysed");
    put_count(out, tally->unread, "not readable");
    put_count(out, tally->accepted, "accepted");
    put_count(out, tally->left_out, "left out");
}
