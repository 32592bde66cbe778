/* explain_dot.c - calls and names as a graph, in the language of Graphviz. */
#include "cli/explain.h"

#include <inttypes.h>
#include <string.h>

#define LABEL_MAX 60u /* characters of a call that a box holds */

/* Text of a label: cut, and safe inside a quoted string. */
static void put_label(struct sg_outbuf *out, const char *text)
{
    struct sg_outbuf plain = {0};

    sg_out_plain(&plain, text);
    for (size_t i = 0; i < plain.len && i < LABEL_MAX; i++) {
        if (strchr("\"\\", plain.text[i]))
            sg_out_text(out, "\\");
        sg_out_bytes(out, &plain.text[i], 1);
    }
    if (plain.len > LABEL_MAX)
        sg_out_text(out, "...");
    sg_out_free(&plain);
}

static void put_node(struct sg_outbuf *out, size_t chapter, const struct sg_line *line)
{
    static const char *const fills[] = {"white", "#f6d9a8", "#f2b0b0"};
    char kind = line->kind == SG_LINE_CALL ? 'c' : 'n';
    uint64_t id = line->kind == SG_LINE_CALL ? line->call : line->offset;

    sg_out_format(out, "    %c%zu_%" PRIu64 " [label=\"", kind, chapter, id);
    if (line->call)
        sg_out_format(out, "#%" PRIu64 " ", line->call);
    put_label(out, line->text);
    sg_out_format(out, "\", shape=%s, fillcolor=\"%s\"];\n", line->call ? "box" : "ellipse",
                  fills[sg_explain_rank(line->weight)]);
}

static void put_edge(struct sg_outbuf *out, size_t chapter, const struct sg_edge *edge)
{
    static const char *const looks[] = {[SG_EDGE_CALLS_NAME] = "label=calls",
                                        [SG_EDGE_CALLS_RESULT] = "label=calls, color=red",
                                        [SG_EDGE_TAKES] = "style=dashed"};

    sg_out_format(out, "    c%zu_%" PRIu64 " -> %c%zu_%" PRIu64 " [%s];\n", chapter, edge->from,
                  edge->what == SG_EDGE_CALLS_NAME ? 'n' : 'c', chapter, edge->to,
                  looks[edge->what]);
}

static void put_cluster(struct sg_outbuf *out, size_t number, const struct sg_chapter *chapter)
{
    sg_out_format(out, "  subgraph cluster_%zu {\n    label=\"", number);
    put_label(out, sg_explain_member(chapter));
    sg_out_text(out, "\";\n");
    for (size_t i = 0; i < chapter->line_count; i++) {
        const struct sg_line *line = &chapter->lines[i];
        if (!line->repeated && (line->kind == SG_LINE_CALL || line->kind == SG_LINE_NAME))
            put_node(out, number, line);
    }
    for (size_t i = 0; i < chapter->edge_count; i++)
        put_edge(out, number, &chapter->edges[i]);
    sg_out_text(out, "  }\n");
}

void sg_explain_dot(struct sg_outbuf *out, const struct sg_explained *what)
{
    sg_out_text(out, "digraph calls {\n  rankdir=LR;\n  node [style=filled, fontname=monospace, "
                     "fontsize=10];\n");
    for (size_t i = 0; i < what->story->chapter_count; i++) {
        const struct sg_chapter *chapter = &what->story->chapters[i];
        if (chapter->reading == 0 && sg_explain_shows(what, chapter))
            put_cluster(out, i, chapter);
    }
    sg_out_text(out, "}\n");
}
