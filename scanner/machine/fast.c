/* fast.c - the opcodes that large pickles are made of, without the general path's checks.
 *
 * Runs as long as what stands in the window is simple: no frame ends within the next argument, the
 * stack has room, the memo grows by one. Whatever is not is left to the general path, which this must
 * agree with opcode by opcode (the oracle runs both, by window size).
 */
#include "machine/state.h"

/* The longest opcode handled here with its argument, but for text, and then some. */
#define STRIDE 10u

static const bool simple[256] = {
    ['K'] = true,  ['M'] = true,  ['J'] = true,  ['N'] = true,  ['G'] = true,
    ['X'] = true,  ['q'] = true,  ['h'] = true,  ['r'] = true,  ['j'] = true,
    [0x88] = true, [0x89] = true, [0x8c] = true, [0x94] = true,
};

struct sprint {
    const uint8_t *at, *limit; /* no opcode begins at or after the limit */
    uint64_t *top;             /* after the last value */
    uint64_t *fence, *room;
    uint64_t *memo_next, *memo_room;
    uint64_t base; /* stream offset of address zero */
};

static bool prepare(struct sg_machine *m, struct sprint *p)
{
    struct sg_stream *s = m->stream;
    struct sg_words *stack = &m->load->stack, *dense = &m->load->memo.dense;
    uint64_t left = (uint64_t)(s->end - s->at), offset = sg_stream_offset(s);

    if (m->load->frame_end) {
        if (m->load->frame_end <= offset)
            return false;
        if (m->load->frame_end - offset < left)
            left = m->load->frame_end - offset;
    }
    if (left <= STRIDE || !sg_stream_again(s) || m->events.opcode || !stack->at || !dense->at ||
        m->load->memo.sparse_count || m->memo_before || offset >> (SG_TEXT_OFFSET_BITS - 1))
        return false;
    p->at = s->at;
    p->limit = s->at + (left - STRIDE);
    p->top = stack->at + stack->count;
    p->fence = stack->at + sg_stack_fence(m->load);
    p->room = stack->at + stack->room;
    p->memo_next = dense->at + dense->count;
    p->memo_room = dense->at + dense->room;
    p->base = offset - (uint64_t)(uintptr_t)s->at;
    return m->load->memo.count == dense->count; /* no holes: MEMOIZE appends */
}

static sg_value text_at(const struct sprint *p, const uint8_t *at, uint64_t length)
{
    return sg_make(SG_V_STR, length << SG_TEXT_OFFSET_BITS | (p->base + (uintptr_t)at));
}

static sg_value small_int(uint64_t value)
{
    return sg_make(SG_V_INT, value & ((1ULL << 59) - 1));
}

/* A constant; returns the bytes it took, 0 when it is none of these. */
static inline size_t constant(const struct sprint *p, sg_value *value)
{
    const uint8_t *at = p->at;
    uint32_t length;

    switch (*at) {
    case 'K':
        *value = small_int(at[1]);
        return 2;
    case 'M':
        *value = small_int(sg_le16(at + 1));
        return 3;
    case 'J':
        *value = small_int((uint64_t)(int64_t)(int32_t)sg_le32(at + 1));
        return 5;
    case 'N':
        *value = SG_NONE_VALUE;
        return 1;
    case 0x88:
    case 0x89:
        *value = sg_make(SG_V_BOOL, *at == 0x88);
        return 1;
    case 'G': {
        uint64_t bits;
        memcpy(&bits, at + 1, sizeof(bits));
        *value = sg_make(SG_V_FLOAT, __builtin_bswap64(bits) >> SG_KIND_BITS);
        return 9;
    }
    case 0x8c:
        if (at[1] > (size_t)(p->limit - at))
            return 0;
        *value = text_at(p, at + 2, at[1]);
        return 2u + at[1];
    case 'X':
        length = sg_le32(at + 1);
        if (length > (size_t)(p->limit - at) || length >> SG_TEXT_LENGTH_BITS)
            return 0;
        *value = text_at(p, at + 5, length);
        return 5u + length;
    default:
        return 0;
    }
}

/* A memo opcode; returns the bytes it took, 0 when it is not simple. */
static inline size_t memo(struct sprint *p, const struct sg_words *dense)
{
    const uint8_t *at = p->at;
    uint64_t key = *at == 'r' || *at == 'j' ? sg_le32(at + 1) : at[1];
    bool put = *at == 0x94 || *at == 'q' || *at == 'r';
    uint64_t next = (uint64_t)(p->memo_next - dense->at);

    if (*at == 0x94)
        key = next;
    if (put) {
        if (key != next || p->memo_next == p->memo_room || p->top == p->fence)
            return 0;
        *p->memo_next++ = p->top[-1];
    } else {
        if (key >= next || p->top == p->room)
            return 0;
        *p->top++ = dense->at[key];
    }
    return *at == 0x94 ? 1 : *at == 'q' || *at == 'h' ? 2 : 5;
}

void sg_run_fast(struct sg_machine *m)
{
    struct sg_words *stack = &m->load->stack, *dense = &m->load->memo.dense;
    struct sprint p;
    uint64_t opcodes = 0;
    sg_value value;
    size_t step;

    if (m->stream->at == m->stream->end || !simple[*m->stream->at] || !prepare(m, &p))
        return;
    while (p.at < p.limit) {
        uint8_t opcode = *p.at;
        if (opcode == 0x94 || opcode == 'q' || opcode == 'h' || opcode == 'r' || opcode == 'j') {
            step = memo(&p, dense);
        } else {
            step = p.top < p.room ? constant(&p, &value) : 0;
            if (step)
                *p.top++ = value;
        }
        if (!step)
            break;
        p.at += step;
        opcodes++;
    }
    m->outcome->kept += (uint64_t)(p.memo_next - dense->at) - dense->count;
    m->stream->at = p.at;
    stack->count = (size_t)(p.top - stack->at);
    dense->count = (size_t)(p.memo_next - dense->at);
    m->load->memo.count = dense->count;
    m->outcome->opcodes += opcodes;
}
