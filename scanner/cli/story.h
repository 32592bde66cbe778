/* story.h - what a scan saw happen, line by line, for people to read. */
#ifndef SG_STORY_H
#define SG_STORY_H

#include "judge/model.h"
#include "judge/tap.h"
#include "scan/onlooker.h"
#include "sgscan.h"

enum sg_line_kind {
    SG_LINE_OPCODE,
    SG_LINE_NAME, /* a name is resolved */
    SG_LINE_CALL,
    SG_LINE_ODD, /* what a plain pickler does not write */
};

struct sg_line {
    uint64_t offset; /* of the opcode, in the member */
    enum sg_line_kind kind;
    uint8_t opcode; /* of an OPCODE */
    uint64_t call;  /* its number, of a CALL; else 0 */
    unsigned uses;  /* bits of enum sg_use: what becomes of the call's result */
    char *text;
    double weight; /* of the reason about it in the report; 0: there is none */
    bool repeated; /* another reading has told it already */
};

/* The result of call `to`, or the name of line `to`, is what call `from` calls or is given. */
struct sg_edge {
    uint64_t from, to;
    enum { SG_EDGE_CALLS_NAME, SG_EDGE_CALLS_RESULT, SG_EDGE_TAKES } what;
};

/* One run of a machine. */
struct sg_chapter {
    char *member; /* "": the file itself */
    unsigned reading;
    bool unlikely;
    size_t outer; /* the run that goes on when this one ends; SIZE_MAX: none */
    struct sg_line *lines;
    size_t line_count, line_cap;
    uint64_t left_out; /* lines that were too many */
    struct sg_edge *edges;
    size_t edge_count, edge_cap;
    sg_value top;       /* of the stack before the last opcode */
    size_t opcode;      /* its line; SIZE_MAX: none */
    size_t *call_lines; /* by the number of the call; the line, or SIZE_MAX */
    size_t call_count, call_cap;
};

/* What the model saw of a call. */
struct sg_seen_site {
    const struct sg_machine *m;
    uint64_t call_id, offset;
    char *member, *name;
    double weight; /* by the rules */
    bool open;     /* whether the model may raise it */
    struct sg_site_vector vector;
    int32_t learned; /* thousandths */
};

struct sg_story {
    bool every_opcode;
    struct sg_onlooker onlooker; /* both are for struct sg_options */
    struct sg_tap tap;
    const struct sg_model *model;
    struct sg_chapter *chapters;
    size_t chapter_count;
    size_t running;             /* SIZE_MAX: none */
    struct sg_seen_site *sites; /* most telling first, once the story is ended */
    size_t site_count, site_cap;
};

/* `story` must stay where it is. */
void sg_story_begin(struct sg_story *story, const struct sg_model *model, bool every_opcode);

/* Marks what the report's reasons are about, and what only repeats an earlier reading. */
void sg_story_end(struct sg_story *story, const struct sg_report *report);

void sg_story_free(struct sg_story *story);

/* story_sites.c: the part of it that listens to the judge. */
void sg_story_listen(struct sg_story *story);
void sg_story_rank(struct sg_story *story);

/* How many thousandths the learned score of a site loses without its i-th feature. */
int32_t sg_site_share(const struct sg_story *story, const struct sg_seen_site *site, size_t i);

#endif
