/* stack.c - the stack and its marks: nothing below the last MARK can be taken. */
#include "machine/state.h"

enum sg_step sg_machine_error(struct sg_machine *m, const char *why)
{
    m->error = why;
    return SG_STEP_ERROR;
}

enum sg_step sg_stack_push(struct sg_machine *m, sg_value value)
{
    return sg_words_push(m, &m->load->stack, value) ? SG_STEP_ON : SG_STEP_MEMORY;
}

bool sg_stack_pop(struct sg_machine *m, sg_value *out)
{
    struct sg_words *stack = &m->load->stack;

    if (stack->count <= sg_stack_fence(m->load)) {
        m->error = "stack underflow";
        return false;
    }
    *out = stack->at[--stack->count];
    return true;
}

bool sg_stack_top(struct sg_machine *m, sg_value **out)
{
    struct sg_words *stack = &m->load->stack;

    if (stack->count <= sg_stack_fence(m->load)) {
        m->error = "stack underflow";
        return false;
    }
    *out = stack->at + stack->count - 1;
    return true;
}

bool sg_stack_mark(struct sg_machine *m, size_t *height, size_t *count)
{
    struct sg_words *marks = &m->load->marks;

    if (!marks->count) {
        m->error = "no MARK";
        return false;
    }
    *height = (size_t)marks->at[--marks->count];
    *count = m->load->stack.count - *height;
    return true;
}

bool sg_machine_top(const struct sg_machine *m, sg_value *top)
{
    const struct sg_words *stack = &m->load->stack;

    if (stack->count <= sg_stack_fence(m->load))
        return false;
    *top = stack->at[stack->count - 1];
    return true;
}
