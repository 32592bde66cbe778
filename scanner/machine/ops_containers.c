/* ops_containers.c - opcodes that make and fill tuples, lists, dicts and sets. */
#include "machine/handlers.h"

#define BOMB_WEIGHT 24u /* a tuple with 2^24 leaves in a few bytes: made to be walked for ever */

void sg_tuple_made(struct sg_machine *m, sg_value tuple)
{
    if (sg_value_weight(m, tuple) == BOMB_WEIGHT)
        sg_machine_anomaly(m, SG_A_BOMB);
}

static enum sg_step push_tuple(struct sg_machine *m, size_t height, size_t count)
{
    struct sg_words *stack = &m->load->stack;
    sg_value tuple = sg_value_tuple(m, stack->at + height, count);

    stack->count = height;
    sg_tuple_made(m, tuple);
    return sg_stack_push(m, tuple);
}

SG_HANDLER(mark)
{
    return sg_words_push(m, &m->load->marks, m->load->stack.count) ? SG_STEP_ON : SG_STEP_MEMORY;
}

SG_HANDLER(empty_tuple)
{
    return push_tuple(m, m->load->stack.count, 0);
}

SG_HANDLER(empty_list)
{
    return sg_stack_push(m, sg_value_chain(m, SG_V_LIST));
}

SG_HANDLER(empty_dict)
{
    return sg_stack_push(m, sg_value_chain(m, SG_V_DICT));
}

SG_HANDLER(empty_set)
{
    return sg_stack_push(m, sg_value_chain(m, SG_V_SET));
}

SG_HANDLER(tuple_counted)
{
    size_t count = m->opcode - 0x85u + 1; /* TUPLE1, TUPLE2, TUPLE3 */
    struct sg_words *stack = &m->load->stack;

    if (stack->count - sg_stack_fence(m->load) < count)
        return sg_machine_error(m, "stack underflow");
    return push_tuple(m, stack->count - count, count);
}

SG_HANDLER(tuple)
{
    size_t height, count;

    if (!sg_stack_mark(m, &height, &count))
        return SG_STEP_ERROR;
    return push_tuple(m, height, count);
}

static enum sg_step push_chain(struct sg_machine *m, enum sg_kind kind)
{
    size_t height, count;

    if (!sg_stack_mark(m, &height, &count))
        return SG_STEP_ERROR;
    if (kind == SG_V_DICT && count % 2)
        return sg_machine_error(m, "odd number of items for DICT");
    sg_value chain = sg_value_chain(m, kind);
    sg_value_extend(m, chain, m->load->stack.at + height, count);
    m->load->stack.count = height;
    return sg_stack_push(m, chain);
}

SG_HANDLER(list)
{
    return push_chain(m, SG_V_LIST);
}

SG_HANDLER(dict)
{
    return push_chain(m, SG_V_DICT);
}

SG_HANDLER(frozenset)
{
    return push_chain(m, SG_V_SET);
}

/* `count` values above `height` go into the container below them: directly when it is one, else
 * by a method of whatever object stands there. */
static enum sg_step fill(struct sg_machine *m, size_t height, size_t count, enum sg_kind kind,
                         enum sg_call_op op)
{
    struct sg_words *stack = &m->load->stack;

    if (height <= sg_stack_fence(m->load))
        return sg_machine_error(m, "stack underflow");
    /* pickle.py stores the pairs before it misses a value. */
    bool odd = kind == SG_V_DICT && count % 2;
    count -= odd;
    sg_value into = stack->at[height - 1];
    /* A forgotten list is a list still. */
    enum sg_kind have = (enum sg_kind)(into & SG_KIND_MASK);
    if (have == kind) {
        sg_value_extend(m, into, stack->at + height, count);
    } else if (count || m->opcode == 'e') { /* pickle.py extends by nothing, too */
        if (have == SG_V_GLOBAL)
            sg_machine_anomaly(m, SG_A_STORE_GLOBAL);
        struct sg_call call = {.callee = into,
                               .args = sg_value_tuple(m, stack->at + height, count),
                               .kwargs = SG_NONE_VALUE,
                               .op = op};
        sg_call_tell(m, &call);
        sg_call_escape(m, &call);
        if (have == SG_V_GLOBAL && op == SG_CALL_SETITEM)
            sg_fold_store(m, &call);
    }
    stack->count = height;
    return odd ? sg_machine_error(m, "odd number of items for SETITEMS") : SG_STEP_ON;
}

static enum sg_step fill_marked(struct sg_machine *m, enum sg_kind kind, enum sg_call_op op)
{
    size_t height, count;

    if (!sg_stack_mark(m, &height, &count))
        return SG_STEP_ERROR;
    return fill(m, height, count, kind, op);
}

static enum sg_step fill_last(struct sg_machine *m, size_t count, enum sg_kind kind,
                              enum sg_call_op op)
{
    if (m->load->stack.count - sg_stack_fence(m->load) < count)
        return sg_machine_error(m, "stack underflow");
    return fill(m, m->load->stack.count - count, count, kind, op);
}

SG_HANDLER(append)
{
    return fill_last(m, 1, SG_V_LIST, SG_CALL_APPEND);
}

SG_HANDLER(appends)
{
    return fill_marked(m, SG_V_LIST, SG_CALL_APPEND);
}

SG_HANDLER(setitem)
{
    return fill_last(m, 2, SG_V_DICT, SG_CALL_SETITEM);
}

SG_HANDLER(setitems)
{
    return fill_marked(m, SG_V_DICT, SG_CALL_SETITEM);
}

SG_HANDLER(additems)
{
    return fill_marked(m, SG_V_SET, SG_CALL_ADD);
}
