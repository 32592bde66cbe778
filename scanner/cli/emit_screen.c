/* emit_screen.c - results for a person at a terminal: the verdict, the file, and below them why. */
#include "cli/emit.h"
#include "cli/linewrap.h"

#include <inttypes.h>
#include <string.h>

#define INDENT 2u
#define ALSO_SHOWN 3u

static void put_verdict(struct sg_outbuf *out, const struct sg_emission *how,
                        const struct sg_report *report)
{
    static const enum sg_hue hues[] = {
        [SG_BENIGN] = SG_GREEN, [SG_SUSPICIOUS] = SG_AMBER, [SG_MALICIOUS] = SG_RED};
    bool open = report->verdict == SG_BENIGN && report->coverage != SG_COMPLETE;
    const char *word = open ? "unclear" : sg_verdict_name(report->verdict);

    sg_emit_hue(out, how, open ? SG_AMBER : hues[report->verdict]);
    sg_out_text(out, word);
    sg_emit_hue(out, how, SG_PLAIN);
    sg_out_format(out, "%*s  %.3f  ", (int)(strlen("suspicious") - strlen(word)), "",
                  report->score);
}

static void put_below(struct sg_outbuf *out, const struct sg_emission *how, struct sg_outbuf *text)
{
    sg_out_wrapped(out, text, INDENT, how->columns);
    text->len = 0;
}

static void put_reason(struct sg_outbuf *out, const struct sg_emission *how,
                       const struct sg_reason *reason)
{
    struct sg_outbuf text = {0};

    if (how->verbose)
        sg_out_format(&text, "%.3f %s: ", reason->weight, reason->rule);
    sg_out_plain(&text, reason->detail);
    sg_out_format(&text, " (byte %" PRIu64, reason->offset);
    if (*reason->member) {
        sg_out_text(&text, " of ");
        sg_out_plain(&text, reason->member);
    }
    sg_out_text(&text, ")");
    put_below(out, how, &text);
    sg_out_free(&text);
}

static void put_reasons(struct sg_outbuf *out, const struct sg_emission *how,
                        const struct sg_report *report)
{
    uint32_t shown = how->verbose ? report->reason_count : report->reason_count ? 1 : 0;

    if (!how->verbose && report->verdict == SG_BENIGN && report->coverage == SG_COMPLETE)
        return;
    for (uint32_t i = 0; i < shown; i++)
        put_reason(out, how, &report->reasons[i]);
}

/* What is to be said of the file beside its verdict and the reasons. */
static void put_remarks(struct sg_outbuf *out, const struct sg_emission *how,
                        const struct sg_result *result)
{
    struct sg_outbuf text = {0};

    if (result->report->coverage != SG_COMPLETE) {
        sg_out_format(&text, "not%s analysed (%s)",
                      result->report->coverage == SG_PARTIAL ? " fully" : "",
                      result->report->format);
        put_below(out, how, &text);
    }
    if (result->note) {
        sg_out_text(&text, result->note);
        put_below(out, how, &text);
    }
    if (result->accepted) {
        sg_out_text(&text, "accepted: ");
        sg_out_plain(&text, result->accepted);
        put_below(out, how, &text);
    }
    sg_out_free(&text);
}

/* Names stay whole, so that they can be taken from the screen. */
static void put_also(struct sg_outbuf *out, const struct sg_result *result)
{
    for (size_t i = 0; i < result->also_count && i < ALSO_SHOWN; i++) {
        sg_out_text(out, "  also ");
        sg_out_plain(out, result->also[i]);
        sg_out_text(out, "\n");
    }
    if (result->also_count > ALSO_SHOWN)
        sg_out_format(out, "  and %zu names more\n", result->also_count - ALSO_SHOWN);
}

static void screen_file(struct sg_outbuf *out, struct sg_emission *how,
                        const struct sg_result *result)
{
    const struct sg_report *report = result->report;

    if (result->problem || !sg_emit_is_news(how, result))
        return;
    put_verdict(out, how, report);
    sg_out_plain(out, result->path);
    if (report->verdict == SG_BENIGN && report->coverage == SG_COMPLETE) {
        sg_emit_hue(out, how, SG_DIM);
        sg_out_format(out, "  %s",
                      strcmp(report->format, "none") == 0 ? "no pickle in it" : report->format);
        sg_emit_hue(out, how, SG_PLAIN);
    }
    sg_out_text(out, "\n");
    put_reasons(out, how, report);
    put_remarks(out, how, result);
    put_also(out, result);
}

static void screen_end(struct sg_outbuf *out, struct sg_emission *how, const struct sg_tally *tally)
{
    struct sg_outbuf text = {0};
    bool bad = tally->verdicts[SG_MALICIOUS] || tally->verdicts[SG_SUSPICIOUS];

    if (how->printed)
        sg_out_text(out, "\n");
    sg_emit_summary(&text, tally);
    sg_emit_hue(out, how,
                tally->verdicts[SG_MALICIOUS] ? SG_RED
                : bad || tally->status        ? SG_AMBER
                                              : SG_GREEN);
    sg_out_wrapped(out, &text, 0, how->columns);
    sg_emit_hue(out, how, SG_PLAIN);
    text.len = 0;
    if (bad && !tally->stopped) {
        sg_out_text(&text, "What one of them would do when loaded: safeguard explain FILE");
        sg_out_wrapped(out, &text, 0, how->columns);
    }
    sg_out_free(&text);
}

const struct sg_emit sg_emit_screen = {false, sg_emit_nothing, screen_file, screen_end};
