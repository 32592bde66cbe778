/* run.c - the machine's life, its main loop, and the readings of one stream. */
#include "machine/state.h"

#define STRADDLES_TRIED 6u /* decisions of which both outcomes are run */

#define FRONT_MAX (1u << 20)

static bool make_front(struct sg_machine *m)
{
    uint64_t size = m->options.max_memory / 32 & ~15ULL;

    m->front.size = size < FRONT_MAX ? (size_t)size : FRONT_MAX;
    m->front.base = sg_arena_take(m->arena, m->front.size);
    return m->front.base != NULL;
}

static bool make_ring(struct sg_machine *m)
{
    uint64_t size = 1024, bytes = m->options.max_memory / 8;

    if (bytes > 16u << 20)
        bytes = 16u << 20;
    while (size * 2 * sizeof(*m->ring.words) <= bytes)
        size *= 2;
    m->ring.size = size;
    m->ring.words = sg_arena_take(m->arena, (size_t)size * sizeof(*m->ring.words));
    return m->ring.words != NULL;
}

enum sg_status sg_machine_open(struct sg_machine **out, struct sg_arena *arena,
                               const struct sg_machine_options *options,
                               const struct sg_events *events)
{
    size_t start = arena->used;
    struct sg_machine *m = sg_arena_take(arena, sizeof(*m));

    if (!m)
        return SG_ERR_MEMORY;
    memset(m, 0, sizeof(*m));
    m->arena = arena;
    m->arena_start = start;
    m->options = *options;
    m->events = *events;
    m->load = m->loads;
    m->walk = &m->walked;
    if (!make_front(m) || !make_ring(m))
        return SG_ERR_MEMORY;
    *out = m;
    return SG_OK;
}

static enum sg_step one_opcode(struct sg_machine *m)
{
    struct sg_stream *s = m->stream;
    struct sg_argument argument;

    m->opcode_offset = sg_stream_offset(s);
    if (sg_stream_need(s, 1) == 0)
        return SG_STEP_END;
    m->opcode = *s->at;
    const struct sg_opcode *row = &sg_opcodes[m->opcode];
    if (!row->run)
        return sg_machine_error(m, "no such opcode");
    s->at++;
    m->outcome->opcodes++;
    if (m->events.opcode && !m->guessing)
        m->events.opcode(m->events.ctx, m, m->opcode_offset, m->opcode);
    if (row->argument != SG_ARG_NONE) {
        argument.cut = false;
        enum sg_step step = sg_argument_read(m, row->argument, &argument);
        if (step)
            return step;
    }
    if (row->argument != SG_ARG_LINE || m->arena->used == m->scratch)
        return row->run(m, &argument);
    /* A line longer than the window: its copy goes unless something was taken after it. */
    size_t used = m->arena->used;
    enum sg_step step = row->run(m, &argument);
    if (m->arena->used == used && sg_stream_again(m->stream))
        m->arena->used = m->scratch;
    return step;
}

bool sg_run_ready(struct sg_machine *m)
{
    struct sg_load *load = m->load;

    load->stack.count = load->marks.count = load->array_count = 0;
    load->proto = 0;
    load->start = sg_stream_offset(m->stream);
    if (load->stack.at)
        return true;
    bool made = sg_words_push(m, &load->stack, SG_ABSENT); /* at is never NULL */
    load->stack.count = 0;
    return made;
}

/* An array of objects in a joblib file: its items are a pickle of their own, which pickle.load()
 * reads, not joblib. */
static enum sg_step run_inner(struct sg_machine *m)
{
    m->load = &m->loads[1];
    sg_memo_clear(&m->load->memo);
    m->load->frame_end = 0;
    enum sg_step step = sg_run_ready(m) ? sg_run_load(m) : SG_STEP_MEMORY;
    m->load = m->loads;
    return step == SG_STEP_STOP ? SG_STEP_ON : step;
}

static enum sg_step take_array(struct sg_machine *m, const struct sg_array *array)
{
    struct sg_stream *s = m->stream;
    uint64_t size = array->size;

    if (array->objects)
        return run_inner(m);
    if (array->pad) {
        if (sg_stream_need(s, 1) == 0)
            return SG_STEP_END;
        size += *s->at++;
    }
    return sg_stream_skip(s, size) ? SG_STEP_ON : SG_STEP_END;
}

static enum sg_step take_arrays(struct sg_machine *m)
{
    struct sg_load *load = m->load;
    enum sg_step step = SG_STEP_ON;

    if (load->frame_end > sg_stream_offset(m->stream))
        return SG_STEP_ON;
    load->frame_end = 0;
    for (size_t i = 0; i < load->array_count && !step; i++)
        step = take_array(m, &load->arrays[i]);
    load->array_count = 0;
    return step;
}

enum sg_step sg_run_load(struct sg_machine *m)
{
    for (;;) {
        enum sg_step step = m->load->array_count ? take_arrays(m) : SG_STEP_ON;
        if (step)
            return step;
        sg_run_fast(m);
        step = one_opcode(m);
        if (step)
            return step;
    }
}

static bool begin_load(struct sg_machine *m)
{
    struct sg_load *load = m->load;

    m->pickles += m->pickles < 255;
    m->memo_before |= load->memo.count > 0;
    m->memo_shifted = false;
    if (!m->options.reading.carry_memo)
        sg_memo_clear(&load->memo);
    m->error = NULL;
    return sg_run_ready(m);
}

static enum sg_stop stop_of(struct sg_machine *m, enum sg_step step)
{
    if (step == SG_STEP_STOP)
        return SG_STOP_STOP;
    if (step == SG_STEP_MEMORY)
        return SG_STOP_EXHAUSTED;
    if (step == SG_STEP_END)
        return m->stream->status ? SG_STOP_IO : SG_STOP_END;
    return SG_STOP_ERROR;
}

void sg_machine_run(struct sg_machine *m, struct sg_stream *stream, struct sg_outcome *outcome)
{
    m->stream = stream;
    *outcome = (struct sg_outcome){.start = sg_stream_offset(stream)};
    m->outcome = outcome;
    outcome->stop = stop_of(m, begin_load(m) ? sg_run_load(m) : SG_STEP_MEMORY);
    m->load = m->loads;
    if (outcome->stop == SG_STOP_ERROR && outcome->calls &&
        !(m->options.reading.plain && m->arrays))
        sg_machine_anomaly(m, SG_A_BROKEN_AFTER_CALL);
    outcome->end = sg_stream_offset(stream);
    outcome->error = m->error;
    if (outcome->stop == SG_STOP_ERROR && m->arrays && !m->options.reading.plain) {
        outcome->guessed = true;
        sg_resync(m);
    }
    outcome->arrays = m->arrays && !m->options.reading.plain;
    outcome->frame_open = m->straddles || m->load->frame_end > outcome->end;
    m->arena->refused |= m->front.refused;
}

bool sg_machine_guessing(const struct sg_machine *m)
{
    return m->guessing;
}

bool sg_machine_more(const struct sg_machine *m, struct sg_reading *next)
{
    struct sg_reading r = m->options.reading;
    unsigned met = m->straddles < STRADDLES_TRIED ? m->straddles : STRADDLES_TRIED;

    r.want_carry |= m->memo_differs;
    r.want_plain |= m->arrays;
    for (unsigned i = met; i-- > 0;) {
        if (r.straddles >> i & 1)
            continue;
        r.straddles = (r.straddles & ((1u << i) - 1)) | 1u << i;
        *next = r;
        return true;
    }
    r.straddles = 0;
    if (r.want_carry && !r.carry_memo) {
        r.carry_memo = true;
    } else if (r.want_plain && !r.plain) {
        r.plain = true;
        r.carry_memo = false;
    } else {
        return false;
    }
    *next = r;
    return true;
}
