/* emit_junit.c - results as JUnit XML, for what shows the tests of a build. */
#include "cli/emit.h"
#include "cli/page.h"

#include <inttypes.h>

static void junit_begin(struct sg_outbuf *out, struct sg_emission *how)
{
    (void)how;
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

enum outcome { PASSED, FAILURE, ERROR, SKIPPED };

/* A finding is a failure; what could not be read or fully analysed is an error. */
static enum outcome outcome_of(const struct sg_result *result)
{
    bool clean = result->report->verdict == SG_BENIGN && result->report->coverage == SG_COMPLETE;

    if (result->accepted)
        return clean ? PASSED : SKIPPED;
    if (result->found)
        return FAILURE;
    return result->problem || result->report->coverage != SG_COMPLETE ? ERROR : PASSED;
}

static void put_outcome(struct sg_outbuf *out, enum outcome kind, const struct sg_result *result)
{
    static const char *const words[] = {
        [FAILURE] = "failure", [ERROR] = "error", [SKIPPED] = "skipped"};
    const struct sg_report *report = result->report;

    if (kind == PASSED)
        return;
    sg_out_format(out, "<%s ", words[kind]);
    if (kind != SKIPPED)
        sg_out_format(out, "type=\"%s\" ", sg_verdict_name(report->verdict));
    sg_out_text(out, kind == SKIPPED ? "message=\"accepted: " : "message=\"");
    sg_page_text(out, result->accepted       ? result->accepted
                      : result->problem      ? result->problem
                      : report->reason_count ? report->reasons[0].detail
                      : result->note         ? result->note
                                             : "not fully analysed");
    sg_out_text(out, "\">");
    put_reasons(out, report);
    sg_out_format(out, "</%s>", words[kind]);
}

/* A suite for each file: how many there are is not known before the last one. */
static void junit_file(struct sg_outbuf *out, struct sg_emission *how,
                       const struct sg_result *result)
{
    enum outcome kind = outcome_of(result);

    (void)how;
    sg_out_text(out, "<testsuite name=\"");
    sg_page_text(out, result->path);
    sg_out_format(out,
                  "\" tests=\"1\" failures=\"%d\" errors=\"%d\" skipped=\"%d\" time=\"%.6f\">"
                  "<testcase classname=\"safeguard\" time=\"%.6f\" name=\"",
                  kind == FAILURE, kind == ERROR, kind == SKIPPED, (double)result->micros / 1e6,
                  (double)result->micros / 1e6);
    sg_page_text(out, result->path);
    sg_out_text(out, "\">");
    put_outcome(out, kind, result);
    sg_out_text(out, "</testcase></testsuite>\n");
}

static void junit_end(struct sg_outbuf *out, struct sg_emission *how, const struct sg_tally *tally)
{
    (void)how;
    (void)tally;
    sg_out_text(out, "</testsuites>\n");
}

const struct sg_emit sg_emit_junit = {true, junit_begin, junit_file, junit_end};
