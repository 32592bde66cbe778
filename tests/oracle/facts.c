/* facts.c - tells, for each stream on standard input, what the machine sees in it.
 *
 * Input: records of a little-endian u32 length and that many bytes. Output: one line of JSON a
 * record: {"facts": [["module", "name", "what"], ...], "unresolved": 0, "partial": 0, "differs":
 * ""}; each byte of a name that is not printable ASCII is written \u00XX. `what` is "name" where it
 * is resolved, "call", "build", "append", "setitem" or "add" where that is done to it. `unresolved`
 * counts names told as unknown, `partial` what want of memory cut short. Every stream is run three
 * ways: from memory, from a source read through a small window, and forward only from a decoder.
 * `differs` names a way that told other facts than the first.
 *
 *     facts [--drop-op N] [--memory N]
 *
 * --drop-op: ignore what opcode N does, as if its handler were missing; --memory: bytes that a
 * machine gets.
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

struct fact {
    struct sg_text module;
    struct sg_text name;
    const char *what;
    bool guessed; /* behind array bytes of unknown length: depends on how far it can look */
};

struct facts {
    struct fact *at;
    size_t count;
    size_t capacity;
    size_t unresolved; /* names told as unknown: computed, or of an extension */
    size_t partial;
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
    struct facts *facts = ctx;

    (void)m;
    (void)offset;
    facts->unresolved += what == SG_A_EXTENSION_UNKNOWN || what == SG_A_COMPUTED_NAME;
    facts->partial += what == SG_A_FORGOTTEN_USED;
}

static bool has_fact(const struct facts *facts, const struct fact *fact)
{
    for (size_t i = 0; i < facts->count; i++)
        if (facts->at[i].what == fact->what && sg_text_equal(facts->at[i].module, fact->module) &&
            sg_text_equal(facts->at[i].name, fact->name))
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

static void add_fact(struct facts *facts, const struct sg_machine *m,
                     const struct sg_global *global, const char *what)
{
    struct fact fact = {global->written_module, global->written_name, what, sg_machine_guessing(m)};

    if (has_fact(facts, &fact))
        return;
    if (facts->count == facts->capacity) {
        facts->capacity = facts->capacity * 2 + 16;
        facts->at = realloc(facts->at, facts->capacity * sizeof(*facts->at));
        if (!facts->at)
            fail("out of memory");
    }
    fact.module = copy_text(fact.module);
    fact.name = copy_text(fact.name);
    facts->at[facts->count++] = fact;
}

static void saw_global(void *ctx, const struct sg_machine *m, const struct sg_global *global)
{
    struct facts *facts = ctx;

    if (global->opcode != facts->drop_op)
        add_fact(facts, m, global, "name");
}

static const char *call_kind(enum sg_call_op op)
{
    switch (op) {
    case SG_CALL_BUILD:
        return "build";
    case SG_CALL_APPEND:
        return "append";
    case SG_CALL_SETITEM:
        return "setitem";
    case SG_CALL_ADD:
        return "add";
    default:
        return "call";
    }
}

static void saw_call(void *ctx, const struct sg_machine *m, const struct sg_call *call)
{
    struct facts *facts = ctx;
    const struct sg_global *global = sg_value_global(m, call->callee);

    if (global && (int)call->op != facts->drop_op)
        add_fact(facts, m, global, call_kind(call->op));
}

/* Every pickle of `stream`, one after another, under one reading; whether there is another. */
static bool run_reading(struct sg_stream *stream, struct sg_arena *arena, struct facts *facts,
                        struct sg_reading *reading)
{
    struct sg_machine_options options = {.max_memory = arena->size, .reading = *reading};
    struct sg_events events = {
        .ctx = facts, .global = saw_global, .call = saw_call, .anomaly = saw_anomaly};
    struct sg_machine *machine;
    struct sg_outcome outcome;

    if (sg_machine_open(&machine, arena, &options, &events) != SG_OK)
        fail("sg_machine_open");
    do {
        sg_machine_run(machine, stream, &outcome);
        facts->partial += outcome.guessed + outcome.overworked;
    } while (outcome.stop == SG_STOP_STOP);
    facts->partial += outcome.stop == SG_STOP_EXHAUSTED;
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

static bool has_all(const struct facts *facts, const struct facts *others)
{
    for (size_t i = 0; i < others->count; i++)
        if (!others->at[i].guessed && !has_fact(facts, &others->at[i]))
            return false;
    return true;
}

static bool same_facts(const struct facts *a, const struct facts *b)
{
    return has_all(a, b) && has_all(b, a);
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

static void print_facts(const struct facts *facts, const char *differs)
{
    fputs("{\"facts\": [", stdout);
    for (size_t i = 0; i < facts->count; i++) {
        fputs(i ? ", [" : "[", stdout);
        print_text(facts->at[i].module);
        fputs(", ", stdout);
        print_text(facts->at[i].name);
        printf(", \"%s\"]", facts->at[i].what);
    }
    printf("], \"unresolved\": %zu, \"partial\": %zu, \"differs\": \"%s\"}\n", facts->unresolved,
           facts->partial, differs);
    fflush(stdout);
}

typedef void open_fn(struct record *record, struct sg_stream *stream);

static void run_all(struct record *record, open_fn *open, struct sg_arena *arena,
                    struct facts *facts)
{
    struct sg_reading reading = {0};
    struct sg_stream stream;
    bool more = true;

    while (more) {
        open(record, &stream);
        more = run_reading(&stream, arena, facts, &reading);
        arena->used = 0;
    }
}

static void free_facts(struct facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        free((char *)facts->at[i].module.at);
        free((char *)facts->at[i].name.at);
    }
    free(facts->at);
}

static void tell(struct record *record, struct sg_arena *arena, int drop_op)
{
    static open_fn *const ways[] = {from_memory, from_window, from_decoder};
    static const char *const labels[] = {"", "window", "decoder"};
    struct facts facts[3];
    const char *differs = "";

    for (size_t i = 0; i < 3; i++) {
        facts[i] = (struct facts){.drop_op = drop_op};
        run_all(record, ways[i], arena, &facts[i]);
        /* A decoder cannot go back to a long text: its names are then told as unknown. */
        bool forgot = ways[i] == from_decoder && facts[i].unresolved > facts[0].unresolved;
        if (!forgot && !same_facts(&facts[0], &facts[i]))
            differs = labels[i];
    }
    print_facts(&facts[0], differs);
    for (size_t i = 0; i < 3; i++)
        free_facts(&facts[i]);
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
