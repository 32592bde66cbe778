/* explain_text.c - a story for a terminal: plain words first, the listing after them. */
#include "cli/explain.h"

#include <inttypes.h>
#include <string.h>

bool sg_explain_shows(const struct sg_explained *what, const struct sg_chapter *chapter)
{
    if (what->member && strcmp(what->member, chapter->member) != 0)
        return false;
    for (size_t i = 0; i < chapter->line_count; i++)
        if (!chapter->lines[i].repeated)
            return true;
    return false;
}

const char *sg_explain_use(const struct sg_line *line)
{
    if (line->uses & 1u << SG_USE_CALLED)
        return "the result is called";
    if (line->uses & 1u << SG_USE_NAME)
        return "the result becomes part of a name";
    if (line->uses & 1u << SG_USE_BUILT)
        return "the result is given a state";
    if (line->uses & 1u << SG_USE_DISCARDED)
        return "the result is thrown away";
    return "";
}

const char *sg_explain_action(const struct sg_explained *what)
{
    if (what->action == SG_BLOCK)
        return "The guard would refuse to open it.";
    if (what->action == SG_LOG)
        return "The guard would let it be opened, and log that.";
    return "The guard would let it be opened.";
}

const char *sg_explain_member(const struct sg_chapter *chapter)
{
    return *chapter->member ? chapter->member : "the file itself";
}

const char *sg_explain_coverage(const struct sg_report *report)
{
    return report->coverage == SG_COMPLETE  ? "analysed completely"
           : report->coverage == SG_PARTIAL ? "analysed in part"
                                            : "analysed not at all";
}

int sg_explain_rank(double weight)
{
    return weight >= SG_POLICY_MALICIOUS ? 2 : weight >= SG_POLICY_SUSPICIOUS;
}

static void put_plain(struct sg_outbuf *out, const char *text)
{
    sg_out_plain(out, text);
}

static void put_summary(struct sg_outbuf *out, const struct sg_explained *what)
{
    const struct sg_report *report = what->report;

    put_plain(out, what->path);
    sg_out_format(out, ": %s %.3f, %s, %" PRIu64 " bytes, %s\n", sg_verdict_name(report->verdict),
                  report->score, report->format, report->size, sg_explain_coverage(report));
    sg_out_format(out, "%s", sg_explain_action(what));
    if (what->note)
        sg_out_format(out, " (%s)", what->note);
    sg_out_text(out, "\n\n");
}

static void put_reasons(struct sg_outbuf *out, const struct sg_report *report)
{
    sg_out_text(out, report->reason_count ? "What speaks against it:\n"
                                          : "Nothing speaks against it.\n");
    for (uint32_t i = 0; i < report->reason_count; i++) {
        const struct sg_reason *reason = &report->reasons[i];
        sg_out_format(out, "  %.3f ", reason->weight);
        put_plain(out, reason->detail);
        sg_out_format(out, " (%s, byte %" PRIu64, reason->rule, reason->offset);
        if (*reason->member) {
            sg_out_text(out, " of ");
            put_plain(out, reason->member);
        }
        sg_out_text(out, ")\n");
    }
}

static void put_sources(struct sg_outbuf *out, const struct sg_chapter *chapter, uint64_t call)
{
    size_t first = 0, last = chapter->edge_count;

    while (first < last) { /* edges are in the order of calls */
        size_t middle = first + (last - first) / 2;
        if (chapter->edges[middle].from < call)
            first = middle + 1;
        else
            last = middle;
    }
    for (size_t i = first; i < chapter->edge_count && chapter->edges[i].from == call; i++) {
        const struct sg_edge *edge = &chapter->edges[i];
        if (edge->what != SG_EDGE_CALLS_NAME)
            sg_out_format(out, " %s #%" PRIu64, edge->what == SG_EDGE_TAKES ? "given" : "calling",
                          edge->to);
    }
}

static void put_line(struct sg_outbuf *out, const struct sg_chapter *chapter,
                     const struct sg_line *line)
{
    static const char *const marks[] = {"  ", "? ", "!!"};

    sg_out_format(out, "%s %10" PRIu64 "  ", marks[sg_explain_rank(line->weight)], line->offset);
    if (line->kind == SG_LINE_OPCODE) {
        put_plain(out, line->text);
        sg_out_text(out, "\n");
        return;
    }
    sg_out_text(out, line->kind == SG_LINE_NAME   ? "names "
                     : line->kind == SG_LINE_CALL ? "calls "
                                                  : "odd: ");
    put_plain(out, line->text);
    if (line->call)
        sg_out_format(out, " = #%" PRIu64, line->call);
    put_sources(out, chapter, line->call);
    if (*sg_explain_use(line))
        sg_out_format(out, " (%s)", sg_explain_use(line));
    sg_out_text(out, "\n");
}

static void put_chapter(struct sg_outbuf *out, const struct sg_chapter *chapter)
{
    sg_out_text(out, "\nWhat a loader does, in order, in ");
    put_plain(out, sg_explain_member(chapter));
    if (chapter->reading)
        sg_out_format(out, ", read another way (%u%s), where that differs", chapter->reading,
                      chapter->unlikely ? ", unlikely" : "");
    sg_out_text(out, ":\n         byte\n");
    for (size_t i = 0; i < chapter->line_count; i++) {
        if (!chapter->lines[i].repeated)
            put_line(out, chapter, &chapter->lines[i]);
    }
    if (chapter->left_out)
        sg_out_format(out, "   ... and %" PRIu64 " lines more\n", chapter->left_out);
}

static void put_sites(struct sg_outbuf *out, const struct sg_explained *what)
{
    struct sg_share shares[SG_SHARES_SHOWN];
    const struct sg_seen_site *site;
    size_t at = 0;

    if ((site = sg_explain_site(what, &at)))
        sg_out_text(out, "\nThe most telling calls, by rule and by what was learned:\n");
    for (; site; site = sg_explain_site(what, &at)) {
        sg_out_text(out, "  ");
        put_plain(out, site->name);
        sg_out_format(out, " at byte %" PRIu64 ": rule %.3f, learned %.3f%s\n", site->offset,
                      site->weight, site->learned / 1000.0,
                      site->open ? "" : " (the rule alone decides)");
        size_t count = sg_explain_shares(what->story, site, shares);
        for (size_t i = 0; i < count; i++)
            sg_out_format(out, "        -%.3f without: %s\n", shares[i].thousandths / 1000.0,
                          shares[i].what);
    }
}

void sg_explain_text(struct sg_outbuf *out, const struct sg_explained *what)
{
    put_summary(out, what);
    put_reasons(out, what->report);
    put_sites(out, what);
    for (size_t i = 0; i < what->story->chapter_count; i++)
        if (sg_explain_shows(what, &what->story->chapters[i]))
            put_chapter(out, &what->story->chapters[i]);
}
