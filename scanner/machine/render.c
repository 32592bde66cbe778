/* render.c - values and calls as people would write them. */
#include "machine/state.h"

#define DEPTH_MAX 4
#define ITEMS_MAX 6
#define TEXT_MAX 120

struct out {
    char *at;
    size_t cap, len; /* one byte is kept for the NUL */
};

static void put(struct out *o, const char *text, size_t len)
{
    size_t room = o->cap - 1 - o->len;

    if (len > room)
        len = room;
    memcpy(o->at + o->len, text, len);
    o->len += len;
}

static void put_string(struct out *o, const char *string)
{
    put(o, string, strlen(string));
}

static void put_char(struct out *o, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    char text[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

    if (c == '\n' || c == '\t' || c == '\r' || c == '"' || c == '\\') {
        text[1] = c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : (char)c;
        put(o, text, 2);
    } else if (c < 32 || c >= 127) {
        put(o, text, 4);
    } else {
        text[0] = (char)c;
        put(o, text, 1);
    }
}

static void put_text(struct out *o, struct sg_text text)
{
    for (size_t i = 0; i < text.len; i++)
        put_char(o, (uint8_t)text.at[i]);
}

static void put_number(struct out *o, int64_t number)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0)
        digits[--at] = '-';
    put(o, digits + at, sizeof(digits) - at);
}

static void put_constant_text(struct out *o, const struct sg_machine *m, sg_value v)
{
    char bytes[TEXT_MAX];
    size_t len = sg_value_read(m, v, 0, bytes, sizeof(bytes));
    uint64_t whole = sg_value_length(m, v);

    put_string(o, sg_value_kind(m, v) == SG_V_BYTES ? "b\"" : "\"");
    put_text(o, (struct sg_text){bytes, len});
    put_string(o, len < whole ? "...\"" : "\"");
}

static void put_global(struct out *o, const struct sg_global *global)
{
    put_text(o, global->module);
    if (global->qualname.len)
        put(o, ".", 1);
    put_text(o, global->qualname);
}

static void put_value(struct out *o, const struct sg_machine *m, sg_value v, int depth);

static void put_items(struct out *o, const struct sg_machine *m, sg_value v, int depth)
{
    bool whole;
    size_t count = sg_value_count(m, v, &whole);
    bool dict = sg_value_kind(m, v) == SG_V_DICT;

    for (size_t i = 0; i < count && i < ITEMS_MAX; i++) {
        if (i)
            put_string(o, ", ");
        put_value(o, m, sg_value_item(m, v, i), depth - 1);
        if (dict) {
            put_string(o, ": ");
            put_value(o, m, sg_value_mapped(m, v, i), depth - 1);
        }
    }
    if (!whole || count > ITEMS_MAX)
        put_string(o, count ? ", ..." : "...");
}

static void put_container(struct out *o, const struct sg_machine *m, sg_value v, int depth)
{
    enum sg_kind kind = sg_value_kind(m, v);
    const char *open = kind == SG_V_TUPLE ? "(" : kind == SG_V_LIST ? "[" : "{";
    const char *close = kind == SG_V_TUPLE ? ")" : kind == SG_V_LIST ? "]" : "}";

    put_string(o, open);
    if (depth > 0)
        put_items(o, m, v, depth);
    else
        put_string(o, "...");
    put_string(o, close);
}

static void put_arguments(struct out *o, const struct sg_machine *m, const struct sg_call *call,
                          int depth)
{
    put_string(o, "(");
    if (sg_value_kind(m, call->args) == SG_V_TUPLE)
        put_items(o, m, call->args, depth);
    else
        put_value(o, m, call->args, depth);
    put_string(o, ")");
}

static void put_object(struct out *o, const struct sg_machine *m, sg_value v, int depth)
{
    struct sg_call call = {0};

    switch (sg_value_kind(m, v)) {
    case SG_V_GLOBAL:
        put_global(o, sg_value_global(m, v));
        return;
    case SG_V_RESULT:
        (void)sg_value_call(m, v, &call);
        put_value(o, m, call.callee, depth - 1);
        put_arguments(o, m, &call, depth - 1);
        return;
    case SG_V_ATTR:
        put_value(o, m, sg_value_attr_base(m, v), depth - 1);
        put_string(o, ".");
        put_value(o, m, sg_value_attr_name(m, v), 0);
        return;
    case SG_V_PERSID:
        put_string(o, "persistent(");
        put_value(o, m, sg_value_persid(m, v), depth - 1);
        put_string(o, ")");
        return;
    default:
        put_string(o, "?");
    }
}

static void put_value(struct out *o, const struct sg_machine *m, sg_value v, int depth)
{
    int64_t number;

    if (depth < -1) {
        put_string(o, "...");
        return;
    }
    switch (sg_value_kind(m, v)) {
    case SG_V_NONE:
        put_string(o, "None");
        return;
    case SG_V_BOOL:
        put_string(o, v >> SG_KIND_BITS ? "True" : "False");
        return;
    case SG_V_INT:
        if (sg_value_int(m, v, &number))
            put_number(o, number);
        else
            put_string(o, "<int>");
        return;
    case SG_V_FLOAT:
        put_string(o, "<float>");
        return;
    case SG_V_STR:
    case SG_V_BYTES:
        put_constant_text(o, m, v);
        return;
    case SG_V_TUPLE:
    case SG_V_LIST:
    case SG_V_DICT:
    case SG_V_SET:
        put_container(o, m, v, depth);
        return;
    default:
        put_object(o, m, v, depth);
    }
}

size_t sg_value_render(const struct sg_machine *m, sg_value v, char *into, size_t cap)
{
    struct out o = {.at = into, .cap = cap};

    put_value(&o, m, v, DEPTH_MAX);
    into[o.len] = '\0';
    return o.len;
}

size_t sg_call_render(const struct sg_machine *m, const struct sg_call *call, char *into,
                      size_t cap)
{
    struct out o = {.at = into, .cap = cap};

    put_value(&o, m, call->callee, DEPTH_MAX);
    put_arguments(&o, m, call, DEPTH_MAX);
    into[o.len] = '\0';
    return o.len;
}
