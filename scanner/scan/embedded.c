/* embedded.c - pickles somewhere inside other bytes.
 *
 * Numbers look like anything, so little is believed: a pickle of protocol 2 or higher that names
 * something and runs to its end, or two lines of a text pickle with a name that is beyond doubt.
 */
#include "scan/members.h"

#define WINDOW_SIZE (128u << 10)
#define HEAD_SIZE 512u /* that is looked at before the machine is asked */
#define LINE_MAX 128u
#define PROBE_MAX (4u << 20)    /* bytes of one pickle */
#define PROBES_FREE (64u << 20) /* bytes in all, besides as many as the file has */
#define PROBE_COST 64u          /* bytes that a look at the head counts for */
#define NAMES_FREE (1u << 16)   /* that are looked up, besides one for each eight bytes */
#define TOLD_MAX 8u

struct search {
    struct sg_composer *c;
    const struct sg_source *source;
    uint64_t passed; /* what is before was told */
    size_t told;
    bool striking; /* a name that is beyond doubt, in the pickle that is looked at */
};

static void on_global(void *ctx, const struct sg_machine *m __attribute__((unused)),
                      const struct sg_global *global)
{
    struct search *search = ctx;

    search->striking |= sg_name_is_certain(global->module, global->qualname);
}

/* Whether there is more to try than any honest file has; that is told. */
static bool baited(struct search *search, uint64_t offset)
{
    const char *text = "so much looks like pickles inside that not all of it was tried";
    struct sg_composer *c = search->c;
    uint64_t size = c->size + c->unpacked;

    if (c->probed <= PROBES_FREE + size && c->names_tried <= NAMES_FREE + size / 8)
        return false;
    sg_judge_finding(c->judge, SG_F_LIMIT, offset, text);
    sg_judge_partial(c->judge, offset, text);
    return true;
}

/* Where the pickle at `offset` ends; 0 when it is none. */
static uint64_t probe(struct search *search, uint64_t offset)
{
    struct sg_composer *c = search->c;
    struct sg_source part = sg_source_part(search->source, offset, PROBE_MAX);
    struct sg_feed feed = sg_feed_source(&part);
    struct sg_machine_options options = {.max_memory = c->work.size};
    struct sg_events events = {.ctx = search, .global = on_global};
    struct sg_machine *m;
    struct sg_stream stream;
    struct sg_outcome outcome;
    size_t used = c->work.used;
    uint64_t end = 0;

    search->striking = false;
    if (!sg_machine_open(&m, &c->work, &options, &events) && feed.open(c, &feed, &stream)) {
        sg_machine_run(m, &stream, &outcome);
        c->probed += outcome.end;
        if (search->striking || (outcome.stop == SG_STOP_STOP && outcome.globals))
            end = offset + outcome.end;
    }
    c->work.used = used;
    return end;
}

static void try_binary(struct search *search, uint64_t offset, const uint8_t *at, size_t len)
{
    if (len < 4 || at[1] < 2 || at[1] > 5 || offset < search->passed || baited(search, offset))
        return;
    search->c->probed += PROBE_COST;
    if (!sg_plausible_pickle(at, len < HEAD_SIZE ? len : HEAD_SIZE))
        return;
    uint64_t end = probe(search, offset);
    if (!end)
        return;
    struct sg_source part = sg_source_part(search->source, 0, end);
    struct sg_feed feed = sg_feed_source(&part), one = sg_feed_from(&feed, &offset);
    (void)sg_compose_pickles(search->c, &one);
    search->passed = end;
}

static bool in_name(uint8_t c)
{
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* GLOBAL and INST are followed by a module and a name, each on a line. */
static void try_lines(struct search *search, const uint8_t *from, const uint8_t *newline,
                      const uint8_t *end, uint64_t offset)
{
    const uint8_t *name = newline + 1, *start = newline;
    size_t len = (size_t)(end - name) < LINE_MAX ? (size_t)(end - name) : LINE_MAX;
    const uint8_t *stop = memchr(name, '\n', len);

    if (!stop || stop == name || search->told == TOLD_MAX)
        return;
    for (const uint8_t *c = name; c < stop; c++)
        if (!in_name(*c))
            return;
    while (start > from && newline - start < LINE_MAX && in_name(start[-1]))
        start--;
    for (; start < newline; start++) {
        struct sg_text module = {(const char *)start + 1, (size_t)(newline - start - 1)};
        struct sg_text last = {(const char *)name, (size_t)(stop - name)};
        if ((*start != 'c' && *start != 'i') || !module.len)
            continue;
        if (baited(search, offset))
            return;
        search->c->names_tried++;
        if (!sg_name_is_certain(module, last))
            continue;
        sg_compose_name(search->c, module, last, offset - (uint64_t)(newline - start));
        search->told++;
        return;
    }
}

/* Looks at what begins in the first `len` bytes of the window, but for `back` that were looked at:
 * the beginning of a line that ends behind them. */
static void look(struct search *search, const struct sg_stream *stream, uint64_t offset,
                 size_t back, size_t len)
{
    const uint8_t *from = stream->at, *limit = from + len, *at;

    for (at = from + back; (at = memchr(at, 0x80, (size_t)(limit - at))); at++)
        try_binary(search, offset + (uint64_t)(at - from), at, (size_t)(stream->end - at));
    for (at = from + back; (at = memchr(at, '\n', (size_t)(limit - at))); at++)
        try_lines(search, from, at, stream->end, offset + (uint64_t)(at - from));
}

void sg_compose_embedded(struct sg_composer *c, const struct sg_source *source, uint64_t offset,
                         uint64_t size)
{
    struct sg_source part = sg_source_part(source, offset, size);
    struct search search = {.c = c, .source = source};
    struct sg_stream stream;
    size_t used = c->work.used, back = 0;
    uint8_t *window = part.mem ? NULL : sg_arena_take(&c->work, WINDOW_SIZE);

    if (!part.mem && !window) {
        sg_judge_partial(c->judge, offset, "no memory to search for pickles");
        return;
    }
    sg_stream_open(&stream, &part, window, WINDOW_SIZE);
    for (size_t have; (have = sg_stream_need(&stream, WINDOW_SIZE / 2)) > back;) {
        size_t step = have >= WINDOW_SIZE / 2 ? have - HEAD_SIZE : have;
        look(&search, &stream, offset + sg_stream_offset(&stream), back, step);
        back = step < LINE_MAX ? step : LINE_MAX;
        stream.at += step - back;
    }
    c->work.used = used;
}
