/* explain.h - the forms in which a story is told. */
#ifndef SG_EXPLAIN_H
#define SG_EXPLAIN_H

#include "cli/outbuf.h"
#include "cli/story.h"
#include "policy/policy.h"

struct sg_explained {
    const char *path;
    const struct sg_report *report;
    const struct sg_story *story;
    const char *member;    /* the only one that is asked for, or NULL */
    enum sg_action action; /* what the guard would do */
    const char *note;      /* what else there is to say of that, or NULL */
};

void sg_explain_text(struct sg_outbuf *out, const struct sg_explained *what);
void sg_explain_html(struct sg_outbuf *out, const struct sg_explained *what);

/* The calls and names as a graph for Graphviz. */
void sg_explain_dot(struct sg_outbuf *out, const struct sg_explained *what);

/* The same as a drawing inside a page: SVG. Adds nothing when there is no call. */
void sg_explain_drawing(struct sg_outbuf *out, const struct sg_chapter *chapter);

/* Whether the chapter is asked for, and tells anything. */
bool sg_explain_shows(const struct sg_explained *what, const struct sg_chapter *chapter);

/* "which is thrown away", …: what becomes of a call's result; "" when nothing is known. */
const char *sg_explain_use(const struct sg_line *line);

/* "The guard would refuse to open it." */
const char *sg_explain_action(const struct sg_explained *what);

/* "archive/data.pkl", or "the file itself". */
const char *sg_explain_member(const struct sg_chapter *chapter);

/* "analysed completely", "analysed in part", "analysed not at all". */
const char *sg_explain_coverage(const struct sg_report *report);

/* How bad: 0 nothing to say, 1 suspicious, 2 malicious. */
int sg_explain_rank(double weight);

#endif
