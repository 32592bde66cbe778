/* report_plots.c - the report's plots, drawn by hand in SVG. */
#include "cli/report_plots.h"

#include "cli/page.h"

#include <inttypes.h>
#include <string.h>

#define BARS_SHOWN 12u
#define BAR_WIDTH 560.0
#define BAR_ROW 36u
#define LABEL_CHARS 66u

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xC0) != 0x80;
}

/* Bytes of the first `chars` characters. */
static size_t bytes_of(const struct sg_outbuf *plain, size_t chars)
{
    size_t at = 0, seen = 0;

    for (; at < plain->len; at++) {
        if (begins_character(plain->text[at]) && seen++ == chars)
            break;
    }
    return at;
}

static void add_label(struct sg_outbuf *out, const char *text, bool keep_end)
{
    struct sg_outbuf plain = {0};
    size_t chars = 0;

    sg_out_plain(&plain, text[0] ? text : "(not known)");
    for (size_t i = 0; i < plain.len; i++)
        chars += begins_character(plain.text[i]);
    if (chars <= LABEL_CHARS) {
        sg_page_plain(out, plain.text, plain.len);
    } else if (keep_end) {
        size_t left_out = bytes_of(&plain, chars - LABEL_CHARS);
        sg_out_text(out, "…");
        sg_page_plain(out, plain.text + left_out, plain.len - left_out);
    } else {
        sg_page_plain(out, plain.text, bytes_of(&plain, LABEL_CHARS));
        sg_out_text(out, "…");
    }
    sg_out_free(&plain);
}

static void add_rect(struct sg_outbuf *out, const char *class, const double box[4])
{
    if (box[2] > 0 && box[3] > 0)
        sg_out_format(out,
                      "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                      "rx=\"1.5\"/>",
                      class, box[0], box[1], box[2], box[3]);
}

static void add_bar(struct sg_outbuf *out, const struct sg_ranked *row, double top, uint64_t most,
                    bool keep_end)
{
    double unit = BAR_WIDTH / (double)most;
    double blocked[] = {0, top + 19, unit * (double)row->blocked, 9};
    double logged[] = {blocked[2], top + 19, unit * (double)row->logged, 9};

    sg_out_text(out, "<g><title>");
    sg_page_text(out, row->name);
    sg_out_format(out, " - %" PRIu64 " blocked, %" PRIu64 " logged, worst %s %.3f", row->blocked,
                  row->logged, sg_verdict_name(row->verdict), row->score);
    if (row->note) {
        sg_out_text(out, ", rule ");
        sg_page_text(out, row->note);
    }
    sg_out_format(out, "</title><text class=\"label\" x=\"0\" y=\"%.1f\">", top + 13);
    add_label(out, row->name, keep_end);
    sg_out_format(out,
                  "</text><text class=\"number\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%" PRIu64
                  "</text><rect class=\"track\" x=\"0\" y=\"%.1f\" width=\"%.0f\" height=\"9\" "
                  "rx=\"1.5\"/>",
                  BAR_WIDTH, top + 13, sg_ranked_all(row), top + 19, BAR_WIDTH);
    add_rect(out, "blocked", blocked);
    add_rect(out, "logged", logged);
    sg_out_text(out, "</g>\n");
}

void sg_plot_ranking(struct sg_outbuf *out, const struct sg_ranking *ranking, bool keep_end)
{
    size_t shown = ranking->count < BARS_SHOWN ? ranking->count : BARS_SHOWN;

    sg_out_format(out, "<svg viewBox=\"0 0 %.0f %zu\" role=\"img\">\n", BAR_WIDTH,
                  shown * BAR_ROW + 2);
    for (size_t i = 0; i < shown; i++)
        add_bar(out, &ranking->rows[i], (double)(i * BAR_ROW), sg_ranked_all(&ranking->rows[0]),
                keep_end);
    sg_out_text(out, "</svg>\n");
    if (shown < ranking->count)
        sg_out_format(out, "<p class=\"more\">and %zu more</p>\n", ranking->count - shown);
}

#define LINE_WIDTH 1140.0
#define LINE_HEIGHT 190.0
#define LINE_LEFT 64.0
#define LINE_TOP 10.0

static void add_grid(struct sg_outbuf *out, uint64_t most)
{
    for (unsigned i = 0; i <= 2; i++) {
        double y = LINE_TOP + LINE_HEIGHT * (2 - i) / 2;
        if (i == 1 && most % 2)
            continue;
        sg_out_format(out,
                      "<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                      "<text class=\"axis\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%" PRIu64
                      "</text>\n",
                      LINE_LEFT, LINE_LEFT + LINE_WIDTH, y, y, LINE_LEFT - 8, y + 4, most * i / 2);
    }
}

static void add_column(struct sg_outbuf *out, const struct sg_timeline *line, size_t at,
                       uint64_t most)
{
    const struct sg_stretch *stretch = &line->stretches[at];
    double step = LINE_WIDTH / (double)(line->count < 12 ? 12 : line->count);
    double unit = LINE_HEIGHT / (double)most, floor = LINE_TOP + LINE_HEIGHT;
    double x = LINE_LEFT + step * (double)at + step * 0.1;
    double blocked = unit * (double)stretch->blocked, logged = unit * (double)stretch->logged;
    char when[SG_WHEN_MAX];

    if (stretch->blocked + stretch->logged == 0)
        return;
    sg_entry_when((line->first + (int64_t)at) * line->width, when);
    sg_out_format(out, "<g><title>from %s: %" PRIu64 " blocked, %" PRIu64 " logged</title>", when,
                  stretch->blocked, stretch->logged);
    add_rect(out, "blocked", (double[]){x, floor - blocked, step * 0.8, blocked});
    add_rect(out, "logged", (double[]){x, floor - blocked - logged, step * 0.8, logged});
    sg_out_text(out, "</g>\n");
}

void sg_plot_timeline(struct sg_outbuf *out, const struct sg_timeline *line)
{
    double end = LINE_LEFT + LINE_WIDTH * (line->count < 12 ? (double)line->count / 12 : 1);
    uint64_t most = 1;
    char first[SG_WHEN_MAX], last[SG_WHEN_MAX];

    for (size_t i = 0; i < line->count; i++) {
        uint64_t all = line->stretches[i].blocked + line->stretches[i].logged;
        most = all > most ? all : most;
    }
    sg_entry_when(line->first * line->width, first);
    sg_entry_when((line->first + (int64_t)line->count) * line->width, last);
    sg_out_format(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n", LINE_LEFT + LINE_WIDTH + 4,
                  LINE_TOP + LINE_HEIGHT + 26);
    add_grid(out, most);
    for (size_t i = 0; i < line->count; i++)
        add_column(out, line, i, most);
    sg_out_format(out, "<text class=\"axis\" x=\"%.0f\" y=\"%.0f\">%s</text>\n", LINE_LEFT,
                  LINE_TOP + LINE_HEIGHT + 18, first);
    if (end > LINE_LEFT + 300)
        sg_out_format(out,
                      "<text class=\"axis\" x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n",
                      end, LINE_TOP + LINE_HEIGHT + 18, last);
    sg_out_text(out, "</svg>\n");
}

void sg_plot_verdicts(struct sg_outbuf *out, const struct sg_book *book)
{
    double begun = 0;

    sg_out_text(out, "<svg class=\"ring\" viewBox=\"0 0 200 200\" role=\"img\">\n");
    for (int i = SG_MALICIOUS; i >= SG_BENIGN; i--) {
        double share = 100.0 * (double)book->verdicts[i] / (double)book->records;
        const char *name = sg_verdict_name((enum sg_verdict)i);
        if (book->verdicts[i] == 0)
            continue;
        sg_out_format(out,
                      "<circle class=\"%s\" cx=\"100\" cy=\"100\" r=\"74\" pathLength=\"100\" "
                      "stroke-dasharray=\"%.3f 100\" stroke-dashoffset=\"%.3f\">"
                      "<title>%s: %" PRIu64 "</title></circle>\n",
                      name, share, -begun, name, book->verdicts[i]);
        begun += share;
    }
    sg_out_format(out,
                  "<text class=\"big\" x=\"100\" y=\"106\" text-anchor=\"middle\">%" PRIu64
                  "</text><text class=\"axis\" x=\"100\" y=\"126\" text-anchor=\"middle\">%s</text>"
                  "</svg>\n",
                  book->records, book->records == 1 ? "record" : "records");
}

void sg_plot_durations(struct sg_outbuf *out, const struct sg_book *book)
{
    static const char *const names[SG_DURATIONS] = {"to 0.1 ms", "1 ms", "10 ms",
                                                    "0.1 s",     "1 s",  "longer"};
    uint64_t most = 1;

    for (size_t i = 0; i < SG_DURATIONS; i++)
        most = book->durations[i] > most ? book->durations[i] : most;
    sg_out_text(out, "<svg viewBox=\"0 0 360 200\" role=\"img\">\n");
    for (size_t i = 0; i < SG_DURATIONS; i++) {
        double height = 140 * (double)book->durations[i] / (double)most, x = 60 * (double)i;
        add_rect(out, "quiet", (double[]){x + 8, 166 - height, 44, height});
        sg_out_format(out,
                      "<text class=\"number\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"middle\">%" PRIu64
                      "</text><text class=\"axis\" x=\"%.0f\" y=\"184\" "
                      "text-anchor=\"middle\">%s</text>\n",
                      x + 30, 160 - height, book->durations[i], x + 30, names[i]);
    }
    sg_out_text(out, "<line class=\"grid\" x1=\"0\" x2=\"360\" y1=\"166\" y2=\"166\"/></svg>\n");
}
