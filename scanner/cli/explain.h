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

/* What a call's learned score owes to one of its features. */
struct sg_share {
    const char *what;
    int32_t thousandths;
};

#define SG_SHARES_SHOWN 5u

/* The next of the few most telling calls that are asked for, from `*at` on, which is 0 at first;
 * NULL when there is none that says anything. */
const struct sg_seen_site *sg_explain_site(const struct sg_explained *what, size_t *at);

/* The features that it would lose most without, largest first; how many there are is returned. */
size_t sg_explain_shares(const struct sg_story *story, const struct sg_seen_site *site,
                         struct sg_share shares[SG_SHARES_SHOWN]);

/* How bad: 0 nothing to say, 1 suspicious, 2 malicious. */
int sg_explain_rank(double weight);

#endif
