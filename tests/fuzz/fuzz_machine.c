/* fuzz_machine.c - any bytes through the pickle machine; every value it tells is looked at.
 *
 * Checked besides what the sanitizers see: each opcode lies behind the one before it, so a run is
 * linear in the input; it ends inside the input, without taking more memory than it was given; the
 * number of readings is bounded; and the same names come out of the same bytes read through a
 * window.
 */
#include "tests/fuzz/fuzzkit.h"
#include "tests/fuzz/mutate.h"

#include "machine/machine.h"

#define ARENA_SIZE ((size_t)32 << 20)
#define READINGS_MAX 512u
#define LOOK_DEPTH 3u
#define LOOK_WIDTH 4u
#define PICKLES_MAX 64u

struct watch {
    size_t size;   /* of the input */
    uint64_t next; /* no opcode of this reading lies before */
    uint64_t hash; /* of the names told; the order does not matter */
    uint64_t last_call;
    bool memory_matters; /* something was dropped: readings may differ */
};

static void render(const struct sg_machine *m, sg_value v, const struct sg_call *call, size_t cap)
{
    char *into = malloc(cap);
    size_t len;

    CHECK(into);
    len = call ? sg_call_render(m, call, into, cap) : sg_value_render(m, v, into, cap);
    CHECK(len < cap && strlen(into) == len);
    for (size_t i = 0; i < len; i++)
        CHECK(into[i] >= 0x20 && into[i] < 0x7f);
    free(into);
}

static void look_text(const struct sg_machine *m, sg_value v)
{
    struct sg_source source;
    uint64_t length = sg_value_length(m, v);
    uint8_t head[16], again[16];
    size_t got = sg_value_read(m, v, 0, head, sizeof(head)), reread;

    CHECK(got <= sizeof(head) && got <= length);
    (void)sg_value_read(m, v, length, head, 1);
    (void)sg_value_read(m, v, UINT64_MAX - 3, head, sizeof(head));
    if (!sg_value_source(m, v, &source))
        return;
    if (sg_source_read(&source, 0, again, sizeof(again), &reread) == SG_OK)
        CHECK(reread <= sizeof(again));
}

static void look(const struct sg_machine *m, sg_value v, unsigned depth)
{
    bool whole = false;
    size_t count = sg_value_count(m, v, &whole);
    struct sg_call call;
    int64_t number;

    (void)sg_value_int(m, v, &number);
    look_text(m, v);
    if (depth == 0)
        return;
    for (size_t i = 0; i < count && i < LOOK_WIDTH; i++) {
        look(m, sg_value_item(m, v, i), depth - 1);
        if (sg_value_kind(m, v) == SG_V_DICT)
            look(m, sg_value_mapped(m, v, i), depth - 1);
    }
    if (sg_value_kind(m, v) == SG_V_GLOBAL)
        CHECK(sg_value_global(m, v));
    if (sg_value_call(m, v, &call))
        look(m, call.args, depth - 1);
    if (sg_value_kind(m, v) == SG_V_ATTR) {
        look(m, sg_value_attr_base(m, v), depth - 1);
        look(m, sg_value_attr_name(m, v), depth - 1);
    }
    if (sg_value_kind(m, v) == SG_V_PERSID)
        look(m, sg_value_persid(m, v), depth - 1);
}

static void saw_opcode(void *ctx, const struct sg_machine *m, uint64_t offset, uint8_t opcode)
{
    struct watch *watch = ctx;

    (void)opcode;
    CHECK(offset < watch->size);
    if (sg_machine_guessing(m)) /* from several places: bounded by the machine's own budget */
        return;
    CHECK(offset >= watch->next);
    watch->next = offset + 1;
}

static uint64_t hash_text(uint64_t hash, struct sg_text text)
{
    return sg_fnv_more(sg_fnv_more(hash, text.at, text.len), "\xff", 1);
}

static void saw_global(void *ctx, const struct sg_machine *m, const struct sg_global *global)
{
    struct watch *watch = ctx;

    CHECK(global->offset <= watch->size);
    if (global->count <= 1 && !sg_machine_guessing(m))
        watch->hash +=
            hash_text(hash_text(SG_FNV_EMPTY, global->written_module), global->written_name);
}

static void saw_call(void *ctx, const struct sg_machine *m, const struct sg_call *call)
{
    struct watch *watch = ctx;

    watch->last_call = call->id > watch->last_call ? call->id : watch->last_call;
    look(m, call->callee, LOOK_DEPTH);
    look(m, call->args, LOOK_DEPTH);
    look(m, call->kwargs, LOOK_DEPTH);
    for (size_t cap = 1; cap < 200; cap = cap * 10 + 3)
        render(m, call->args, call, cap);
}

static void saw_use(void *ctx, const struct sg_machine *m, uint64_t call_id, enum sg_use use)
{
    struct watch *watch = ctx;

    (void)m;
    (void)use;
    CHECK(call_id <= watch->last_call);
}

static void saw_anomaly(void *ctx, const struct sg_machine *m, enum sg_anomaly what,
                        uint64_t offset)
{
    struct watch *watch = ctx;

    (void)m;
    CHECK(what < SG_A_COUNT_);
    CHECK(offset <= watch->size);
    watch->memory_matters |= what == SG_A_FORGOTTEN_USED;
}

static void saw_payload(void *ctx, const struct sg_machine *m, enum sg_payload what,
                        sg_value content, const struct sg_call *call)
{
    (void)ctx;
    (void)what;
    look(m, content, LOOK_DEPTH);
    render(m, content, NULL, 80);
    render(m, content, call, 80);
}

/* The arena's memory is used again as it was left: only what asks for zeroes may rely on them. */
static struct sg_arena scratch(uint64_t memory)
{
    static uint8_t *base;

    base = base ? base : sg_fuzzkit_map(ARENA_SIZE);
    return (struct sg_arena){.base = base, .size = (size_t)memory};
}

/* One reading of the whole stream; whether there is another. */
static bool run(struct sg_stream *stream, uint64_t memory, struct sg_reading *reading,
                struct watch *watch)
{
    struct sg_machine_options options = {.max_memory = memory, .reading = *reading};
    struct sg_events events = {.ctx = watch,
                               .opcode = saw_opcode,
                               .global = saw_global,
                               .call = saw_call,
                               .use = saw_use,
                               .anomaly = saw_anomaly,
                               .payload = saw_payload};
    struct sg_arena arena = scratch(memory);
    struct sg_machine *machine;
    struct sg_outcome outcome = {.stop = SG_STOP_STOP};

    watch->next = watch->last_call = 0;
    if (sg_machine_open(&machine, &arena, &options, &events) != SG_OK) {
        watch->memory_matters = true;
        return false;
    }
    while (outcome.stop == SG_STOP_STOP) {
        sg_machine_run(machine, stream, &outcome);
        CHECK(outcome.start <= outcome.end && outcome.end <= watch->size);
        CHECK(arena.used <= arena.size);
        watch->memory_matters |= outcome.stop == SG_STOP_EXHAUSTED || outcome.overworked;
        if (outcome.stop == SG_STOP_STOP)
            render(machine, outcome.result, NULL, 200);
    }
    return sg_machine_more(machine, reading);
}

static void run_readings(const struct sg_source *source, uint64_t memory, struct watch *watch)
{
    static uint8_t window[SG_WINDOW_MIN];
    struct sg_reading reading = {0};
    struct sg_stream stream;
    size_t readings = 0;
    bool more = true;

    while (more) {
        CHECK(++readings <= READINGS_MAX);
        sg_stream_open(&stream, source, source->mem ? NULL : window, sizeof(window));
        more = run(&stream, memory, &reading, watch);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t memory[] = {(uint64_t)32 << 20, (uint64_t)1 << 20, (uint64_t)256 << 10};
    struct sg_input input = {.data = data, .size = size};
    struct sg_source whole = sg_source_mem(data, size);
    struct sg_source windowed = sg_input_source(&input);
    struct watch first = {.size = size}, second = {.size = size};
    uint64_t given = memory[size % 8 < 3 ? size % 8 : 0];

    run_readings(&whole, given, &first);
    run_readings(&windowed, given, &second);
    if (!first.memory_matters && !second.memory_matters)
        CHECK(first.hash == second.hash);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    return sg_mutate_pickle(data, size, cap, seed);
}
