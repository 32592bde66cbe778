/* emit_junit.c - results as JUnit XML, for what shows the tests of a build. */
#include "cli/emit.h"
#include "cli/page.h"

#include <inttypes.h>

static void junit_begin(struct sg_outbuf *out)
{
    sg_out_text(out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"safeguard\">\n");
}

static void put_reasons(struct sg_outbuf *out, const struct sg_report *report)
{
    for (uint32_t i = 0; i < report->reason_count; i++) {
        const struct sg_reason *reason = &report->reasons[i];
        sg_out_format(out, "%.3f %s: ", reason->weight, reason->rule);
        sg_page_text(out, reason->detail);
        sg_out_format(out, " at byte %" PRIu64, reason->offset);
        if (*reason->member) {
            sg_out_text(out, " of ");
            sg_page_text(out, reason->member);
        }
        sg_out_text(out, "\n");
    }
}

/* A finding is a failure; what could not be read or fully analysed is an error. */
static const char *outcome(const struct sg_result *result)
{
    if (result->accepted)
        return NULL;
    if (result->found)
        return "failure";
    return result->problem || result->report->coverage != SG_COMPLETE ? "error" : NULL;
}

/* A suite for each file: how many there are is not known before the last one. */
static void junit_file(struct sg_outbuf *out, const struct sg_result *result, struct sg_style style,
                       bool first)
{
    const struct sg_report *report = result->report;
    const char *kind = outcome(result);

    (void)style;
    (void)first;
    sg_out_text(out, "<testsuite name=\"");
    sg_page_text(out, result->path);
    sg_out_format(out,
                  "\" tests=\"1\" failures=\"%d\" errors=\"%d\"><testcase classname=\"safeguard\" "
                  "time=\"%.6f\" name=\"",
                  kind && *kind == 'f', kind && *kind == 'e', (double)result->micros / 1e6);
    sg_page_text(out, result->path);
    sg_out_text(out, "\">");
    if (kind) {
        sg_out_format(out, "<%s type=\"%s\" message=\"", kind, sg_verdict_name(report->verdict));
        sg_page_text(out, result->problem        ? result->problem
                          : report->reason_count ? report->reasons[0].detail
                                                 : "not fully analysed");
        sg_out_text(out, "\">");
        put_reasons(out, report);
        sg_out_format(out, "</%s>", kind);
    }
    sg_out_text(out, "</testcase></testsuite>\n");
}

static void junit_end(struct sg_outbuf *out, const struct sg_tally *tally, struct sg_style style)
{
    (void)tally;
    (void)style;
    sg_out_text(out, "</testsuites>\n");
}

const struct sg_emit sg_emit_junit = {junit_begin, junit_file, junit_end};
