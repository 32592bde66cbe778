/* explain_html.c - a story as one page that needs nothing but itself: no script, no network. */
#include "cli/explain.h"
#include "cli/page.h"

#include <inttypes.h>
#include <string.h>

#define LINES_SHOWN 2000u /* of one chapter */

static const char style[] =
    "h1{word-break:break-all}.verdict{font-size:22px;font-weight:650}"
    ".malicious{color:var(--red)}.suspicious{color:var(--amber)}.benign{color:var(--green)}\n"
    "section{margin-top:16px}table{border-collapse:collapse;width:100%}"
    "td,th{padding:3px 10px 3px 0;text-align:left;vertical-align:top}"
    "th{color:var(--soft);font-weight:500;font-size:13px}"
    "td.number{text-align:right;color:var(--soft);white-space:nowrap;width:1%;font-size:13px}"
    "td.what{font-family:ui-monospace,monospace;font-size:13px;word-break:break-word}\n"
    "tr.r1 td.what{color:var(--amber)}tr.r2 td.what{color:var(--red);font-weight:650}"
    "td.use,.soft{color:var(--soft);font-size:13px}td.use{white-space:nowrap}\n"
    ".graph{overflow-x:auto}.graph svg{width:auto;max-width:none}"
    "svg rect.call,svg rect.name{fill:var(--card);stroke:var(--soft)}svg "
    "rect.name{stroke:var(--blue)}"
    "svg rect.r1{stroke:var(--amber);stroke-width:2}svg rect.r2{stroke:var(--red);stroke-width:2.5}"
    "svg path{fill:none;stroke:var(--soft)}svg path.takes{stroke-dasharray:4 3}\n";

static void put_header(struct sg_outbuf *out, const struct sg_explained *what)
{
    const struct sg_report *report = what->report;
    const char *verdict = sg_verdict_name(report->verdict);

    sg_out_text(out, "<header><h1>");
    sg_page_text(out, what->path);
    sg_out_format(out,
                  "</h1><p>%s, %" PRIu64 " bytes, %s</p><p class=\"verdict %s\">%s "
                  "%.3f</p><p>%s",
                  report->format, report->size, sg_explain_coverage(report), verdict, verdict,
                  report->score, sg_explain_action(what));
    if (what->note)
        sg_out_format(out, " (%s)", what->note);
    sg_out_text(out, "</p></header>\n");
}

static void put_reasons(struct sg_outbuf *out, const struct sg_report *report)
{
    sg_out_text(out, "<section><h2>What speaks against it</h2>\n");
    if (!report->reason_count)
        sg_out_text(out, "Nothing.");
    else
        sg_out_text(out, "<table><tr><th>weight</th><th>what</th><th>where</th></tr>\n");
    for (uint32_t i = 0; i < report->reason_count; i++) {
        const struct sg_reason *reason = &report->reasons[i];
        sg_out_format(out, "<tr class=\"r%d\"><td class=\"number\">%.3f</td><td class=\"what\">",
                      sg_explain_rank(reason->weight), reason->weight);
        sg_page_text(out, reason->detail);
        sg_out_format(out, "</td><td class=\"use\">%s, byte %" PRIu64 " ", reason->rule,
                      reason->offset);
        sg_page_text(out, reason->member);
        sg_out_text(out, "</td></tr>\n");
    }
    sg_out_text(out, report->reason_count ? "</table></section>\n" : "</section>\n");
}

static void put_line(struct sg_outbuf *out, const struct sg_line *line)
{
    sg_out_format(out, "<tr class=\"r%d\"><td class=\"number\">%" PRIu64 "</td><td class=\"what\">",
                  sg_explain_rank(line->weight), line->offset);
    if (line->kind != SG_LINE_OPCODE)
        sg_out_text(out, line->kind == SG_LINE_NAME   ? "names "
                         : line->kind == SG_LINE_CALL ? "calls "
                                                      : "odd: ");
    sg_page_text(out, line->text);
    if (line->call)
        sg_out_format(out, " = #%" PRIu64, line->call);
    sg_out_format(out, "</td><td class=\"use\">%s</td></tr>\n", sg_explain_use(line));
}

static void put_listing(struct sg_outbuf *out, const struct sg_chapter *chapter)
{
    size_t shown = 0;
    uint64_t more = chapter->left_out;

    sg_out_text(out,
                "<table><tr><th>byte</th><th>what a loader does, in order</th><th></th></tr>\n");
    for (size_t i = 0; i < chapter->line_count; i++) {
        const struct sg_line *line = &chapter->lines[i];
        if (line->repeated)
            continue;
        if (shown++ < LINES_SHOWN || line->weight > 0)
            put_line(out, line);
        else
            more++;
    }
    sg_out_text(out, "</table>\n");
    if (more)
        sg_out_format(out, "<p class=\"soft\">… and %" PRIu64 " lines more</p>\n", more);
}

static void put_chapter(struct sg_outbuf *out, const struct sg_chapter *chapter)
{
    sg_out_text(out, "<section><h2>");
    sg_page_text(out, sg_explain_member(chapter));
    if (chapter->reading)
        sg_out_format(out, ", read another way (%u%s): what differs", chapter->reading,
                      chapter->unlikely ? ", unlikely" : "");
    sg_out_text(out, "</h2>\n");
    if (!chapter->reading)
        sg_explain_drawing(out, chapter);
    put_listing(out, chapter);
    sg_out_text(out, "</section>\n");
}

void sg_explain_html(struct sg_outbuf *out, const struct sg_explained *what)
{
    sg_page_begin(out, "safeguard explain", style);
    put_header(out, what);
    put_reasons(out, what->report);
    for (size_t i = 0; i < what->story->chapter_count; i++)
        if (sg_explain_shows(what, &what->story->chapters[i]))
            put_chapter(out, &what->story->chapters[i]);
    sg_page_end(out);
}
