/* explain_drawing.c - calls and names of one run as a drawing: results flow to the right. */
#include "cli/explain.h"
#include "cli/heap.h"
#include "cli/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BOXES_MAX 80u
#define LABEL_MAX 28u
#define WIDE 250.0
#define HIGH 24.0
#define COLUMN 300.0
#define ROW 34.0

struct box {
    const struct sg_line *line;
    unsigned column, row;
};

struct drawing {
    const struct sg_chapter *chapter;
    struct box boxes[BOXES_MAX];
    size_t count;
    unsigned columns, rows;
};

static struct box *box_of(struct drawing *d, enum sg_line_kind kind, uint64_t id)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct sg_line *line = d->boxes[i].line;
        if (line->kind == kind && (kind == SG_LINE_CALL ? line->call : line->offset) == id)
            return &d->boxes[i];
    }
    return NULL;
}

static struct box *source_of(struct drawing *d, const struct sg_edge *edge)
{
    return box_of(d, edge->what == SG_EDGE_CALLS_NAME ? SG_LINE_NAME : SG_LINE_CALL, edge->to);
}

/* What weighs comes in whatever its place; the rest as far as there is room. */
static void choose(struct drawing *d)
{
    const struct sg_chapter *chapter = d->chapter;

    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < chapter->line_count && d->count < BOXES_MAX; i++) {
            const struct sg_line *line = &chapter->lines[i];
            bool fits = line->kind == SG_LINE_CALL || line->kind == SG_LINE_NAME;
            if (fits && (line->weight > 0) == (pass == 0))
                d->boxes[d->count++].line = line;
        }
    }
}

/* A name stands just left of the first call of it, so that its line crosses no other box. */
static void place_names(struct drawing *d)
{
    bool placed[BOXES_MAX] = {false};

    for (size_t i = 0; i < d->chapter->edge_count; i++) {
        const struct sg_edge *edge = &d->chapter->edges[i];
        struct box *to = box_of(d, SG_LINE_CALL, edge->from), *from = source_of(d, edge);
        if (edge->what != SG_EDGE_CALLS_NAME || !to || !from)
            continue;
        unsigned column = to->column ? to->column - 1 : 0;
        bool *done = &placed[from - d->boxes];
        if (!*done || column < from->column)
            from->column = column;
        *done = true;
    }
}

/* A call stands right of all that it is made of. Edges come in the order of calls. */
static void place(struct drawing *d)
{
    unsigned used[BOXES_MAX] = {0};

    for (size_t i = 0; i < d->chapter->edge_count; i++) {
        const struct sg_edge *edge = &d->chapter->edges[i];
        struct box *to = box_of(d, SG_LINE_CALL, edge->from), *from = source_of(d, edge);
        if (to && from && from != to && to->column <= from->column && from->column + 1 < BOXES_MAX)
            to->column = from->column + 1;
    }
    place_names(d);
    for (size_t i = 0; i < d->count; i++) {
        struct box *box = &d->boxes[i];
        box->row = used[box->column]++;
        d->columns = box->column >= d->columns ? box->column + 1 : d->columns;
        d->rows = box->row >= d->rows ? box->row + 1 : d->rows;
    }
}

static void put_box(struct sg_outbuf *out, const struct box *box)
{
    const struct sg_line *line = box->line;
    double x = 10.5 + COLUMN * box->column, y = 10.5 + ROW * box->row;
    char label[LABEL_MAX + 1];

    strncpy(label, line->text, LABEL_MAX);
    label[LABEL_MAX] = '\0';
    sg_out_format(out,
                  "<g><rect class=\"%s r%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.0f\" "
                  "height=\"%.0f\" rx=\"5\"/><text class=\"label\" x=\"%.0f\" y=\"%.0f\">",
                  line->call ? "call" : "name", sg_explain_rank(line->weight), x, y, WIDE, HIGH,
                  x + 7, y + 16);
    if (line->call)
        sg_out_format(out, "#%" PRIu64 " ", line->call);
    sg_page_text(out, label);
    sg_out_text(out, strlen(line->text) > LABEL_MAX ? "…</text><title>" : "</text><title>");
    sg_page_text(out, line->text);
    sg_out_text(out, "</title></g>\n");
}

static void put_edge(struct sg_outbuf *out, struct drawing *d, const struct sg_edge *edge)
{
    const struct box *to = box_of(d, SG_LINE_CALL, edge->from), *from = source_of(d, edge);

    if (!to || !from || from == to)
        return;
    double x1 = 10 + COLUMN * from->column + WIDE, y1 = 10 + ROW * from->row + HIGH / 2;
    double x2 = 10 + COLUMN * to->column, y2 = 10 + ROW * to->row + HIGH / 2;
    sg_out_format(out, "<path class=\"%s\" d=\"M%.0f %.0fC%.0f %.0f %.0f %.0f %.0f %.0f\"/>\n",
                  edge->what == SG_EDGE_TAKES ? "takes" : "calls", x1, y1, x1 + 30, y1, x2 - 30, y2,
                  x2, y2);
}

void sg_explain_drawing(struct sg_outbuf *out, const struct sg_chapter *chapter)
{
    struct drawing *d = memset(sg_heap_grow(NULL, sizeof(*d)), 0, sizeof(*d));

    d->chapter = chapter;
    choose(d);
    place(d);
    if (chapter->edge_count) {
        sg_out_format(out,
                      "<div class=\"graph\"><svg role=\"img\" width=\"%.0f\" height=\"%.0f\">\n",
                      COLUMN * d->columns, ROW * d->rows + 20);
        for (size_t i = 0; i < chapter->edge_count; i++)
            put_edge(out, d, &chapter->edges[i]);
        for (size_t i = 0; i < d->count; i++)
            put_box(out, &d->boxes[i]);
        sg_out_text(out, "</svg></div>\n");
    }
    free(d);
}
