/* explain_html.c - a story as one page that needs nothing but itself: no script, no network. */
#include "cli/explain.h"
#include "cli/page.h"

#include <inttypes.h>
#include <string.h>

/* A page that a browser shows at once, whatever the file holds: some megabytes at most. */
#define LINES_SHOWN 2000u /* of one chapter */
#define LINES_ALL 8000u
#define CHAPTERS_ALL 200u
#define CHAPTERS_OPEN 4u /* of so few all are laid open, else what weighs */

/* The amber of plots is too pale for words on white. */
static const char style[] =
    ":root{--amber:#a86400}@media(prefers-color-scheme:dark){:root{--amber:#e3a84f}}\n"
    "h1{overflow-wrap:anywhere}.verdict{font-size:22px;font-weight:650;margin-bottom:0}"
    ".malicious{color:var(--red)}"
    ".suspicious{color:var(--amber)}"
    ".benign{color:var(--green)}\n"
    "section{margin-top:16px}table{border-collapse:collapse;width:100%}"
    "td,th{padding:4px 12px 4px 0;text-align:left;vertical-align:top}"
    "th{color:var(--soft);font-weight:500;font-size:13px}"
    "th.number,td.number{text-align:right;white-space:nowrap;width:1%}"
    "td.number{color:var(--soft);font-size:13px;font-variant-numeric:tabular-nums}"
    "td.what{font-family:ui-monospace,monospace;font-size:13px;overflow-wrap:anywhere}\n"
    "tr.r1 td.what{color:var(--amber)}tr.r2 td.what{color:var(--red);font-weight:650}"
    "td.what .soft,.soft{color:var(--soft);font:13px/1.45 system-ui,sans-serif}"
    "td.what .soft{display:block}\n"
    "meter{width:80px}meter::-webkit-meter-optimum-value{background:var(--blue)}"
    "meter::-moz-meter-bar{background:var(--blue)}summary{cursor:pointer}summary "
    "h2{display:inline;overflow-wrap:anywhere}"
    "details[open] summary{margin-bottom:12px}\n"
    ".graph{overflow-x:auto;margin-bottom:8px}.graph svg{width:auto;max-width:none}"
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

static void put_reason(struct sg_outbuf *out, const struct sg_reason *reason)
{
    sg_out_format(out, "<tr class=\"r%d\"><td class=\"number\">%.3f</td><td class=\"what\">",
                  sg_explain_rank(reason->weight), reason->weight);
    sg_page_text(out, reason->detail);
    sg_out_format(out, "<span class=\"soft\">%s, byte %" PRIu64, reason->rule, reason->offset);
    if (*reason->member) {
        sg_out_text(out, " of ");
        sg_page_text(out, reason->member);
    }
    sg_out_text(out, "</span></td></tr>\n");
}

static void put_reasons(struct sg_outbuf *out, const struct sg_report *report)
{
    sg_out_text(out, "<section><h2>What speaks against it</h2>\n");
    if (!report->reason_count)
        sg_out_text(out, "Nothing.");
    else
        sg_out_text(out, "<table><tr><th class=\"number\">weight</th><th>what</th></tr>\n");
    for (uint32_t i = 0; i < report->reason_count; i++)
        put_reason(out, &report->reasons[i]);
    sg_out_text(out, report->reason_count ? "</table></section>\n" : "</section>\n");
}

static void put_site(struct sg_outbuf *out, const struct sg_story *story,
                     const struct sg_seen_site *site)
{
    struct sg_share shares[SG_SHARES_SHOWN];
    size_t count = sg_explain_shares(story, site, shares);

    sg_out_format(out, "<tr><td class=\"number\">%" PRIu64 "</td><td class=\"what\">",
                  site->offset);
    sg_page_text(out, site->name);
    sg_out_format(out, "<span class=\"soft\">rule %.3f, learned %.3f%s</span>", site->weight,
                  site->learned / 1000.0, site->open ? "" : ": the rule alone decides");
    for (size_t i = 0; i < count; i++)
        sg_out_format(out,
                      "<span class=\"soft\"><meter max=\"1\" value=\"%.3f\"></meter> %.3f for: "
                      "%s</span>",
                      shares[i].thousandths / 1000.0, shares[i].thousandths / 1000.0,
                      shares[i].what);
    sg_out_text(out, "</td></tr>\n");
}

static void put_sites(struct sg_outbuf *out, const struct sg_explained *what)
{
    size_t at = 0;
    const struct sg_seen_site *site = sg_explain_site(what, &at);

    if (!site)
        return;
    sg_out_text(out, "<section><h2>The most telling calls, by rule and by what was learned</h2>\n"
                     "<table><tr><th class=\"number\">byte</th><th>call</th></tr>\n");
    for (; site; site = sg_explain_site(what, &at))
        put_site(out, what->story, site);
    sg_out_text(out, "</table></section>\n");
}

static void put_line(struct sg_outbuf *out, const struct sg_line *line)
{
    const char *use = sg_explain_use(line);

    sg_out_format(out, "<tr class=\"r%d\"><td class=\"number\">%" PRIu64 "</td><td class=\"what\">",
                  sg_explain_rank(line->weight), line->offset);
    if (line->kind != SG_LINE_OPCODE)
        sg_out_text(out, line->kind == SG_LINE_NAME   ? "names "
                         : line->kind == SG_LINE_CALL ? "calls "
                                                      : "odd: ");
    sg_page_text(out, line->text);
    if (line->call)
        sg_out_format(out, " = #%" PRIu64, line->call);
    if (*use)
        sg_out_format(out, "<span class=\"soft\">%s</span>", use);
    sg_out_text(out, "</td></tr>\n");
}

/* `room`: the lines that the page has left. */
static void put_listing(struct sg_outbuf *out, const struct sg_chapter *chapter, size_t *room)
{
    size_t shown = 0;
    uint64_t more = chapter->left_out;

    sg_out_text(out, "<table><tr><th class=\"number\">byte</th><th>what a loader does, in order"
                     "</th></tr>\n");
    for (size_t i = 0; i < chapter->line_count; i++) {
        const struct sg_line *line = &chapter->lines[i];
        if (line->repeated)
            continue;
        if ((shown++<LINES_SHOWN && * room> 0) || line->weight > 0) {
            *room -= *room > 0;
            put_line(out, line);
        } else {
            more++;
        }
    }
    sg_out_text(out, "</table>\n");
    if (more)
        sg_out_format(out, "<p class=\"soft\">… and %" PRIu64 " lines more</p>\n", more);
}

static bool weighs(const struct sg_chapter *chapter)
{
    for (size_t i = 0; i < chapter->line_count; i++)
        if (chapter->lines[i].weight > 0)
            return true;
    return false;
}

static void put_chapter(struct sg_outbuf *out, const struct sg_chapter *chapter, bool open,
                        size_t *room)
{
    sg_out_format(out, "<section><details%s><summary><h2>", open ? " open" : "");
    sg_page_text(out, sg_explain_member(chapter));
    if (chapter->reading)
        sg_out_format(out, ", read another way (%u%s): what differs", chapter->reading,
                      chapter->unlikely ? ", unlikely" : "");
    sg_out_text(out, "</h2></summary>\n");
    if (!chapter->reading && *room)
        sg_explain_drawing(out, chapter);
    put_listing(out, chapter, room);
    sg_out_text(out, "</details></section>\n");
}

/* Chapters in their order; of very many, those that weigh and the first of the others. */
static void put_chapters(struct sg_outbuf *out, const struct sg_explained *what)
{
    const struct sg_story *story = what->story;
    size_t count = 0, shown = 0, room = LINES_ALL;

    for (size_t i = 0; i < story->chapter_count; i++)
        count += sg_explain_shows(what, &story->chapters[i]);
    for (size_t i = 0; i < story->chapter_count; i++) {
        const struct sg_chapter *chapter = &story->chapters[i];
        bool telling = weighs(chapter);
        if (!sg_explain_shows(what, chapter) || (shown >= CHAPTERS_ALL && !telling))
            continue;
        put_chapter(out, chapter, telling || count <= CHAPTERS_OPEN, &room);
        shown++;
    }
    if (shown < count)
        sg_out_format(out,
                      "<p class=\"soft\">… and %zu members more, against which nothing speaks"
                      "</p>\n",
                      count - shown);
}

void sg_explain_html(struct sg_outbuf *out, const struct sg_explained *what)
{
    sg_page_begin(out, "safeguard explain", style);
    put_header(out, what);
    put_reasons(out, what->report);
    put_sites(out, what);
    put_chapters(out, what);
    sg_page_end(out);
}
