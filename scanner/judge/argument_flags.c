/* argument_flags.c - flags on the arguments of a call, from bounded looks at them. */
#include "judge/argument_flags.h"

#include "judge/phrases.h"

#include <string.h>

#define LOOK_ITEMS 96u /* values, over all depths */
#define LOOK_DEPTH 4u
#define CODE_ITEMS 4096u /* values of a code object */
#define CODE_DEPTH 8u
#define CODE_WINDOW 4096u
#define CODE_BYTES (1u << 20) /* of marshalled code */

/* Names in code that run, connect or delete, whatever object they are taken from. */
static const char *const carried[] = {
    "popen",     "subprocess",   "Popen",       "exec",           "execfile",        "ctypes",
    "pty",       "urlopen",      "urlretrieve", "rmtree",         "b64decode",       "__import__",
    "getoutput", "check_output", "check_call",  "posix_spawn",    "execv",           "execve",
    "execl",     "execlp",       "execvp",      "spawnl",         "spawnv",          "spawnlp",
    "fork",      "dlopen",       "CDLL",        "__subclasses__", "getstatusoutput", "startfile",
    "system",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct look {
    const struct sg_machine *m;
    uint64_t *spent;
    size_t left; /* values that may still be looked at */
    unsigned flags;
    struct sg_glance *glance;
};

static bool whole(const struct sg_machine *m, sg_value v, size_t got)
{
    return sg_value_length(m, v) <= got;
}

static unsigned bytes_flags(const char *at, size_t len)
{
    uint8_t type = len > 8 ? (uint8_t)at[0] : 0;

    return type == 0xe3 || (type == 'c' && at[1] != '\0' && memchr(at, '\0', 8)) ? SG_ARG_MARSHAL
                                                                                 : 0;
}

static unsigned word_shape(const char *at, size_t len)
{
    bool dunder =
        len > 4 && at[0] == '_' && at[1] == '_' && at[len - 1] == '_' && at[len - 2] == '_';

    return (dunder ? SG_ARG_DUNDER : 0u) | (memchr(at, ' ', len) ? SG_ARG_SPACES : 0u);
}

static void look_text(struct look *look, sg_value v, enum sg_kind kind)
{
    char head[SG_PHRASE_MAX];
    size_t got = sg_value_read(look->m, v, 0, head, sizeof(head));
    uint64_t length = sg_value_length(look->m, v);

    *look->spent += got;
    if (length > look->glance->longest)
        look->glance->longest = length;
    if (got == 0)
        return;
    look->flags |= sg_phrase_flags(head, got, length <= got);
    look->flags |= kind == SG_V_STR ? SG_ARG_TEXT | word_shape(head, got)
                                    : SG_ARG_BYTES | bytes_flags(head, got);
}

static void look_value(struct look *look, sg_value v, unsigned depth);

/* Items by whether they hold others. */
enum which { ALL_ITEMS, SINGLE_ITEMS, CONTAINERS };

static bool is_one_of(const struct look *look, sg_value v, enum which which)
{
    enum sg_kind kind = sg_value_kind(look->m, v);

    return which == ALL_ITEMS || sg_kind_is_container(kind) == (which == CONTAINERS);
}

static void look_at_items(struct look *look, sg_value v, enum sg_kind kind, unsigned depth,
                          enum which which)
{
    bool all = true;
    size_t count = sg_value_count(look->m, v, &all);

    for (size_t i = 0; i < count && i < LOOK_ITEMS && look->left > 0; i++) {
        sg_value item = sg_value_item(look->m, v, i);
        sg_value mapped = kind == SG_V_DICT ? sg_value_mapped(look->m, v, i) : item;
        if (is_one_of(look, item, which))
            look_value(look, item, depth - 1);
        if (kind == SG_V_DICT && is_one_of(look, mapped, which))
            look_value(look, mapped, depth - 1);
    }
}

/* The arguments themselves come before what is in them: a long list among them hides no other. */
static void look_inside(struct look *look, sg_value v, enum sg_kind kind, unsigned depth)
{
    if (depth < LOOK_DEPTH) {
        look_at_items(look, v, kind, depth, ALL_ITEMS);
    } else {
        look_at_items(look, v, kind, depth, SINGLE_ITEMS);
        look_at_items(look, v, kind, depth, CONTAINERS);
    }
}

static void look_value(struct look *look, sg_value v, unsigned depth)
{
    static const unsigned by_kind[SG_V_PERSID + 1] = {
        [SG_V_UNKNOWN] = SG_ARG_UNKNOWN, [SG_V_FORGOTTEN] = SG_ARG_UNKNOWN,
        [SG_V_GLOBAL] = SG_ARG_GLOBAL,   [SG_V_RESULT] = SG_ARG_RESULT,
        [SG_V_ATTR] = SG_ARG_RESULT,
    };
    enum sg_kind kind = sg_value_kind(look->m, v);

    if (look->left == 0)
        return;
    look->left--;
    *look->spent += 16;
    look->flags |= by_kind[kind];
    look->glance->counts[kind]++;
    if (LOOK_DEPTH - depth > look->glance->depth)
        look->glance->depth = LOOK_DEPTH - depth;
    if (kind == SG_V_STR || kind == SG_V_BYTES)
        look_text(look, v, kind);
    else if (depth > 0 && sg_kind_is_container(kind))
        look_inside(look, v, kind, depth);
}

unsigned sg_arguments_look(const struct sg_machine *m, const struct sg_call *call,
                           struct sg_glance *glance)
{
    struct look look = {.m = m, .spent = glance->spent, .glance = glance};

    if (glance->looked)
        return glance->flags;
    glance->looked = true;
    for (int i = 0; i < 2 && *glance->spent <= SG_ARGUMENT_BUDGET; i++) {
        sg_value args = i ? call->kwargs : call->args;

        look.left = LOOK_ITEMS;
        if (i == 0 || sg_value_kind(m, args) == SG_V_DICT)
            look_value(&look, args, LOOK_DEPTH);
    }
    glance->flags = look.flags;
    return glance->flags;
}

static bool evaluable(struct look *look, const struct sg_global *callee, sg_value v,
                      unsigned depth);

static bool evaluable_inside(struct look *look, const struct sg_global *callee, sg_value v,
                             unsigned depth)
{
    enum sg_kind kind = sg_value_kind(look->m, v);
    bool all = true, found = false;
    size_t count = sg_value_count(look->m, v, &all);

    for (size_t i = 0; i < count && look->left > 0 && !found; i++)
        found =
            evaluable(look, callee, sg_value_item(look->m, v, i), depth) ||
            (kind == SG_V_DICT && evaluable(look, callee, sg_value_mapped(look->m, v, i), depth));
    return found;
}

static size_t first_word(struct sg_text name)
{
    const char *dot = name.len ? memchr(name.at, '.', name.len) : NULL;

    return dot ? (size_t)(dot - name.at) : name.len;
}

/* What a call gave: those of the same library are judged for themselves. */
static bool evaluable_result(struct look *look, const struct sg_global *callee, sg_value v,
                             unsigned depth)
{
    struct sg_call made;

    if (!sg_value_call(look->m, v, &made))
        return false;
    const struct sg_global *maker = sg_value_global(look->m, made.callee);
    size_t len = first_word(callee->module);
    if (maker && first_word(maker->module) == len &&
        memcmp(maker->module.at, callee->module.at, len) == 0)
        return false;
    return evaluable(look, callee, made.args, depth);
}

static bool evaluable(struct look *look, const struct sg_global *callee, sg_value v, unsigned depth)
{
    enum sg_kind kind = sg_value_kind(look->m, v);
    char head[SG_PHRASE_MAX];

    if (look->left == 0)
        return false;
    if (--look->left == 0 || (depth == 0 && sg_kind_is_container(kind))) {
        look->left = 0;
        return false;
    }
    *look->spent += 16;
    if (kind == SG_V_STR || kind == SG_V_BYTES) {
        size_t got = sg_value_read(look->m, v, 0, head, sizeof(head));
        *look->spent += got;
        return !whole(look->m, v, got) || memchr(head, '(', got) != NULL;
    }
    if (sg_kind_is_container(kind))
        return evaluable_inside(look, callee, v, depth - 1);
    return kind == SG_V_RESULT && depth > 0 && evaluable_result(look, callee, v, depth - 1);
}

bool sg_arguments_evaluable(const struct sg_machine *m, const struct sg_call *call, uint64_t *spent,
                            bool *more)
{
    struct look look = {.m = m, .spent = spent, .left = CODE_ITEMS};
    const struct sg_global *callee = sg_value_global(m, call->callee);
    bool found = false;

    if (callee && *spent <= SG_ARGUMENT_BUDGET)
        found = evaluable(&look, callee, call->args, CODE_DEPTH) ||
                evaluable(&look, callee, call->kwargs, CODE_DEPTH);
    *more = look.left == 0;
    return found;
}

/* Names in marshalled code are written with their length in front (a byte for short ones), so a
 * name inside a longer word or a sentence does not count. */
static unsigned carried_bytes(const char *at, size_t len)
{
    for (size_t i = 0; i < COUNT(carried); i++) {
        size_t n = strlen(carried[i]);
        const char *hit = at;

        while ((hit = memmem(hit, (size_t)(at + len - hit), carried[i], n)) != NULL) {
            if (hit > at && (uint8_t)hit[-1] == n)
                return SG_ARG_CARRIES;
            hit++;
        }
    }
    return 0;
}

static void carry_bytes(struct look *look, sg_value v)
{
    char window[CODE_WINDOW];
    uint64_t offset = 0;
    size_t got;

    while (offset < CODE_BYTES && look->flags == 0) {
        got = sg_value_read(look->m, v, offset, window, sizeof(window));
        *look->spent += got + 16;
        look->flags |= carried_bytes(window, got);
        if (sg_phrase_attacks(window, got))
            look->flags |= SG_ARG_PAYLOAD;
        if (got < sizeof(window))
            return;
        offset += sizeof(window) - 64; /* a name may lie across the border */
    }
}

static bool carries(struct sg_text word)
{
    for (size_t i = 0; i < COUNT(carried); i++)
        if (sg_text_is(word, carried[i]))
            return true;
    return false;
}

static void carry_text(struct look *look, sg_value v)
{
    char head[SG_PHRASE_MAX];
    size_t got = sg_value_read(look->m, v, 0, head, sizeof(head));

    *look->spent += got + 16;
    if (carries((struct sg_text){head, got}))
        look->flags |= SG_ARG_CARRIES;
    else if (sg_phrase_flags(head, got, whole(look->m, v, got)) & SG_ARG_PAYLOAD)
        look->flags |= SG_ARG_PAYLOAD;
}

static void carry_value(struct look *look, sg_value v, unsigned depth)
{
    enum sg_kind kind = sg_value_kind(look->m, v);
    bool all = true;
    size_t count;

    if (look->left == 0)
        return;
    look->left--;
    *look->spent += 16;
    if (kind == SG_V_STR)
        carry_text(look, v);
    else if (kind == SG_V_BYTES)
        carry_bytes(look, v);
    if (depth == 0 || (kind != SG_V_TUPLE && kind != SG_V_LIST && kind != SG_V_DICT))
        return;
    count = sg_value_count(look->m, v, &all);
    for (size_t i = 0; i < count && look->left > 0; i++) {
        carry_value(look, sg_value_item(look->m, v, i), depth - 1);
        if (kind == SG_V_DICT)
            carry_value(look, sg_value_mapped(look->m, v, i), depth - 1);
    }
}

unsigned sg_arguments_carry(const struct sg_machine *m, sg_value args, uint64_t *spent)
{
    struct look look = {.m = m, .spent = spent, .left = CODE_ITEMS};

    if (*spent <= SG_ARGUMENT_BUDGET)
        carry_value(&look, args, CODE_DEPTH);
    return look.flags;
}
