/* machine_bench.h - what the pickle machine tells of a stream, as lines of text. */
#ifndef SG_TEST_MACHINE_BENCH_H
#define SG_TEST_MACHINE_BENCH_H

#include "machine/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

/* What one run told, as lines of text. */
struct told {
    char text[1 << 18];
    size_t len;
    unsigned anomalies[SG_A_COUNT_];
    uint64_t calls;
    bool refused; /* the arena said no */
};

static inline void say(struct told *told, const char *kind, const char *text, size_t len)
{
    int n = snprintf(told->text + told->len, sizeof(told->text) - told->len, "%s %.*s\n", kind,
                     (int)len, text);

    if (n > 0 && (size_t)n < sizeof(told->text) - told->len)
        told->len += (size_t)n;
}

static inline void on_global(void *ctx, const struct sg_machine *m, const struct sg_global *global)
{
    char text[512];
    int n = snprintf(text, sizeof(text), "%.*s:%.*s", (int)global->module.len, global->module.at,
                     (int)global->qualname.len, global->qualname.at);

    (void)m;
    say(ctx, "name", text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

static inline void on_call(void *ctx, const struct sg_machine *m, const struct sg_call *call)
{
    struct told *told = ctx;
    char text[512];
    size_t len = sg_call_render(m, call, text, sizeof(text));

    told->calls++;
    say(told, "call", text, len);
}

static inline void on_anomaly(void *ctx, const struct sg_machine *m, enum sg_anomaly what,
                              uint64_t offset)
{
    struct told *told = ctx;

    (void)m;
    (void)offset;
    told->anomalies[what]++;
}

static inline void on_code(void *ctx, const struct sg_machine *m, struct sg_text word, bool name,
                           const struct sg_call *call)
{
    (void)m;
    (void)call;
    say(ctx, name ? "uses" : "holds", word.at, word.len);
}

static inline void on_payload(void *ctx, const struct sg_machine *m, enum sg_payload what,
                              sg_value content, const struct sg_call *call)
{
    char text[64];

    (void)call;
    say(ctx, what == SG_P_PICKLE ? "pickle" : "file", text,
        sg_value_render(m, content, text, sizeof(text)));
}

static inline struct sg_arena new_arena(size_t size)
{
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    assert_true(base != MAP_FAILED);
    return (struct sg_arena){.base = base, .size = size};
}

/* Where a machine's bytes come from: memory, a file through a window, a decoder through a window; a
 * file that cannot be read a second time. */
enum way { IN_MEMORY, IN_FILE, DECODED, READ_ONCE };

struct feed {
    const uint8_t *bytes;
    size_t size, given;
    uint8_t window[SG_WINDOW_MIN];
};

static inline enum sg_status read_feed(void *ctx, uint64_t offset, void *into, size_t len,
                                       size_t *got)
{
    const struct feed *feed = ctx;

    *got = len < feed->size - offset ? len : feed->size - (size_t)offset;
    memcpy(into, feed->bytes + offset, *got);
    return SG_OK;
}

static inline enum sg_status fill_feed(void *ctx, uint8_t *into, size_t len, size_t *got)
{
    struct feed *feed = ctx;
    enum sg_status status = read_feed(feed, feed->given, into, len, got);

    feed->given += *got;
    return status;
}

static inline enum sg_status read_once(void *ctx, uint64_t offset, void *into, size_t len,
                                       size_t *got)
{
    struct feed *feed = ctx;

    if (offset < feed->given)
        return SG_ERR_IO;
    feed->given = (size_t)offset;
    return read_feed(feed, offset, into, len, got);
}

static inline void open_feed(struct sg_stream *stream, struct feed *feed, enum way way)
{
    struct sg_source source = {
        .size = feed->size, .read = way == READ_ONCE ? read_once : read_feed, .ctx = feed};

    feed->given = 0;
    if (way == DECODED) {
        sg_stream_decode(stream, fill_feed, feed, feed->window, sizeof(feed->window));
        return;
    }
    if (way == IN_MEMORY)
        source = sg_source_mem(feed->bytes, feed->size);
    sg_stream_open(stream, &source, feed->window, sizeof(feed->window));
}

/* Runs all pickles of the bytes in every reading; the outcome is that of the first pickle in the
 * first reading. */
static inline struct sg_outcome run_as(struct told *told, enum way way, const uint8_t *bytes,
                                       size_t size, size_t memory)
{
    struct sg_events events = {.ctx = told,
                               .global = on_global,
                               .call = on_call,
                               .anomaly = on_anomaly,
                               .payload = on_payload,
                               .code = on_code};
    struct sg_machine_options options = {.max_memory = memory};
    struct feed feed = {.bytes = bytes, .size = size};
    struct sg_outcome outcome = {0}, first = {0};
    struct sg_arena arena = new_arena(memory);
    struct sg_machine *m;
    struct sg_stream stream;
    bool again = false;

    memset(told, 0, sizeof(*told));
    do {
        arena.used = 0;
        assert_int_equal(sg_machine_open(&m, &arena, &options, &events), SG_OK);
        open_feed(&stream, &feed, way);
        sg_machine_run(m, &stream, &outcome);
        while (outcome.stop == SG_STOP_STOP && sg_stream_need(&stream, 1) > 0) {
            struct sg_outcome next;
            sg_machine_run(m, &stream, &next);
            if (next.stop != SG_STOP_STOP)
                break;
        }
        if (!again)
            first = outcome;
        again = true;
    } while (sg_machine_more(m, &options.reading));
    told->refused = arena.refused;
    munmap(arena.base, arena.size);
    return first;
}

static inline struct sg_outcome run_in(struct told *told, const uint8_t *bytes, size_t size,
                                       size_t memory)
{
    return run_as(told, IN_MEMORY, bytes, size, memory);
}

static inline struct sg_outcome run(struct told *told, const uint8_t *bytes, size_t size)
{
    return run_in(told, bytes, size, 64u << 20);
}

static struct told told;

static inline void expect(const uint8_t *bytes, size_t size, const char *line)
{
    run(&told, bytes, size);
    if (!strstr(told.text, line))
        fail_msg("not told: %s; but:\n%s", line, told.text);
}

/* `count` times `part` after `head`, then `tail`. */
static inline uint8_t *repeated(const char *head, const char *part, size_t count, const char *tail,
                                size_t *size)
{
    size_t a = strlen(head), b = strlen(part), c = strlen(tail);
    uint8_t *bytes = malloc(a + b * count + c);

    assert_non_null(bytes);
    memcpy(bytes, head, a);
    for (size_t i = 0; i < count; i++)
        memcpy(bytes + a + i * b, part, b);
    memcpy(bytes + a + b * count, tail, c);
    *size = a + b * count + c;
    return bytes;
}

#endif
