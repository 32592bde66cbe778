/* ops_objects.c - opcodes that resolve names, call and build. */
#include "machine/handlers.h"

/* Resolves a name and pushes it. Scratch taken since `used` is dropped when nothing was entered. */
static enum sg_step push_name(struct sg_machine *m, const struct sg_naming *naming, size_t used)
{
    size_t known = m->globals.count;
    sg_value value = sg_global_resolve(m, naming);

    if (value == SG_ABSENT)
        return SG_STEP_MEMORY;
    if (m->globals.count == known)
        m->arena->used = used;
    return sg_stack_push(m, value);
}

static bool valid_utf8_lines(const struct sg_naming *naming)
{
    return sg_utf8_valid(naming->module) && sg_utf8_valid(naming->name);
}

static struct sg_naming line_naming(const struct sg_machine *m, const struct sg_argument *a)
{
    return (struct sg_naming){
        .module = {(const char *)a->bytes, a->bytes ? (size_t)a->length : 0},
        .name = {(const char *)a->second, a->second ? (size_t)a->second_length : 0},
        .opcode = m->opcode,
        .flags = a->cut ? SG_G_CUT : 0};
}

SG_HANDLER(global)
{
    struct sg_naming naming = line_naming(m, a);

    if (!valid_utf8_lines(&naming))
        return sg_machine_error(m, "GLOBAL is not UTF-8");
    enum sg_step step = push_name(m, &naming, m->scratch);
    return step == SG_STEP_ON && a->cut ? SG_STEP_END : step;
}

/* What a str can never be. */
static bool never_text(enum sg_kind kind)
{
    return kind == SG_V_NONE || kind == SG_V_BOOL || kind == SG_V_INT || kind == SG_V_FLOAT ||
           kind == SG_V_BYTES || sg_kind_is_container(kind);
}

/* Bytes above 127 as Latin-1 characters, or left out. */
static bool decode_8bit(struct sg_machine *m, struct sg_text *text, bool keep)
{
    char *into = sg_arena_take(m->arena, 2 * text->len + 1);
    size_t out = 0;

    if (!into)
        return false;
    for (size_t i = 0; i < text->len; i++) {
        uint8_t c = (uint8_t)text->at[i];
        if (c >= 0x80 && !keep)
            continue;
        if (c >= 0x80)
            into[out++] = (char)(0xC0 | c >> 6);
        into[out++] = (char)(c < 0x80 ? c : 0x80 | (c & 63));
    }
    *text = (struct sg_text){into, out};
    return true;
}

/* What an 8-bit string above 127 is depends on the caller's encoding and errors: tells it as
 * Latin-1, and as errors="ignore" leaves it. */
static void tell_decoded(struct sg_machine *m, const struct sg_naming *naming, sg_value module,
                         sg_value name)
{
    sg_machine_anomaly(m, SG_A_COMPUTED_NAME);
    for (int keep = 0; keep < 2; keep++) {
        struct sg_naming other = *naming;
        if ((!(module & SG_TEXT_8BIT) || decode_8bit(m, &other.module, keep)) &&
            (!(name & SG_TEXT_8BIT) || decode_8bit(m, &other.name, keep)))
            (void)sg_global_resolve(m, &other);
    }
}

static enum sg_step name_unknown(struct sg_machine *m, sg_value module, sg_value name, size_t used)
{
    struct sg_naming naming = {.opcode = m->opcode, .flags = SG_G_UNRESOLVED};

    if (!sg_name_text(m, module, &naming.module))
        naming.module = SG_TEXT("?");
    if (!sg_name_text(m, name, &naming.name))
        naming.name = SG_TEXT("?");
    sg_machine_anomaly(m, SG_A_COMPUTED_NAME);
    if (sg_value_kind(m, module) == SG_V_FORGOTTEN || sg_value_kind(m, name) == SG_V_FORGOTTEN)
        sg_machine_anomaly(m, SG_A_FORGOTTEN_USED);
    sg_call_used(m, module, SG_USE_NAME);
    sg_call_used(m, name, SG_USE_NAME);
    return push_name(m, &naming, used);
}

SG_HANDLER(stack_global)
{
    sg_value module, name;
    size_t used = m->arena->used;
    struct sg_naming naming = {.opcode = m->opcode};

    if (!sg_stack_pop(m, &name) || !sg_stack_pop(m, &module))
        return SG_STEP_ERROR;
    if (never_text(sg_value_kind(m, name)) || never_text(sg_value_kind(m, module)))
        return sg_machine_error(m, "STACK_GLOBAL requires str");
    if (!sg_name_text(m, module, &naming.module) || !sg_name_text(m, name, &naming.name))
        return name_unknown(m, module, name, used);
    if (((module | name) & SG_TEXT_8BIT) &&
        !(sg_text_ascii(naming.module) && sg_text_ascii(naming.name))) {
        tell_decoded(m, &naming, module, name);
        used = m->arena->used;
    }
    return push_name(m, &naming, used);
}

SG_HANDLER(ext)
{
    const struct sg_words *known = &m->extensions;
    int64_t code = m->opcode == 0x84 ? (int32_t)(uint32_t)a->number : (int64_t)a->number;

    sg_machine_anomaly(m, SG_A_EXTENSION);
    if (!sg_work(m, 4 * known->count))
        return sg_stack_push(m, SG_UNKNOWN_VALUE);
    for (size_t i = known->count; i >= 2; i -= 2) {
        const struct sg_global *global = sg_value_global(m, known->at[i - 1]);
        if (known->at[i - 2] != (uint64_t)code)
            continue;
        struct sg_naming naming = {.module = global->written_module,
                                   .name = global->written_name,
                                   .opcode = m->opcode,
                                   .flags = SG_G_EXTENSION};
        return push_name(m, &naming, m->arena->used);
    }
    /* pickle.py looks the code up before it minds the sign. */
    if (code <= 0)
        return sg_machine_error(m, "EXT code is not positive");
    sg_machine_anomaly(m, SG_A_EXTENSION_UNKNOWN);
    return sg_stack_push(m, SG_UNKNOWN_VALUE);
}

/* No interpreter calls a constant. */
static bool never_callable(enum sg_kind kind)
{
    return kind != SG_V_UNKNOWN && kind != SG_V_FORGOTTEN && kind < SG_V_GLOBAL;
}

static void check_args(struct sg_machine *m, sg_value args)
{
    enum sg_kind kind = sg_value_kind(m, args);

    if (kind != SG_V_TUPLE && kind < SG_V_GLOBAL)
        sg_machine_anomaly(m, SG_A_NON_TUPLE_ARGS);
}

static enum sg_step push_call(struct sg_machine *m, enum sg_call_op op, sg_value callee,
                              sg_value args, sg_value kwargs)
{
    if (never_callable((enum sg_kind)(callee & SG_KIND_MASK)))
        return sg_machine_error(m, "what is called is not callable");
    if (sg_value_kind(m, callee) == SG_V_FORGOTTEN)
        sg_machine_anomaly(m, SG_A_FORGOTTEN_USED);
    check_args(m, args);
    return sg_stack_push(m, sg_call_make(m, op, callee, args, kwargs));
}

SG_HANDLER(inst)
{
    struct sg_naming naming = line_naming(m, a);
    struct sg_words *stack = &m->load->stack;
    size_t height, count;
    sg_value class;

    if (!sg_text_ascii(naming.module) || !sg_text_ascii(naming.name))
        return sg_machine_error(m, "INST is not ASCII");
    /* pickle.py resolves the name before it looks for the MARK. */
    enum sg_step step = push_name(m, &naming, m->scratch);
    if (step)
        return step;
    class = stack->at[--stack->count];
    if (!sg_stack_mark(m, &height, &count))
        return SG_STEP_ERROR;
    sg_value args = sg_value_tuple(m, stack->at + height, count);
    stack->count = height;
    step = push_call(m, SG_CALL_INST, class, args, SG_NONE_VALUE);
    return step == SG_STEP_ON && a->cut ? SG_STEP_END : step;
}

SG_HANDLER(obj)
{
    struct sg_words *stack = &m->load->stack;
    size_t height, count;

    if (!sg_stack_mark(m, &height, &count))
        return SG_STEP_ERROR;
    if (!count)
        return sg_machine_error(m, "stack underflow");
    sg_value class = stack->at[height];
    sg_value args = sg_value_tuple(m, stack->at + height + 1, count - 1);
    stack->count = height;
    return push_call(m, SG_CALL_OBJ, class, args, SG_NONE_VALUE);
}

SG_HANDLER(reduce)
{
    sg_value args, callee;

    if (!sg_stack_pop(m, &args) || !sg_stack_pop(m, &callee))
        return SG_STEP_ERROR;
    return push_call(m, SG_CALL_REDUCE, callee, args, SG_NONE_VALUE);
}

SG_HANDLER(newobj)
{
    sg_value args, class;

    if (!sg_stack_pop(m, &args) || !sg_stack_pop(m, &class))
        return SG_STEP_ERROR;
    return push_call(m, SG_CALL_NEWOBJ, class, args, SG_NONE_VALUE);
}

SG_HANDLER(newobj_ex)
{
    sg_value kwargs, args, class;

    if (!sg_stack_pop(m, &kwargs) || !sg_stack_pop(m, &args) || !sg_stack_pop(m, &class))
        return SG_STEP_ERROR;
    return push_call(m, SG_CALL_NEWOBJ_EX, class, args, kwargs);
}

SG_HANDLER(build)
{
    sg_value state, *object;

    if (!sg_stack_pop(m, &state) || !sg_stack_top(m, &object))
        return SG_STEP_ERROR;
    enum sg_kind kind = sg_value_kind(m, *object);
    if (kind == SG_V_GLOBAL)
        sg_machine_anomaly(m, SG_A_BUILD_GLOBAL);
    if (kind == SG_V_FORGOTTEN)
        sg_machine_anomaly(m, SG_A_FORGOTTEN_USED);
    struct sg_call call = {.callee = *object,
                           .args = sg_value_tuple(m, &state, 1),
                           .kwargs = SG_NONE_VALUE,
                           .op = SG_CALL_BUILD};
    /* A tuple is a state of its own; a dict adds to what is there, and may have been changed. */
    if (sg_value_kind(m, state) != SG_V_TUPLE &&
        (sg_value_state(m, *object) != SG_ABSENT || sg_value_escaped(m, state)))
        state = SG_UNKNOWN_VALUE;
    sg_call_tell(m, &call);
    if (!sg_array_dtype(m, *object))
        sg_call_escape(m, &call);
    sg_call_used(m, *object, SG_USE_BUILT);
    sg_value_set_state(m, *object, state);
    return sg_array_after_build(m, *object);
}
