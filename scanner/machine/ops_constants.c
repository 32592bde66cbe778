/* ops_constants.c - opcodes that push a constant. */
#include "machine/handlers.h"

static struct sg_text line_text(const struct sg_argument *a)
{
    return (struct sg_text){(const char *)a->bytes, a->bytes ? (size_t)a->length : 0};
}

static void tell_odd(struct sg_machine *m, struct sg_text text, bool odd)
{
    if (text.len && memchr(text.at, '\0', text.len))
        sg_machine_anomaly(m, SG_A_NUL_IN_LINE);
    else if (odd)
        sg_machine_anomaly(m, SG_A_ODD_INTEGER);
}

static enum sg_step push_integer(struct sg_machine *m, struct sg_text text)
{
    int64_t value;
    bool odd = false;
    enum sg_literal literal = sg_literal_int(text, 0, &value, &odd);

    if (literal == SG_LITERAL_BAD)
        return sg_machine_error(m, "no integer");
    tell_odd(m, text, odd);
    if (literal == SG_LITERAL_BIG)
        return sg_stack_push(m, sg_make(SG_V_INT, 0) | SG_INT_LOST);
    return sg_stack_push(m, sg_value_int_make(value));
}

SG_HANDLER(none)
{
    return sg_stack_push(m, SG_NONE_VALUE);
}

SG_HANDLER(newtrue)
{
    return sg_stack_push(m, sg_make(SG_V_BOOL, 1));
}

SG_HANDLER(newfalse)
{
    return sg_stack_push(m, sg_make(SG_V_BOOL, 0));
}

SG_HANDLER(int)
{
    struct sg_text text = line_text(a);

    if (a->cut)
        return SG_STEP_END;
    if (sg_text_is(text, "00") || sg_text_is(text, "01"))
        return sg_stack_push(m, sg_make(SG_V_BOOL, text.at[1] == '1'));
    if (text.len && text.at[0] == '\0') {
        sg_machine_anomaly(m, SG_A_NUL_IN_LINE); /* strtol finds nothing, and no junk */
        return sg_stack_push(m, sg_value_int_make(0));
    }
    return push_integer(m, text);
}

SG_HANDLER(long)
{
    struct sg_text text = line_text(a);

    if (a->cut)
        return SG_STEP_END;
    if (text.len && text.at[text.len - 1] == 'L')
        text.len--;
    return push_integer(m, text);
}

SG_HANDLER(binint)
{
    return sg_stack_push(m, sg_value_int_make((int32_t)(uint32_t)a->number));
}

SG_HANDLER(binint_unsigned)
{
    return sg_stack_push(m, sg_value_int_make((int64_t)a->number));
}

/* Length of a two's complement number without bytes that only repeat its sign. */
static uint64_t telling_length(const struct sg_argument *a)
{
    uint64_t length = a->length;

    while (a->bytes && length > 8 &&
           a->bytes[length - 1] == (a->bytes[length - 2] & 0x80 ? 255 : 0))
        length--;
    return length;
}

/* LONG1, LONG4: two's complement, little-endian. */
SG_HANDLER(long_counted)
{
    uint64_t value = 0, length = telling_length(a);

    if (m->opcode == 0x8b && a->length > INT32_MAX)
        return sg_machine_error(m, "LONG4 of negative length");
    if (length > 8)
        return sg_stack_push(m, sg_make(SG_V_INT, 0) | SG_INT_LOST);
    for (size_t i = 0; i < length; i++)
        value |= (uint64_t)a->bytes[i] << (8 * i);
    if (length && length < 8 && a->bytes[length - 1] & 0x80)
        value |= UINT64_MAX << (8 * length);
    return sg_stack_push(m, sg_value_int_make((int64_t)value));
}

SG_HANDLER(float)
{
    if (a->cut)
        return SG_STEP_END;
    if (!sg_literal_float(line_text(a)))
        return sg_machine_error(m, "no float");
    return sg_stack_push(m, sg_make(SG_V_FLOAT, 0));
}

SG_HANDLER(binfloat)
{
    return sg_stack_push(m, sg_make(SG_V_FLOAT, __builtin_bswap64(a->number) >> SG_KIND_BITS));
}

/* A string whose bytes stand in the stream as they are. */
static sg_value plain(struct sg_machine *m, enum sg_kind kind, uint64_t offset,
                      const uint8_t *bytes, uint64_t length)
{
    if (sg_stream_again(m->stream))
        return sg_value_span(m, kind, offset, length);
    if (!bytes)
        return sg_value_lost(m, kind, length);
    if (bytes >= m->arena->base && bytes < m->arena->base + m->arena->used &&
        (bytes < m->stream->window || bytes >= m->stream->window + m->stream->window_size))
        return sg_value_spool(m, kind, bytes, (size_t)length);
    return sg_value_copy(m, kind, bytes, (size_t)length);
}

SG_HANDLER(text)
{
    return sg_stack_push(m, plain(m, SG_V_STR, a->offset, a->bytes, a->length));
}

/* BINSTRING: the caller's encoding decides what it becomes. */
SG_HANDLER(text_8bit)
{
    return sg_stack_push(m, plain(m, SG_V_STR, a->offset, a->bytes, a->length) | SG_TEXT_8BIT);
}

SG_HANDLER(bytes)
{
    return sg_stack_push(m, plain(m, SG_V_BYTES, a->offset, a->bytes, a->length));
}

/* A string that a literal decoder writes; `room` bytes at most. */
typedef bool decode_fn(struct sg_text text, char *into, size_t *length);

static enum sg_step push_decoded(struct sg_machine *m, struct sg_text text, decode_fn *decode,
                                 uint64_t flag)
{
    size_t used = m->arena->used, length;
    char *into = sg_arena_take(m->arena, 2 * text.len + 1);

    if (!into)
        return SG_STEP_MEMORY;
    if (!decode(text, into, &length))
        return sg_machine_error(m, "bad escape");
    sg_value value = sg_value_copy(m, SG_V_STR, into, length);
    m->arena->used = used;
    return sg_stack_push(m, value | flag);
}

/* Marked as 8-bit: unlike bytes it may be changed later. */
SG_HANDLER(bytearray)
{
    return sg_stack_push(m, plain(m, SG_V_BYTES, a->offset, a->bytes, a->length) | SG_TEXT_8BIT);
}

SG_HANDLER(string)
{
    struct sg_text text = line_text(a);

    if (a->cut)
        return SG_STEP_END;
    if (!a->bytes)
        return sg_stack_push(m, sg_value_lost(m, SG_V_STR, a->length));
    if (text.len < 2 || text.at[0] != text.at[text.len - 1] ||
        (text.at[0] != '\'' && text.at[0] != '"'))
        return sg_machine_error(m, "STRING without quotes");
    text.at++;
    text.len -= 2;
    if (memchr(text.at, '\\', text.len))
        return push_decoded(m, text, sg_literal_escapes, SG_TEXT_8BIT);
    return sg_stack_push(m,
                         plain(m, SG_V_STR, a->offset + 1, a->bytes + 1, text.len) | SG_TEXT_8BIT);
}

static bool needs_decoding(struct sg_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == '\\' || text.at[i] & 0x80)
            return true;
    return false;
}

SG_HANDLER(unicode)
{
    struct sg_text text = line_text(a);

    if (a->cut)
        return SG_STEP_END;
    if (!a->bytes)
        return sg_stack_push(m, sg_value_lost(m, SG_V_STR, a->length));
    if (needs_decoding(text))
        return push_decoded(m, text, sg_literal_raw_unicode, 0);
    return sg_stack_push(m, plain(m, SG_V_STR, a->offset, a->bytes, a->length));
}

SG_HANDLER(persid)
{
    if (a->cut)
        return SG_STEP_END;
    for (uint64_t i = 0; a->bytes && i < a->length; i++)
        if (a->bytes[i] & 0x80)
            return sg_machine_error(m, "persistent id is not ASCII");
    sg_value id = plain(m, SG_V_STR, a->offset, a->bytes, a->length);
    return sg_stack_push(m, sg_value_pair(m, SG_V_PERSID, id, SG_NONE_VALUE));
}

SG_HANDLER(binpersid)
{
    sg_value id;

    if (!sg_stack_pop(m, &id))
        return SG_STEP_ERROR;
    return sg_stack_push(m, sg_value_pair(m, SG_V_PERSID, id, SG_NONE_VALUE));
}

SG_HANDLER(next_buffer)
{
    return sg_stack_push(m, SG_UNKNOWN_VALUE);
}

SG_HANDLER(readonly_buffer)
{
    sg_value *top;

    return sg_stack_top(m, &top) ? SG_STEP_ON : SG_STEP_ERROR;
}
