/* facts.c - tells, for each stream on standard input, the names that the machine sees in it.
 *
 * Input: records of a little-endian u32 length and that many bytes. Output: one line of JSON a
 * record: {"names": [["module", "name"], ...], "unresolved": 0, "differs": ""}; each byte of a
 * name that is not printable ASCII is written \u00XX. Every stream is run three ways: from
 * memory, from a source read through a small window, and forward only from a decoder. `differs`
 * names a way that told other names than the first.
 *
 *     facts [--drop-op N] [--memory N]
 *
 * --drop-op: ignore names told by opcode N, as if its handler were missing; --memory: bytes that
 * a machine gets.
 */
#include "machine/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MACHINE_MEMORY ((size_t)64 << 20)
#define MEMORY_MAX ((size_t)1 << 30)
#define NO_OPCODE (-1)

struct pair {
    struct sg_text module;
    struct sg_text name;
};

struct names {
    struct pair *pairs;
    size_t count;
    size_t capacity;
    size_t unresolved; /* names told as unknown: computed, or of an extension */
    int drop_op;
};

/* What is asked of this run. */
struct request {
    int drop_op;
    size_t memory;
};

struct record {
    uint8_t *bytes; /* filler, then the stream */
    size_t filler;
    size_t len; /* of the stream */
};

/* A decoder that hands out a few bytes at a time. */
struct trickle {
    const uint8_t *at;
    size_t left;
    size_t turn;
};

static void fail(const char *what)
{
    fprintf(stderr, "facts: %s\n", what);
    exit(2);
}

static void saw_anomaly(void *ctx, const struct sg_machine *m, enum sg_anomaly what,
                        uint64_t offset)
{
    struct names *names = ctx;

    (void)m;
    (void)offset;
    names->unresolved += what == SG_A_EXTENSION_UNKNOWN || what == SG_A_COMPUTED_NAME;
}

static bool has_name(const struct names *names, struct sg_text module, struct sg_text name)
{
    for (size_t i = 0; i < names->count; i++)
        if (sg_text_equal(names->pairs[i].module, module) &&
            sg_text_equal(names->pairs[i].name, name))
            return true;
    return false;
}

static struct sg_text copy_text(struct sg_text text)
{
    char *copy = malloc(text.len + 1);

    if (!copy)
        fail("out of memory");
    if (text.len)
        memcpy(copy, text.at, text.len);
    return (struct sg_text){copy, text.len};
}

static void saw_global(void *ctx, const struct sg_machine *m, const struct sg_global *global)
{
    struct names *names = ctx;

    (void)m;
    if (global->opcode == names->drop_op ||
        has_name(names, global->written_module, global->written_name))
        return;
    if (names->count == names->capacity) {
        names->capacity = names->capacity * 2 + 16;
        names->pairs = realloc(names->pairs, names->capacity * sizeof(*names->pairs));
        if (!names->pairs)
            fail("out of memory");
    }
    names->pairs[names->count++] =
        (struct pair){copy_text(global->written_module), copy_text(global->written_name)};
}

/* Every pickle of `stream`, one after another, under one reading; whether there is another. */
static bool run_reading(struct sg_stream *stream, struct sg_arena *arena, struct names *names,
                        struct sg_reading *reading)
{
    struct sg_machine_options options = {.max_memory = arena->size, .reading = *reading};
    struct sg_events events = {.ctx = names, .global = saw_global, .anomaly = saw_anomaly};
    struct sg_machine *machine;
    struct sg_outcome outcome;

    if (sg_machine_open(&machine, arena, &options, &events) != SG_OK)
        fail("sg_machine_open");
    do {
        if (sg_machine_run(machine, stream, &outcome) != SG_OK)
            fail("sg_machine_run");
    } while (outcome.stop == SG_STOP_STOP);
    return sg_machine_more(machine, reading);
}

static enum sg_status read_window(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    const struct record *record = ctx;
    size_t size = record->filler + record->len;

    *got = offset >= size ? 0 : len < size - offset ? len : size - (size_t)offset;
    if (*got)
        memcpy(into, record->bytes + offset, *got);
    return SG_OK;
}

static enum sg_status fill_trickle(void *ctx, uint8_t *into, size_t len, size_t *got)
{
    struct trickle *trickle = ctx;
    size_t want = 1 + trickle->turn++ * 37 % 211;

    *got = want < len ? want : len;
    if (*got > trickle->left)
        *got = trickle->left;
    memcpy(into, trickle->at, *got);
    trickle->at += *got;
    trickle->left -= *got;
    return SG_OK;
}

static void from_memory(struct record *record, struct sg_stream *stream)
{
    struct sg_source source = sg_source_mem(record->bytes + record->filler, record->len);

    sg_stream_open(stream, &source, NULL, 0);
}

static void from_window(struct record *record, struct sg_stream *stream)
{
    static uint8_t window[SG_WINDOW_MIN];
    struct sg_source source = {
        .read = read_window, .ctx = record, .size = record->filler + record->len};

    sg_stream_open(stream, &source, window, sizeof(window));
}

static void from_decoder(struct record *record, struct sg_stream *stream)
{
    static uint8_t window[SG_WINDOW_MIN];
    static struct trickle trickle;

    trickle = (struct trickle){record->bytes, record->filler + record->len, record->len};
    sg_stream_decode(stream, fill_trickle, &trickle, window, sizeof(window));
}

static bool same_names(const struct names *a, const struct names *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!has_name(b, a->pairs[i].module, a->pairs[i].name))
            return false;
    return true;
}

static void print_text(struct sg_text text)
{
    putchar('"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];

        if (byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\')
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

static void print_names(const struct names *names, const char *differs)
{
    fputs("{\"names\": [", stdout);
    for (size_t i = 0; i < names->count; i++) {
        fputs(i ? ", [" : "[", stdout);
        print_text(names->pairs[i].module);
        fputs(", ", stdout);
        print_text(names->pairs[i].name);
        putchar(']');
    }
    printf("], \"unresolved\": %zu, \"differs\": \"%s\"}\n", names->unresolved, differs);
    fflush(stdout);
}

typedef void open_fn(struct record *record, struct sg_stream *stream);

static void run_all(struct record *record, open_fn *open, struct sg_arena *arena,
                    struct names *names)
{
    struct sg_reading reading = {0};
    struct sg_stream stream;
    bool more = true;

    while (more) {
        open(record, &stream);
        more = run_reading(&stream, arena, names, &reading);
        arena->used = 0;
    }
}

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free((char *)names->pairs[i].module.at);
        free((char *)names->pairs[i].name.at);
    }
    free(names->pairs);
}

static void tell(struct record *record, struct sg_arena *arena, int drop_op)
{
    static open_fn *const ways[] = {from_memory, from_window, from_decoder};
    static const char *const labels[] = {"", "window", "decoder"};
    struct names names[3];
    const char *differs = "";

    for (size_t i = 0; i < 3; i++) {
        names[i] = (struct names){.drop_op = drop_op};
        run_all(record, ways[i], arena, &names[i]);
        if (!same_names(&names[0], &names[i]))
            differs = labels[i];
    }
    print_names(&names[0], differs);
    for (size_t i = 0; i < 3; i++)
        free_names(&names[i]);
}

/* Filler that changes nothing (NONE POP …), so that the stream lies across a window's end. */
static bool read_record(struct record *record)
{
    uint8_t head[4];

    if (fread(head, 1, sizeof(head), stdin) != sizeof(head))
        return false;
    record->len = sg_le32(head);
    record->filler = (SG_WINDOW_MIN - record->len % 1000 / 2) / 2 * 2;
    record->bytes = malloc(record->filler + record->len + 1);
    if (!record->bytes)
        fail("out of memory");
    for (size_t i = 0; i < record->filler; i++)
        record->bytes[i] = i % 2 ? '0' : 'N';
    if (fread(record->bytes + record->filler, 1, record->len, stdin) != record->len)
        fail("a record is cut short");
    return true;
}

static struct request read_request(int argc, char **argv)
{
    struct request request = {NO_OPCODE, MACHINE_MEMORY};

    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--drop-op") == 0)
            request.drop_op = atoi(argv[i + 1]);
        else if (i + 1 < argc && strcmp(argv[i], "--memory") == 0)
            request.memory = strtoul(argv[i + 1], NULL, 0);
        else
            fail("usage: facts [--drop-op N] [--memory N]");
    }
    if (request.memory > MEMORY_MAX)
        fail("--memory is too much");
    return request;
}

int main(int argc, char **argv)
{
    struct request request = read_request(argc, argv);
    struct sg_arena arena = {.size = request.memory};
    struct record record;

    arena.base = mmap(NULL, arena.size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena.base == MAP_FAILED)
        fail("out of memory");
    while (read_record(&record)) {
        tell(&record, &arena, request.drop_op);
        free(record.bytes);
    }
    return 0;
}
