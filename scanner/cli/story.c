/* story.c - watches the machines of a scan and writes down what they do. */
#include "cli/story.h"

#include "cli/heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 200000u /* of one run */
#define TEXT_MAX_BYTES 400u
#define NAME_MAX_BYTES 160u /* of a module, and of a name in it */
#define DEPTH_MAX 6
#define WALK_MAX 512 /* values of one call's arguments */

static void *room_for(void *array, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return array;
    *cap = *cap ? *cap * 2 : 16;
    return sg_heap_grow(array, *cap * size);
}

static struct sg_chapter *running(struct sg_story *story)
{
    return story->running < story->chapter_count ? &story->chapters[story->running] : NULL;
}

static struct sg_line *add_line(struct sg_chapter *chapter, enum sg_line_kind kind, uint64_t offset)
{
    if (!chapter)
        return NULL;
    if (chapter->line_count == LINES_MAX) {
        chapter->left_out++;
        return NULL;
    }
    chapter->lines =
        room_for(chapter->lines, chapter->line_count, &chapter->line_cap, sizeof(*chapter->lines));
    struct sg_line *line = &chapter->lines[chapter->line_count++];
    *line = (struct sg_line){.kind = kind, .offset = offset};
    return line;
}

static void on_begin(void *ctx, const char *member, unsigned reading, bool unlikely)
{
    struct sg_story *story = ctx;
    size_t bytes = (story->chapter_count + 1) * sizeof(*story->chapters);

    story->chapters = sg_heap_grow(story->chapters, bytes);
    story->chapters[story->chapter_count++] =
        (struct sg_chapter){.member = sg_heap_join(member, ""),
                            .reading = reading,
                            .unlikely = unlikely,
                            .outer = story->running,
                            .opcode = SIZE_MAX};
    story->running = story->chapter_count - 1;
}

static void on_end(void *ctx)
{
    struct sg_story *story = ctx;
    struct sg_chapter *chapter = running(story);

    story->running = chapter ? chapter->outer : SIZE_MAX;
}

/* Whether what lies on top is what the stream itself spelled out. */
static bool is_constant(const struct sg_machine *m, sg_value v)
{
    enum sg_kind kind = sg_value_kind(m, v);

    return kind >= SG_V_NONE && kind <= SG_V_BYTES;
}

/* INT, BININT, STRING, BINBYTES, NONE, FLOAT, GET, DUP and their like. */
static bool pushes(uint8_t opcode)
{
    static const char pushing[] = "IJKMLSTUVXBCNFGghj2\x88\x89\x8a\x8b\x8c\x8d\x8e\x96";

    return opcode && memchr(pushing, opcode, sizeof(pushing) - 1);
}

/* The opcode before has run by now: what it put on the stack belongs to its line. */
static void finish_opcode(struct sg_chapter *chapter, const struct sg_machine *m)
{
    char text[TEXT_MAX_BYTES];
    sg_value top;

    if (chapter->opcode == SIZE_MAX || !pushes(chapter->lines[chapter->opcode].opcode) ||
        !sg_machine_top(m, &top) || !is_constant(m, top))
        return;
    struct sg_line *line = &chapter->lines[chapter->opcode];
    char *name = line->text, *spaced = sg_heap_join(name, " ");
    sg_value_render(m, top, text, sizeof(text));
    line->text = sg_heap_join(spaced, text);
    free(spaced);
    free(name);
}

static void on_opcode(void *ctx, const struct sg_machine *m, uint64_t offset, uint8_t opcode)
{
    struct sg_chapter *chapter = running(ctx);
    const char *name = sg_opcode_name(opcode);

    if (!chapter)
        return;
    finish_opcode(chapter, m);
    struct sg_line *line = add_line(chapter, SG_LINE_OPCODE, offset);
    chapter->opcode = line ? chapter->line_count - 1 : SIZE_MAX;
    if (!line)
        return;
    line->opcode = opcode;
    line->text = sg_heap_join(name ? name : "(no opcode)", "");
}

static int shown(size_t len)
{
    return len < NAME_MAX_BYTES ? (int)len : (int)NAME_MAX_BYTES;
}

static char *name_text(const struct sg_global *global)
{
    char text[TEXT_MAX_BYTES];
    const char *how = global->flags & SG_G_UNRESOLVED  ? " (computed: not known)"
                      : global->flags & SG_G_COMPUTED  ? " (found by a call)"
                      : global->flags & SG_G_EXTENSION ? " (by an extension code)"
                      : global->flags & SG_G_PYTHON2   ? " (written as in Python 2)"
                                                       : "";

    snprintf(text, sizeof(text), "%.*s%s%.*s%s", shown(global->module.len), global->module.at,
             global->qualname.len ? "." : "", shown(global->qualname.len), global->qualname.at,
             how);
    return sg_heap_join(text, "");
}

static void on_global(void *ctx, const struct sg_machine *m __attribute__((unused)),
                      const struct sg_global *global)
{
    struct sg_line *line;

    if (global->count > 1)
        return;
    line = add_line(running(ctx), SG_LINE_NAME, global->offset);
    if (line)
        line->text = name_text(global);
}

static void add_edge(struct sg_chapter *chapter, struct sg_edge edge)
{
    for (size_t i = chapter->edge_count; i-- > 0 && chapter->edges[i].from == edge.from;)
        if (chapter->edges[i].to == edge.to && chapter->edges[i].what == edge.what)
            return;
    chapter->edges =
        room_for(chapter->edges, chapter->edge_count, &chapter->edge_cap, sizeof(*chapter->edges));
    chapter->edges[chapter->edge_count++] = edge;
}

/* What a call takes: the results of others, anywhere in its arguments. */
struct taking {
    struct sg_chapter *chapter;
    const struct sg_machine *m;
    uint64_t call;
    int left; /* values that are still looked at */
};

static void add_results(struct taking *taking, sg_value v, int depth)
{
    const struct sg_machine *m = taking->m;
    struct sg_call made_by;
    bool whole;

    if (depth > DEPTH_MAX || --taking->left < 0)
        return;
    if (sg_value_call(m, v, &made_by)) {
        add_edge(taking->chapter, (struct sg_edge){taking->call, made_by.id, SG_EDGE_TAKES});
        return;
    }
    size_t count = sg_value_count(m, v, &whole);
    for (size_t i = 0; i < count && taking->left > 0; i++) {
        add_results(taking, sg_value_item(m, v, i), depth + 1);
        if (sg_value_kind(m, v) == SG_V_DICT)
            add_results(taking, sg_value_mapped(m, v, i), depth + 1);
    }
}

static void add_callee(struct sg_chapter *chapter, const struct sg_machine *m,
                       const struct sg_call *call)
{
    sg_value callee = call->callee;
    const struct sg_global *global = sg_value_global(m, callee);
    struct sg_call made_by;

    for (int i = 0; !global && sg_value_kind(m, callee) == SG_V_ATTR && i < DEPTH_MAX; i++) {
        callee = sg_value_attr_base(m, callee);
        global = sg_value_global(m, callee);
    }
    if (global)
        add_edge(chapter, (struct sg_edge){call->id, global->offset, SG_EDGE_CALLS_NAME});
    else if (sg_value_call(m, callee, &made_by))
        add_edge(chapter, (struct sg_edge){call->id, made_by.id, SG_EDGE_CALLS_RESULT});
}

static void keep_line_of(struct sg_chapter *chapter, uint64_t id, size_t line)
{
    while (chapter->call_count <= id) {
        chapter->call_lines = room_for(chapter->call_lines, chapter->call_count, &chapter->call_cap,
                                       sizeof(*chapter->call_lines));
        chapter->call_lines[chapter->call_count++] = SIZE_MAX;
    }
    chapter->call_lines[id] = line;
}

static void on_call(void *ctx, const struct sg_machine *m, const struct sg_call *call)
{
    struct sg_chapter *chapter = running(ctx);
    struct sg_line *line = add_line(chapter, SG_LINE_CALL, call->offset);
    char text[TEXT_MAX_BYTES];
    struct taking taking = {chapter, m, call->id, WALK_MAX};

    if (!line)
        return;
    sg_call_render(m, call, text, sizeof(text));
    line->text = sg_heap_join(text, "");
    line->call = call->id;
    keep_line_of(chapter, call->id, chapter->line_count - 1);
    add_callee(chapter, m, call);
    add_results(&taking, call->args, 0);
    add_results(&taking, call->kwargs, 0);
}

static void on_use(void *ctx, const struct sg_machine *m __attribute__((unused)), uint64_t id,
                   enum sg_use use)
{
    struct sg_chapter *chapter = running(ctx);

    if (chapter && id < chapter->call_count && chapter->call_lines[id] != SIZE_MAX)
        chapter->lines[chapter->call_lines[id]].uses |= 1u << use;
}

static void on_anomaly(void *ctx, const struct sg_machine *m __attribute__((unused)),
                       enum sg_anomaly what, uint64_t at)
{
    static const char *const words[SG_A_COUNT_] = {
        [SG_A_BROKEN_AFTER_CALL] = "breaks off; what was called before has run",
        [SG_A_FRAME_STRADDLE] = "an argument crosses the end of its frame: loaders differ",
        [SG_A_NUL_IN_LINE] = "a zero byte inside a line: loaders differ",
        [SG_A_ODD_INTEGER] = "a number that disassemblers refuse and loaders take",
        [SG_A_COMPUTED_NAME] = "a name that is computed while loading",
        [SG_A_EXTENSION] = "an extension code",
        [SG_A_EXTENSION_UNKNOWN] = "an extension code that the file does not register",
        [SG_A_MEMO_ACROSS] = "uses what an earlier pickle kept",
        [SG_A_PROTO_LATE] = "PROTO where none belongs, or an unknown one",
        [SG_A_BUILD_GLOBAL] = "sets attributes of a module, class or function",
        [SG_A_STORE_GLOBAL] = "stores into a name that everybody has",
        [SG_A_BOMB] = "grows without measure when loaded",
        [SG_A_FORGOTTEN_USED] = "uses something that was too long ago to be remembered",
        [SG_A_LEFTOVER] = "leaves something behind on the stack",
        [SG_A_NON_TUPLE_ARGS] = "a call whose arguments are no tuple",
    };
    struct sg_line *line = add_line(running(ctx), SG_LINE_ODD, at);

    if (line)
        line->text = sg_heap_join(words[what] ? words[what] : "something odd", "");
}

void sg_story_begin(struct sg_story *story, const struct sg_model *model, bool every_opcode)
{
    *story = (struct sg_story){.every_opcode = every_opcode,
                               .model = model,
                               .running = SIZE_MAX,
                               .onlooker = {.ctx = story,
                                            .begin = on_begin,
                                            .end = on_end,
                                            .events = {.ctx = story,
                                                       .opcode = every_opcode ? on_opcode : NULL,
                                                       .global = on_global,
                                                       .call = on_call,
                                                       .use = on_use,
                                                       .anomaly = on_anomaly}}};
    sg_story_listen(story);
}

static int compare(const struct sg_line *a, const struct sg_line *b)
{
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return strcmp(a->text, b->text);
}

static int compare_places(const void *a, const void *b)
{
    return compare(*(const struct sg_line *const *)a, *(const struct sg_line *const *)b);
}

/* Other readings of the same bytes differ in a few places only. */
static void mark_repeated(const struct sg_chapter *first, struct sg_chapter *later)
{
    size_t count = first->line_count;
    const struct sg_line **known = sg_heap_grow(NULL, (count + 1) * sizeof(*known));

    for (size_t i = 0; i < count; i++)
        known[i] = &first->lines[i];
    qsort(known, count, sizeof(*known), compare_places);
    for (size_t i = 0; i < later->line_count; i++) {
        const struct sg_line *line = &later->lines[i];
        later->lines[i].repeated =
            bsearch(&line, known, count, sizeof(*known), compare_places) != NULL;
    }
    free(known);
}

static void mark_reason(struct sg_chapter *chapter, const struct sg_reason *reason)
{
    struct sg_line *best = NULL;

    if (strcmp(chapter->member, reason->member) != 0)
        return;
    for (size_t i = 0; i < chapter->line_count; i++) {
        struct sg_line *line = &chapter->lines[i];
        if (line->offset == reason->offset && line->kind != SG_LINE_OPCODE)
            best = line;
    }
    if (best && best->weight < reason->weight)
        best->weight = reason->weight;
}

void sg_story_end(struct sg_story *story, const struct sg_report *report)
{
    for (size_t i = 0; i < story->chapter_count; i++) {
        struct sg_chapter *chapter = &story->chapters[i];
        for (size_t k = i; chapter->reading && k-- > 0;)
            if (!story->chapters[k].reading &&
                strcmp(story->chapters[k].member, chapter->member) == 0) {
                mark_repeated(&story->chapters[k], chapter);
                break;
            }
        for (uint32_t k = 0; k < report->reason_count; k++)
            mark_reason(chapter, &report->reasons[k]);
    }
    sg_story_rank(story);
}

void sg_story_free(struct sg_story *story)
{
    for (size_t i = 0; i < story->chapter_count; i++) {
        struct sg_chapter *chapter = &story->chapters[i];
        for (size_t k = 0; k < chapter->line_count; k++)
            free(chapter->lines[k].text);
        free(chapter->lines);
        free(chapter->edges);
        free(chapter->call_lines);
        free(chapter->member);
    }
    free(story->chapters);
    for (size_t i = 0; i < story->site_count; i++) {
        free(story->sites[i].member);
        free(story->sites[i].name);
    }
    free(story->sites);
}
