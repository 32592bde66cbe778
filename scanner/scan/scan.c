/* scan.c - a file under all its readings; fills the report. */
#include "scan/composer.h"

#include "judge/model.h"
#include "readers/zip.h"
#include "scan/members.h"

#define WINDOW_SIZE (128u << 10)
#define TAIL_INSIDE 4096u

/* What is inside a file is about as much as the file, at each depth. A content counts for its bytes
 * and some more, for which its headers alone make up. */
#define NESTED_COST 512u
#define NESTED_RATIO 16u
#define NESTED_FREE (1u << 20)

static bool open_source(struct sg_composer *c, const struct sg_feed *feed, struct sg_stream *out)
{
    uint8_t *window = NULL;
    size_t size = WINDOW_SIZE;

    if (!feed->source->mem) {
        if (feed->source->size < size)
            size =
                feed->source->size < SG_WINDOW_MIN ? SG_WINDOW_MIN : (size_t)feed->source->size * 2;
        window = sg_arena_take(&c->work, size);
        if (!window)
            return false;
    }
    sg_stream_open(out, feed->source, window, size);
    return true;
}

struct sg_feed sg_feed_source(const struct sg_source *source)
{
    return (struct sg_feed){.open = open_source, .source = source};
}

void sg_compose_format(struct sg_composer *c, const char *format)
{
    if (c->depth == 0 && !c->format)
        c->format = format;
}

static uint64_t *nested(struct sg_composer *c, uint32_t depth)
{
    return &c->nested[depth < SG_NESTED_DEPTHS ? depth : SG_NESTED_DEPTHS - 1];
}

/* Each depth has its own measure, so that what lies deep does not hide what does not. */
static bool repeats_itself(struct sg_composer *c)
{
    return *nested(c, c->depth) / NESTED_RATIO > c->size + c->unpacked + NESTED_FREE;
}

void sg_compose_tell_limit(struct sg_composer *c, const char *limit)
{
    sg_judge_finding(c->judge, SG_F_LIMIT, 0, limit);
    sg_judge_partial(c->judge, 0, limit);
}

bool sg_compose_enter(struct sg_composer *c, struct sg_text name, struct sg_place *place)
{
    size_t len = strlen(c->member), room = sizeof(c->member) - len;
    const char *limit = c->depth >= c->limits->max_depth
                            ? "archives are nested deeper than max_depth"
                        : repeats_itself(c) ? SG_REPEATS_ITSELF
                                            : NULL;

    if (limit) {
        sg_compose_tell_limit(c, limit);
        return false;
    }
    *place = (struct sg_place){.member_len = len, .work_used = c->work.used};
    *nested(c, c->depth++) += NESTED_COST;
    if (len && room > 1) {
        c->member[len++] = '!';
        room--;
    }
    for (size_t i = 0; i < name.len && room > 1; i++, room--)
        c->member[len++] = name.at[i] ? name.at[i] : '?';
    c->member[len] = '\0';
    sg_judge_member(c->judge, c->member);
    return true;
}

void sg_compose_leave(struct sg_composer *c, const struct sg_place *place)
{
    c->depth--;
    c->member[place->member_len] = '\0';
    c->work.used = place->work_used;
    sg_judge_member(c->judge, c->member);
}

/* Without memory to look the reader of zips is asked, which will say so. */
static bool ends_as_zip(struct sg_composer *c, const struct sg_source *source, size_t most)
{
    size_t len = source->size < most ? (size_t)source->size : most, used = c->work.used, got;

    if (source->mem)
        return sg_zip_tail(source->mem + (source->size - len), len);
    uint8_t *tail = sg_arena_take(&c->work, len);
    c->work.used = used;
    return !tail ||
           (!sg_source_read(source, source->size - len, tail, len, &got) && sg_zip_tail(tail, got));
}

/* Inside an archive the end record of a zip that does not begin as one is looked for in the last
 * few bytes only: a checkpoint has thousands of members. */
static bool looks_like_zip(struct sg_composer *c, const struct sg_source *source)
{
    uint8_t head[4];

    if (!sg_source_exact(source, 0, head, sizeof(head)) && sg_zip_bid(head, sizeof(head)))
        return true;
    return ends_as_zip(c, source, c->depth ? TAIL_INSIDE : SG_ZIP_TAIL_MAX);
}

void sg_compose_source(struct sg_composer *c, const struct sg_source *source)
{
    struct sg_feed feed = sg_feed_source(source);
    uint64_t most = c->size + c->unpacked + NESTED_FREE; /* a size may be a lie */
    size_t used = c->work.used;

    if (c->depth)
        *nested(c, c->depth - 1) += source->size < most ? source->size : most;
    bool more = sg_compose_members(c, &feed);
    (void)sg_compose_wrapped(c, source);
    if (looks_like_zip(c, source))
        (void)sg_compose_zip(c, source);
    c->work.used = used;
    if (more)
        (void)sg_compose_pickles(c, &feed);
    c->work.used = used;
}

/* Whatever a reading makes of a read that failed, it is remembered; so is an end that is none. */
static enum sg_status read_watched(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    struct sg_composer *c = ctx;
    enum sg_status status = sg_source_read(c->file, offset, into, len, got);

    if (status || (*got && *got > c->ends - (offset < c->ends ? offset : c->ends)))
        c->unreadable = true;
    else if (*got < len && offset + *got < c->ends)
        c->ends = offset + *got;
    return status;
}

/* Content that was passed over because it could not be had is not clean. */
static void tell_unread(struct sg_composer *c, const struct sg_source *watched)
{
    uint8_t byte;
    size_t got;

    if (c->ends < watched->size && sg_source_read(watched, c->ends, &byte, 1, &got))
        c->unreadable = true;
    if (c->unreadable)
        sg_judge_partial(c->judge, 0, "not all of the file could be read");
    if (c->work.refused)
        sg_judge_partial(c->judge, 0, "reading all of it takes more than max_memory");
}

enum sg_status sg_scan(const struct sg_source *source, const struct sg_options *options,
                       struct sg_arena *arena, struct sg_report *report)
{
    struct sg_composer *c = sg_arena_zero(arena, sizeof(*c));
    struct sg_source watched = {.read = read_watched, .ctx = c, .size = source->size};
    uint8_t first;

    if (!c || sg_judge_open(&c->judge, arena))
        return SG_ERR_MEMORY;
    if (source->size && sg_source_exact(source, 0, &first, 1))
        return SG_ERR_IO;
    sg_judge_heed(c->judge, &options->opinion);
    sg_judge_consult(c->judge, options->model, options->tap);
    c->limits = &options->limits;
    c->onlooker = options->onlooker;
    c->file = source;
    c->ends = c->size = source->size;
    c->work =
        (struct sg_arena){.base = arena->base + arena->used, .size = arena->size - arena->used};
    sg_judge_member(c->judge, "");
    sg_compose_source(c, source->mem ? source : &watched);
    tell_unread(c, &watched);
    sg_judge_report(c->judge, report);
    report->format = c->format ? c->format : "none";
    report->size = source->size;
    return SG_OK;
}

enum sg_status sg_model_open(const uint8_t *bytes, size_t len, struct sg_arena *arena,
                             const struct sg_model **out)
{
    struct sg_model *model = sg_arena_zero(arena, sizeof(*model));
    enum sg_status status = model ? sg_model_read(bytes, len, model) : SG_ERR_MEMORY;

    if (status == SG_OK)
        *out = model;
    return status;
}
