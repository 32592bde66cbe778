/* report_text.c - a report for a terminal. */
#include "cli/report_book.h"

#include <inttypes.h>
#include <string.h>

#define ROWS_SHOWN 10u

static void add_head(struct sg_outbuf *out, const struct sg_book *book)
{
    char first[SG_WHEN_MAX], last[SG_WHEN_MAX];

    sg_report_count(out, book->records, "record from ", "records from ");
    sg_report_count(out, book->logs, "log", "logs");
    if (book->bad) {
        sg_out_text(out, " (and ");
        sg_report_count(out, book->bad, "line that is no record)", "lines that are no records)");
    }
    sg_out_text(out, "\n");
    if (!book->records)
        return;
    sg_entry_when(book->first, first);
    sg_entry_when(book->last, last);
    sg_out_format(out, "%s to %s UTC\n", first, last);
    sg_out_format(out,
                  "%" PRIu64 " blocked, %" PRIu64 " logged; %" PRIu64 " malicious, %" PRIu64
                  " suspicious, %" PRIu64 " benign",
                  book->blocked, book->records - book->blocked, book->verdicts[SG_MALICIOUS],
                  book->verdicts[SG_SUSPICIOUS], book->verdicts[SG_BENIGN]);
    if (book->left_out)
        sg_out_format(out, "; %" PRIu64 " more were left out", book->left_out);
    sg_out_text(out, "\n");
    sg_out_format(out, "vetting took %.1f ms on average, %.1f ms at most\n",
                  1e3 * book->seconds / (double)book->records, 1e3 * book->slowest);
}

static uint64_t stretch_all(const struct sg_stretch *stretch)
{
    return stretch->blocked + stretch->logged;
}

static void add_span(struct sg_outbuf *out, int64_t seconds)
{
    if (seconds % 86400 == 0)
        sg_report_count(out, (uint64_t)seconds / 86400, "day", "days");
    else if (seconds % 3600 == 0)
        sg_report_count(out, (uint64_t)seconds / 3600, "hour", "hours");
    else if (seconds % 60 == 0)
        sg_report_count(out, (uint64_t)seconds / 60, "minute", "minutes");
    else
        sg_report_count(out, (uint64_t)seconds, "second", "seconds");
}

static void add_timeline(struct sg_outbuf *out, const struct sg_timeline *line)
{
    static const char *const heights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    uint64_t most = 1;

    for (size_t i = 0; i < line->count; i++)
        if (stretch_all(&line->stretches[i]) > most)
            most = stretch_all(&line->stretches[i]);
    sg_out_text(out, "\nTime line, a column for ");
    add_span(out, line->width);
    sg_out_text(out, ", the highest is ");
    sg_report_count(out, most, "record", "records");
    sg_out_text(out, "\n  ");
    for (size_t i = 0; i < line->count; i++) {
        uint64_t all = stretch_all(&line->stretches[i]);
        sg_out_text(out, all ? heights[(all * 8 - 1) / most] : "·");
    }
    sg_out_text(out, "\n");
}

static void add_row(struct sg_outbuf *out, const struct sg_ranked *row)
{
    sg_out_format(out, "  %7" PRIu64 " %7" PRIu64 "  %-10s %.3f  ", row->blocked, row->logged,
                  sg_verdict_name(row->verdict), row->score);
    sg_out_plain(out, row->name[0] ? row->name : "(not known)");
    if (row->note && row->note[0]) {
        sg_out_text(out, "  [");
        sg_out_plain(out, row->note);
        sg_out_text(out, "]");
    }
    if (row->members > 1) {
        sg_out_text(out, "  in ");
        sg_report_count(out, row->members, "process", "processes");
    }
    sg_out_text(out, "\n");
}

static void add_ranking(struct sg_outbuf *out, const char *title, const struct sg_ranking *ranking)
{
    size_t shown = ranking->count < ROWS_SHOWN ? ranking->count : ROWS_SHOWN;

    sg_out_format(out, "\n%s (%zu)\n  blocked  logged  worst\n", title, ranking->count);
    for (size_t i = 0; i < shown; i++)
        add_row(out, &ranking->rows[i]);
    if (shown < ranking->count)
        sg_out_format(out, "  and %zu more\n", ranking->count - shown);
}

void sg_report_text(struct sg_outbuf *out, const struct sg_book *book)
{
    add_head(out, book);
    if (!book->records)
        return;
    add_timeline(out, &book->timeline);
    add_ranking(out, "Files", &book->files);
    add_ranking(out, "Reasons", &book->reasons);
    add_ranking(out, "Programs", &book->programs);
    add_ranking(out, "Formats", &book->formats);
}
