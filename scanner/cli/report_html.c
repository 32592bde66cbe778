/* report_html.c - a report as one page that needs nothing but itself: no script, no network. */
#include "cli/page.h"
#include "cli/report_plots.h"

#include <inttypes.h>

static const char style[] =
    ".grid2{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));"
    "gap:16px;margin-top:16px}\n"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:16px;"
    "margin-bottom:16px}\n"
    ".tile b{display:block;font-size:28px;line-height:1.2;font-weight:650}"
    ".tile span{color:var(--soft);font-size:13px}\n"
    ".tile.blocked b{color:var(--red)}.tile.logged b{color:var(--amber)}\n"
    ".ring{max-width:220px;margin:0 auto}\n"
    ".pair{display:grid;grid-template-columns:1fr 1.5fr;gap:24px;align-items:center}\n"
    "rect.blocked{fill:var(--red)}rect.logged{fill:var(--amber)}rect.quiet{fill:var(--blue)}"
    "rect.track{fill:var(--line);opacity:.55}\n"
    "circle{fill:none;stroke-width:30;transform:rotate(-90deg);transform-origin:center}"
    "circle.malicious{stroke:var(--red)}circle.suspicious{stroke:var(--amber)}"
    "circle.benign{stroke:var(--green)}\n"
    "text.axis{fill:var(--soft);font-size:11px}text.big{font-size:34px;font-weight:650}"
    "text.number{font-weight:600}\n"
    "line.grid{stroke:var(--line)}.more,.key{color:var(--soft);font-size:13px;margin:6px 0 0}\n"
    ".key i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:5px}"
    ".key span{white-space:nowrap;margin-right:8px}\n"
    "i.red{background:var(--red)}i.amber{background:var(--amber)}i.green{background:var(--green)}\n"
    "g:hover rect{opacity:.8}\n";

static void add_header(struct sg_outbuf *out, const struct sg_book *book)
{
    char first[SG_WHEN_MAX], last[SG_WHEN_MAX];

    sg_out_text(out, "<header><h1>safeguard report</h1><p>");
    sg_report_count(out, book->logs, "log", "logs");
    if (book->records) {
        sg_entry_when(book->first, first);
        sg_entry_when(book->last, last);
        sg_out_format(out, ", %s to %s UTC", first, last);
    }
    if (book->bad) {
        sg_out_text(out, ". ");
        sg_report_count(out, book->bad, "line is no record and is", "lines are no records and are");
        sg_out_text(out, " not in this report");
    }
    if (book->left_out) {
        sg_out_text(out, ". ");
        sg_report_count(out, book->left_out, "more record was left out",
                        "more records were left out");
    }
    sg_out_text(out, "</p></header>\n");
}

static void add_tile(struct sg_outbuf *out, const char *class, uint64_t number, const char *name)
{
    sg_out_format(out, "<div class=\"tile %s\"><b>%" PRIu64 "</b><span>%s</span></div>\n", class,
                  number, name);
}

static void add_tiles(struct sg_outbuf *out, const struct sg_book *book)
{
    sg_out_text(out, "<div class=\"tiles\">\n");
    add_tile(out, "blocked", book->blocked, "blocked");
    add_tile(out, "logged", book->records - book->blocked, "logged");
    add_tile(out, "", book->files.count, book->files.count == 1 ? "file" : "files");
    add_tile(out, "", book->processes.count, book->processes.count == 1 ? "process" : "processes");
    if (book->records)
        sg_out_format(out,
                      "<div class=\"tile\"><b>%.1f ms</b><span>to vet, on average; %.1f ms at "
                      "most</span></div>\n",
                      1e3 * book->seconds / (double)book->records, 1e3 * book->slowest);
    sg_out_text(out, "</div>\n");
}

static void add_ranking(struct sg_outbuf *out, const char *title, const struct sg_ranking *ranking,
                        bool keep_end)
{
    sg_out_format(out, "<section><h2>%s</h2>\n", title);
    sg_plot_ranking(out, ranking, keep_end);
    sg_out_text(out, "</section>\n");
}

static void add_plots(struct sg_outbuf *out, const struct sg_book *book)
{
    sg_out_text(out, "<section><h2>When</h2>\n");
    sg_plot_timeline(out, &book->timeline);
    sg_out_text(out, "<p class=\"key\"><span><i class=\"red\"></i>blocked</span> "
                     "<span><i class=\"amber\"></i>logged</span></p></section>\n"
                     "<div class=\"grid2\">\n"
                     "<section><h2>Verdicts, and how long they took</h2>"
                     "<div class=\"pair\"><div>\n");
    sg_plot_verdicts(out, book);
    sg_out_text(out, "<p class=\"key\"><span><i class=\"red\"></i>malicious</span> "
                     "<span><i class=\"amber\"></i>suspicious</span> "
                     "<span><i class=\"green\"></i>benign</span></p></div>\n");
    sg_plot_durations(out, book);
    sg_out_text(out, "</div></section>\n");
    add_ranking(out, "What happened: event, action, verdict", &book->kinds, false);
    add_ranking(out, "Files", &book->files, true);
    add_ranking(out, "Reasons", &book->reasons, false);
    add_ranking(out, "Programs", &book->programs, true);
    add_ranking(out, "Formats", &book->formats, false);
    sg_out_text(out, "</div>\n");
}

void sg_report_html(struct sg_outbuf *out, const struct sg_book *book)
{
    sg_page_begin(out, "safeguard report", style);
    add_header(out, book);
    add_tiles(out, book);
    if (book->records)
        add_plots(out, book);
    else
        sg_out_text(out, "<section>There is no record.</section>\n");
    sg_page_end(out);
}
