/* fast.c - the opcodes that large pickles are made of, without the general path's checks.
 *
 * Runs as long as what stands in the window is simple: no frame ends within the next argument, the
 * stack has room, the memo grows by one, a container takes its items itself. Whatever is not is
 * left to the general path, which this must agree with opcode by opcode (the oracle runs both, by
 * window size).
 */
#include "machine/state.h"

/* The longest opcode handled here with its argument, but for text, and then some. */
#define STRIDE 10u

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

/* BININT1, BININT2, BININT: which of them comes next nobody can guess, so it is no branch. Their
 * last three bits tell them apart. */
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

static inline size_t chain(struct sg_machine *m, struct sprint *p, enum sg_kind kind)
{
    return p->top == p->room ? 0 : push(p, sg_value_chain(m, kind), 1);
}

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a label takes none */
#define WAY(to) (int)((const char *)&&to - (const char *)&&not_simple)
#define GO()                                                                                       \
    do {                                                                                           \
        if (p.at >= p.limit)                                                                       \
            goto not_simple;                                                                       \
        goto *(const void *)((const char *)&&not_simple + ways[*p.at]);                            \
    } while (0)
#define DO(label, move)                                                                            \
    label:                                                                                         \
    took = (move);                                                                                 \
    if (!took)                                                                                     \
        goto not_simple;                                                                           \
    p.at += took;                                                                                  \
    opcodes++;                                                                                     \
    GO();

/* Each move ends in a jump of its own: what follows what is then learned for each apart.
 * NOLINTNEXTLINE(readability-function-size): a row for each move */
void sg_run_fast(struct sg_machine *m)
{
    static const int ways[256] = {
        ['K'] = WAY(integer),   ['M'] = WAY(integer),  ['J'] = WAY(integer), ['N'] = WAY(nil),
        [0x89] = WAY(no),       [0x88] = WAY(yes),     ['G'] = WAY(real),    [0x8c] = WAY(text1),
        ['X'] = WAY(text4),     [0x94] = WAY(memoize), ['q'] = WAY(put1),    ['r'] = WAY(put4),
        ['h'] = WAY(get1),      ['j'] = WAY(get4),     ['('] = WAY(mark),    [']'] = WAY(list),
        [0x8f] = WAY(set),      ['}'] = WAY(dict),     [')'] = WAY(tuple0),  [0x85] = WAY(tuple1),
        [0x86] = WAY(tuple2),   [0x87] = WAY(tuple3),  ['t'] = WAY(tuple),   ['e'] = WAY(appends),
        [0x90] = WAY(additems), ['u'] = WAY(setitems), ['a'] = WAY(append),  ['s'] = WAY(setitem),
    };
    struct sprint shared, p;
    uint64_t opcodes = 0;
    size_t took;

    if (m->stream->at == m->stream->end || !ways[*m->stream->at] || !prepare(m, &shared))
        return;
    p = shared; /* of this one nobody else has the address: it need not be in memory */
    GO();
    DO(integer, integer(&p))
    DO(nil, push(&p, SG_NONE_VALUE, 1))
    DO(no, push(&p, sg_make(SG_V_BOOL, 0), 1))
    DO(yes, push(&p, sg_make(SG_V_BOOL, 1), 1))
    DO(real, real(&p))
    DO(text1, text(&p, 2, p.at[1]))
    DO(text4, text(&p, 5, sg_le32(p.at + 1)))
    DO(memoize, put(&p, (uint64_t)(p.memo_next - p.memo), 1))
    DO(put1, put(&p, p.at[1], 2))
    DO(put4, put(&p, sg_le32(p.at + 1), 5))
    DO(get1, get(&p, p.at[1], 2))
    DO(get4, get(&p, sg_le32(p.at + 1), 5))
    DO(mark, mark(&p))
    DO(list, chain(m, &p, SG_V_LIST))
    DO(set, chain(m, &p, SG_V_SET))
    DO(dict, chain(m, &p, SG_V_DICT))
    DO(tuple0, tuple_last(m, &p, 0))
    DO(tuple1, tuple_last(m, &p, 1))
    DO(tuple2, tuple_last(m, &p, 2))
    DO(tuple3, tuple_last(m, &p, 3))
    DO(tuple, tuple_marked(m, &p))
    DO(appends, fill_marked(m, &p, SG_V_LIST))
    DO(additems, fill_marked(m, &p, SG_V_SET))
    DO(setitems, fill_marked(m, &p, SG_V_DICT))
    DO(append, fill_last(m, &p, 1, SG_V_LIST))
    DO(setitem, fill_last(m, &p, 2, SG_V_DICT))
not_simple:
    shared = p;
    finish(m, &shared, opcodes);
}
