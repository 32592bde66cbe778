/* ops_stack.c - opcodes for stack, memo, frames and the end. */
#include "machine/handlers.h"

/* C would allocate 16 bytes for each key up to this one. */
#define BOMB_KEY (1ULL << 28)

static enum sg_step put(struct sg_machine *m, uint64_t key)
{
    sg_value *top;

    if (!sg_stack_top(m, &top))
        return SG_STEP_ERROR;
    if (key >= BOMB_KEY && key > m->load->memo.count * 16)
        sg_machine_anomaly(m, SG_A_BOMB);
    m->outcome->kept++;
    return sg_memo_put(m, key, *top) ? SG_STEP_ON : SG_STEP_MEMORY;
}

static enum sg_step get(struct sg_machine *m, uint64_t key)
{
    sg_value value = sg_memo_get(&m->load->memo, key);

    if (m->memo_shifted || (m->memo_before && value == SG_ABSENT))
        m->memo_differs = true;
    if (value == SG_ABSENT)
        return sg_machine_error(m, "memo key is not set");
    return sg_stack_push(m, value);
}

static enum sg_literal line_key(struct sg_machine *m, const struct sg_argument *a, uint64_t *key)
{
    struct sg_text text = {(const char *)a->bytes, a->bytes ? (size_t)a->length : 0};
    bool odd = false;
    enum sg_literal literal = sg_literal_key(text, key, &odd);

    if (text.len && memchr(text.at, '\0', text.len))
        sg_machine_anomaly(m, SG_A_NUL_IN_LINE);
    else if (odd)
        sg_machine_anomaly(m, SG_A_ODD_INTEGER);
    return literal;
}

SG_HANDLER(put)
{
    uint64_t key;

    if (a->cut)
        return SG_STEP_END;
    enum sg_literal literal = line_key(m, a, &key);
    if (literal == SG_LITERAL_BAD)
        return sg_machine_error(m, "bad memo key");
    return put(m, key);
}

SG_HANDLER(get)
{
    uint64_t key;

    if (a->cut)
        return SG_STEP_END;
    if (line_key(m, a, &key) == SG_LITERAL_BAD)
        return sg_machine_error(m, "bad memo key");
    return get(m, key);
}

SG_HANDLER(binput)
{
    return put(m, a->number);
}

SG_HANDLER(binget)
{
    return get(m, a->number);
}

SG_HANDLER(memoize)
{
    m->memo_shifted |= m->memo_before;
    return put(m, m->load->memo.count);
}

SG_HANDLER(dup)
{
    sg_value *top;

    return sg_stack_top(m, &top) ? sg_stack_push(m, *top) : SG_STEP_ERROR;
}

SG_HANDLER(pop)
{
    struct sg_load *load = m->load;
    sg_value gone;

    if (load->marks.count && sg_stack_fence(load) == load->stack.count) {
        load->marks.count--;
        return SG_STEP_ON;
    }
    if (!sg_stack_pop(m, &gone))
        return SG_STEP_ERROR;
    sg_call_used(m, gone, SG_USE_DISCARDED);
    return SG_STEP_ON;
}

SG_HANDLER(pop_mark)
{
    size_t height, count;

    if (!sg_stack_mark(m, &height, &count))
        return SG_STEP_ERROR;
    for (size_t i = 0; i < count; i++)
        sg_call_used(m, m->load->stack.at[height + i], SG_USE_DISCARDED);
    m->load->stack.count = height;
    return SG_STEP_ON;
}

SG_HANDLER(proto)
{
    if (a->number > 5) {
        sg_machine_anomaly(m, SG_A_PROTO_LATE);
        return sg_machine_error(m, "unsupported pickle protocol");
    }
    if (m->opcode_offset != m->load->start)
        sg_machine_anomaly(m, SG_A_PROTO_LATE);
    m->load->proto = (uint8_t)a->number;
    if (m->outcome->proto < m->load->proto)
        m->outcome->proto = m->load->proto;
    return SG_STEP_ON;
}

/* The frame's end, unless it lies inside the frame that is open: then nothing new is fetched. */
SG_HANDLER(frame)
{
    struct sg_load *load = m->load;
    uint64_t at = sg_stream_offset(m->stream);

    m->outcome->framed = true;
    if (a->number > INT64_MAX)
        return sg_machine_error(m, "FRAME length exceeds the largest size");
    if (load->array_count) /* whose bytes come first, as pickle.py reads */
        return sg_machine_error(m, "a frame begins where array bytes are");
    if (load->frame_end > at && a->number <= load->frame_end - at)
        return SG_STEP_ON;
    if (load->frame_end > at) {
        enum sg_step step = sg_argument_frame(m, a->number);
        if (step)
            return step;
        at = sg_stream_offset(m->stream);
    }
    load->frame_end = a->number > UINT64_MAX / 2 - at ? 0 : at + a->number;
    return SG_STEP_ON;
}

SG_HANDLER(stop)
{
    struct sg_words *stack = &m->load->stack;
    sg_value result;

    if (!sg_stack_pop(m, &result))
        return SG_STEP_ERROR;
    if (stack->count || m->load->marks.count)
        sg_machine_anomaly(m, SG_A_LEFTOVER);
    for (size_t i = 0; i < stack->count; i++)
        sg_call_used(m, stack->at[i], SG_USE_DISCARDED);
    m->outcome->result = result;
    sg_argument_stop(m);
    return SG_STEP_STOP;
}
