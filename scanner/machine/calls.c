/* calls.c - telling what the stream calls, and what becomes of results. */
#include "machine/state.h"

#define FOLDING_MAX 16u
#define ESCAPING_MAX 256u /* items of one call's arguments */
#define ESCAPING_DEPTH 6u

void sg_machine_anomaly(struct sg_machine *m, enum sg_anomaly what)
{
    if (m->events.anomaly)
        m->events.anomaly(m->events.ctx, m, what, m->opcode_offset);
}

void sg_machine_payload(struct sg_machine *m, enum sg_payload what, sg_value content,
                        const struct sg_call *call)
{
    if (m->events.payload)
        m->events.payload(m->events.ctx, m, what, content, call);
}

void sg_call_used(struct sg_machine *m, sg_value v, enum sg_use use)
{
    struct sg_call call;

    if (m->events.use && (v & SG_KIND_MASK) == SG_V_RESULT && sg_value_call(m, v, &call))
        m->events.use(m->events.ctx, m, call.id, use);
}

void sg_call_tell(struct sg_machine *m, struct sg_call *call)
{
    call->id = ++m->calls;
    call->offset = m->opcode_offset;
    m->outcome->calls++;
    if (m->events.call)
        m->events.call(m->events.ctx, m, call);
}

static void escape(struct sg_machine *m, sg_value v, unsigned depth, unsigned *left);

static inline bool holds_items(sg_value v)
{
    return (v & SG_KIND_MASK) - SG_V_TUPLE <= SG_V_SET - SG_V_TUPLE;
}

/* Words of which each `step` are an item; false: no more is looked at, all there are
 * have escaped. */
static bool escape_words(struct sg_machine *m, const uint64_t *words, size_t count, size_t step,
                         unsigned depth, unsigned *left)
{
    for (size_t i = 0; i < count; i++) {
        if (i % step == 0 && (depth == 0 || (*left)-- == 0)) {
            *left = 0;
            m->escaped = m->ring.head;
            return false;
        }
        if (holds_items(words[i]))
            escape(m, words[i], depth - 1, left);
    }
    return true;
}

/* What is not folded may change the lists and dicts that it is given, however deep they lie: past
 * some, all that there are. Called for each call, so it looks at the words themselves. */
static void escape(struct sg_machine *m, sg_value v, unsigned depth, unsigned *left)
{
    const uint64_t *node = holds_items(v) ? sg_ring_node(&m->ring, v >> SG_KIND_BITS) : NULL;
    size_t count = node ? (size_t)sg_node_count(node[0]) : 0;
    size_t step = (v & SG_KIND_MASK) == SG_V_DICT ? 2 : 1;

    if (!node)
        return;
    if ((v & SG_KIND_MASK) == SG_V_TUPLE) {
        (void)escape_words(m, node + 2, count, step, depth, left);
        return;
    }
    sg_value_escape(m, v);
    for (uint64_t next = node[1]; count > 0;) {
        const uint64_t *block = sg_ring_node(&m->ring, next);
        if (!block) { /* forgotten, and what comes after it with it */
            m->escaped = m->ring.head;
            return;
        }
        size_t here = (size_t)sg_node_count(block[0]);
        if (!escape_words(m, block + 2, here, step, depth, left))
            return;
        count -= here < count ? here : count;
        next = block[1];
    }
}

void sg_call_escape(struct sg_machine *m, const struct sg_call *call)
{
    unsigned left = ESCAPING_MAX;

    escape(m, call->args, ESCAPING_DEPTH, &left);
    escape(m, call->kwargs, ESCAPING_DEPTH, &left);
}

sg_value sg_call_make(struct sg_machine *m, enum sg_call_op op, sg_value callee, sg_value args,
                      sg_value kwargs)
{
    struct sg_call call = {.callee = callee, .args = args, .kwargs = kwargs, .op = op};

    sg_call_tell(m, &call);
    sg_call_used(m, callee, SG_USE_CALLED);
    /* A partial of a partial of …: deeper ones are told as calls of an unknown result. */
    sg_value folded = SG_ABSENT;
    size_t used = m->arena->used, names = m->globals.count, codes = m->extensions.count;
    if (m->folding < FOLDING_MAX) {
        m->folding++;
        folded = sg_fold_call(m, &call);
        m->folding--;
    }
    if (folded == SG_ABSENT)
        sg_call_escape(m, &call);
    if (m->globals.count == names && m->extensions.count == codes)
        m->arena->used = used; /* scratch only */
    return folded != SG_ABSENT ? folded : sg_value_call_make(m, &call);
}
