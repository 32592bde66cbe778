/* fast.c - the opcodes that large pickles are made of, without the general path's checks.
 *
 * Runs as long as what stands in the window is simple: no frame ends within the next argument, the
 * stack has room, the memo grows by one, a container takes its items itself. Whatever is not is left
 * to the general path, which this must agree with opcode by opcode (the oracle runs both, by window
 * size).
 */
#include "machine/state.h"

/* The longest opcode handled here with its argument, but for text, and then some. */
#define STRIDE 10u

/* What is done for an opcode. Those with a number one apart do the same with another kind or count. */
enum move {
    MOVE_NONE, /* not simple */
    MOVE_INTEGER,
    MOVE_NIL,
    MOVE_FALSE,
    MOVE_TRUE,
    MOVE_REAL,
    MOVE_SHORT_TEXT,
    MOVE_TEXT,
    MOVE_MEMOIZE,
    MOVE_PUT,
    MOVE_LONG_PUT,
    MOVE_GET,
    MOVE_LONG_GET,
    MOVE_MARK,
    MOVE_LIST,
    MOVE_SET,
    MOVE_DICT,
    MOVE_TUPLE_0,
    MOVE_TUPLE_1,
    MOVE_TUPLE_2,
    MOVE_TUPLE_3,
    MOVE_TUPLE,
    MOVE_APPENDS,
    MOVE_ADDITEMS,
    MOVE_SETITEMS,
    MOVE_APPEND,
    MOVE_SETITEM,
};

static const uint8_t moves[256] = {
    ['K'] = MOVE_INTEGER,   ['M'] = MOVE_INTEGER,  ['J'] = MOVE_INTEGER, ['N'] = MOVE_NIL,
    [0x89] = MOVE_FALSE,    [0x88] = MOVE_TRUE,    ['G'] = MOVE_REAL,    [0x8c] = MOVE_SHORT_TEXT,
    ['X'] = MOVE_TEXT,      [0x94] = MOVE_MEMOIZE, ['q'] = MOVE_PUT,     ['r'] = MOVE_LONG_PUT,
    ['h'] = MOVE_GET,       ['j'] = MOVE_LONG_GET, ['('] = MOVE_MARK,    [']'] = MOVE_LIST,
    [0x8f] = MOVE_SET,      ['}'] = MOVE_DICT,     [')'] = MOVE_TUPLE_0, [0x85] = MOVE_TUPLE_1,
    [0x86] = MOVE_TUPLE_2,  [0x87] = MOVE_TUPLE_3, ['t'] = MOVE_TUPLE,   ['e'] = MOVE_APPENDS,
    [0x90] = MOVE_ADDITEMS, ['u'] = MOVE_SETITEMS, ['a'] = MOVE_APPEND,  ['s'] = MOVE_SETITEM,
};

struct sprint {
    const uint8_t *at, *limit; /* no opcode begins at or after the limit */
    uint64_t *stack;
    uint64_t *top; /* after the last value */
    uint64_t *fence, *room;
    uint64_t *marks, *mark, *mark_room; /* `mark` is after the last one */
    uint64_t *memo, *memo_next, *memo_room;
    uint64_t base; /* stream offset of address zero */
};

/* There may be none yet: nothing can be added to NULL. */
static uint64_t *word_at(const struct sg_words *words, size_t index)
{
    return words->at ? words->at + index : NULL;
}

static bool prepare(struct sg_machine *m, struct sprint *p)
{
    struct sg_stream *s = m->stream;
    struct sg_words *stack = &m->load->stack, *dense = &m->load->memo.dense;
    struct sg_words *marks = &m->load->marks;
    uint64_t left = (uint64_t)(s->end - s->at), offset = sg_stream_offset(s);

    if (m->load->frame_end) {
        if (m->load->frame_end <= offset)
            return false;
        if (m->load->frame_end - offset < left)
            left = m->load->frame_end - offset;
    }
    if (left <= STRIDE || !sg_stream_again(s) || m->events.opcode || m->memo_before ||
        m->load->memo.sparse_count || offset >> (SG_TEXT_OFFSET_BITS - 1))
        return false;
    *p = (struct sprint){.at = s->at,
                         .limit = s->at + (left - STRIDE),
                         .stack = stack->at,
                         .top = stack->at + stack->count,
                         .fence = stack->at + sg_stack_fence(m->load),
                         .room = stack->at + stack->room,
                         .marks = marks->at,
                         .mark = word_at(marks, marks->count),
                         .mark_room = word_at(marks, marks->room),
                         .memo = dense->at,
                         .memo_next = word_at(dense, dense->count),
                         .memo_room = word_at(dense, dense->room),
                         .base = offset - (uint64_t)(uintptr_t)s->at};
    return m->load->memo.count == dense->count; /* no holes: MEMOIZE appends */
}

static void finish(struct sg_machine *m, const struct sprint *p, uint64_t opcodes)
{
    struct sg_load *load = m->load;
    size_t kept = (size_t)(p->memo_next - p->memo);

    m->stream->at = p->at;
    m->outcome->opcodes += opcodes;
    m->outcome->kept += kept - load->memo.dense.count;
    load->memo.dense.count = kept;
    load->memo.count = kept;
    load->stack.count = (size_t)(p->top - p->stack);
    load->marks.count = (size_t)(p->mark - p->marks);
}

/* Each of these returns the bytes that the opcode took, 0 when it is not simple after all: then it
 * has done nothing. */

static inline size_t push(struct sprint *p, sg_value value, size_t took)
{
    if (p->top == p->room)
        return 0;
    *p->top++ = value;
    return took;
}

/* BININT1, BININT2, BININT: which of them comes next nobody can guess, so it is no branch. Their last
 * three bits tell them apart. */
static inline size_t integer(struct sprint *p)
{
    static const struct {
        uint32_t mask, sign;
        uint8_t took;
    } shapes[8] = {['K' & 7] = {0xff, 0, 2},
                   ['M' & 7] = {0xffff, 0, 3},
                   ['J' & 7] = {UINT32_MAX, 1u << 31, 5}};
    unsigned shape = *p->at & 7;
    uint64_t value = sg_le32(p->at + 1) & shapes[shape].mask;

    value = (value ^ shapes[shape].sign) - shapes[shape].sign;
    return push(p, sg_make(SG_V_INT, value & ((1ULL << 59) - 1)), shapes[shape].took);
}

static inline size_t real(struct sprint *p)
{
    uint64_t bits;

    memcpy(&bits, p->at + 1, sizeof(bits));
    return push(p, sg_make(SG_V_FLOAT, __builtin_bswap64(bits) >> SG_KIND_BITS), 9);
}

static inline size_t text(struct sprint *p, size_t head, uint32_t length)
{
    uint64_t offset = p->base + (uintptr_t)p->at + head;

    if (length > (size_t)(p->limit - p->at) || length >> SG_TEXT_LENGTH_BITS)
        return 0;
    return push(p, sg_make(SG_V_STR, (uint64_t)length << SG_TEXT_OFFSET_BITS | offset),
                head + length);
}

static inline size_t put(struct sprint *p, uint64_t key, size_t took)
{
    if (key != (uint64_t)(p->memo_next - p->memo) || p->memo_next == p->memo_room ||
        p->top == p->fence)
        return 0;
    *p->memo_next++ = p->top[-1];
    return took;
}

static inline size_t get(struct sprint *p, uint64_t key, size_t took)
{
    return key < (uint64_t)(p->memo_next - p->memo) ? push(p, p->memo[key], took) : 0;
}

static inline size_t mark(struct sprint *p)
{
    if (p->mark == p->mark_room)
        return 0;
    *p->mark++ = (uint64_t)(p->top - p->stack);
    p->fence = p->top;
    return 1;
}

/* Where the stack could be taken down to if the last mark were not there. */
static inline uint64_t *outer_fence(const struct sprint *p)
{
    return p->mark - p->marks > 1 ? p->stack + p->mark[-2] : p->stack;
}

static inline size_t tuple(struct sg_machine *m, struct sprint *p, uint64_t *from)
{
    sg_value value = sg_value_tuple(m, from, (size_t)(p->top - from));

    p->top = from;
    *p->top++ = value;
    m->opcode_offset = p->base + (uintptr_t)p->at;
    sg_tuple_made(m, value);
    return 1;
}

static inline size_t tuple_last(struct sg_machine *m, struct sprint *p, size_t count)
{
    if ((size_t)(p->top - p->fence) < count || p->top == p->room)
        return 0;
    return tuple(m, p, p->top - count);
}

static inline size_t tuple_marked(struct sg_machine *m, struct sprint *p)
{
    uint64_t *from = p->fence;

    if (p->mark == p->marks || p->top == p->room)
        return 0;
    p->fence = outer_fence(p);
    p->mark--;
    return tuple(m, p, from);
}

static inline bool takes(const uint64_t *from, const uint64_t *fence, enum sg_kind kind)
{
    return from > fence && (from[-1] & SG_KIND_MASK) == (uint64_t)kind;
}

static inline size_t fill(struct sg_machine *m, struct sprint *p, uint64_t *from)
{
    sg_value_extend(m, from[-1], from, (size_t)(p->top - from));
    p->top = from;
    return 1;
}

static inline size_t fill_marked(struct sg_machine *m, struct sprint *p, enum sg_kind kind)
{
    uint64_t *from = p->fence, *below = outer_fence(p);

    if (p->mark == p->marks || !takes(from, below, kind) ||
        (kind == SG_V_DICT && (p->top - from) % 2))
        return 0;
    p->fence = below;
    p->mark--;
    return fill(m, p, from);
}

static inline size_t fill_last(struct sg_machine *m, struct sprint *p, size_t count,
                               enum sg_kind kind)
{
    if ((size_t)(p->top - p->fence) <= count || !takes(p->top - count, p->fence, kind))
        return 0;
    return fill(m, p, p->top - count);
}

static const enum sg_kind kinds[] = {SG_V_LIST, SG_V_SET, SG_V_DICT};

static inline size_t chain(struct sg_machine *m, struct sprint *p, enum sg_kind kind)
{
    return p->top == p->room ? 0 : push(p, sg_value_chain(m, kind), 1);
}

static inline size_t step(struct sg_machine *m, struct sprint *p)
{
    const uint8_t *at = p->at;
    enum move move = (enum move)moves[*at];

    switch (move) {
    case MOVE_NONE:
        return 0;
    case MOVE_INTEGER:
        return integer(p);
    case MOVE_NIL:
        return push(p, SG_NONE_VALUE, 1);
    case MOVE_FALSE:
    case MOVE_TRUE:
        return push(p, sg_make(SG_V_BOOL, (uint64_t)move - MOVE_FALSE), 1);
    case MOVE_REAL:
        return real(p);
    case MOVE_SHORT_TEXT:
        return text(p, 2, at[1]);
    case MOVE_TEXT:
        return text(p, 5, sg_le32(at + 1));
    case MOVE_MEMOIZE:
        return put(p, (uint64_t)(p->memo_next - p->memo), 1);
    case MOVE_PUT:
        return put(p, at[1], 2);
    case MOVE_LONG_PUT:
        return put(p, sg_le32(at + 1), 5);
    case MOVE_GET:
        return get(p, at[1], 2);
    case MOVE_LONG_GET:
        return get(p, sg_le32(at + 1), 5);
    case MOVE_MARK:
        return mark(p);
    case MOVE_LIST:
    case MOVE_SET:
    case MOVE_DICT:
        return chain(m, p, kinds[move - MOVE_LIST]);
    case MOVE_TUPLE_0:
    case MOVE_TUPLE_1:
    case MOVE_TUPLE_2:
    case MOVE_TUPLE_3:
        return tuple_last(m, p, move - MOVE_TUPLE_0);
    case MOVE_TUPLE:
        return tuple_marked(m, p);
    case MOVE_APPENDS:
    case MOVE_ADDITEMS:
    case MOVE_SETITEMS:
        return fill_marked(m, p, kinds[move - MOVE_APPENDS]);
    case MOVE_APPEND:
    case MOVE_SETITEM:
        return move == MOVE_APPEND ? fill_last(m, p, 1, SG_V_LIST) : fill_last(m, p, 2, SG_V_DICT);
    }
    __builtin_unreachable();
}

void sg_run_fast(struct sg_machine *m)
{
    struct sprint shared, p;
    uint64_t opcodes = 0;

    if (m->stream->at == m->stream->end || !moves[*m->stream->at] || !prepare(m, &shared))
        return;
    p = shared; /* of this one nobody else has the address: it need not be in memory */
    for (size_t took; p.at < p.limit && (took = step(m, &p)) > 0; opcodes++)
        p.at += took;
    shared = p;
    finish(m, &shared, opcodes);
}
